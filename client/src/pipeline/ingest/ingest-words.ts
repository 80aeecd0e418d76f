/** The words of choosing, reading and sending studies. */
import { counted, files, instances, series, studies } from '../../kit/counted.ts';
import { formatCount } from '../../kit/format.ts';

export const ingestWords = {
  policyInForce: (deidentify: boolean) =>
    deidentify ? 'Names are removed on this device' : 'Unchanged: names are kept',
  drop: 'Drop a study anywhere on this page',
  /** On a device that is touched: there is nothing to drop from. */
  chooseHere: 'Choose a study',
  dropNow: 'Let go to read it',
  kinds: 'Files, a folder, a ZIP or a disc',
  chooseFiles: 'Choose files',
  chooseFolder: 'Choose a folder',
  addFiles: 'Files',
  addFolder: 'Folder',
  addLabel: 'Add to what was found',
  teach: [
    ['It is read here', 'The page reads the study on this device. Nothing leaves yet.'],
    ['You press Send', 'It is kept safe here and travels by itself as soon as there is a network.'],
    ['The PACS confirms', 'You get a signed receipt when every instance is there.'],
  ] as const,
  sample: 'Try it with a sample study',
  sampleWhat: 'Made here: nobody is in it. 25 instances',
  sampleFailed: 'The sample study could not be fetched. Try again when the network is back.',
  readingLabel: 'Files read',
  /** While folders are still being listed the total grows: it is not called a total then. */
  reading: (read: number, seen: number, listing: boolean) =>
    listing ? `${files(read)} read, still looking` : `${formatCount(read)} of ${files(seen)} read`,
  looking: (seen: number) =>
    seen === 0 ? 'Looking for files…' : `Looking for files: ${formatCount(seen)} so far`,
  stopReading: 'Stop reading',
  readAll: (count: number) => `${files(count)} read`,
  nothing: 'There is no DICOM instance in what you chose.',
  nothingNext: 'Choose the folder that the modality exported, or the whole disc.',
  found: (count: number) => `${studies(count)} found`,
  severalPatients: (count: number) =>
    `${count > 1 ? `${formatCount(count)} patients` : 'Several patients'} are in what you chose. Look whether all of them belong here.`,
  noDescription: 'No description',
  unnamedSeries: 'Series without a description',
  include: (name: string) => `Send the study of ${name}`,
  notIncluded: 'Will not go',
  seriesList: (count: number) => `Show ${series(count)}`,
  warnings: (count: number) => counted(count, 'remark', 'remarks'),
  cannotGo: (count: number) => `${files(count)} cannot go`,
  cannotGoWhat: 'What cannot go stays where it is. Everything else can go.',
  heldBack: (count: number) => `${instances(count)} held back`,
  heldBackWhat:
    'Where names are removed these stay on this device. “See what is removed”, on the card of their study, shows them: some can be released.',
  fileList: (count: number) => `Show ${files(count)}`,
  policyTitle: 'What happens to names',
  policyChoice: { deidentify: 'Remove names on this device', keep: 'Keep everything unchanged' },
  policyWhat: {
    deidentify: 'Names, IDs and dates are removed or replaced before anything leaves.',
    keep: 'The PACS gets the study exactly as it is, with names.',
  },
  policyMissing: 'The gateway has not said yet which policy is in force. Sending is possible once it has.',
  mayNot: 'Your account may not send studies.',
  mayNotNext: (role: string) =>
    `You are signed in as ${role}. Ask your administrator, or sign in with another account. Reading a study here works.`,
  send: (count: number) => `Send ${studies(count)}`,
  sendBar: 'Sending',
  sendNone: 'Choose a study to send',
  tooLarge: (needs: string, room: string) =>
    `This needs ${needs} on this device, and ${room} are free. Choose fewer, or wait until what is in the queue has arrived.`,
  sendSize: (count: number, size: string) => `${instances(count)}, ${size}`,
  makingSafe: (count: number) => `${studies(count)} not safe yet`,
  clear: 'Clear',
  queued: (count: number) => `${instances(count)} went into the queue`,
  queuedInPart: 'Some files were refused on the way there. They stand below with their reasons.',
  toQueue: 'Open the queue',
  teachTitle: 'How a study travels',
  policyChange: 'Change',
  skipped: (count: number) => `${files(count)} not DICOM`,
  skippedWhat: 'They lay in the folder and are no part of a study.',
  sendProblem: {
    'no-room': {
      title: 'This device has not enough room for these studies.',
      next: 'Choose fewer, or wait until what is in the queue has arrived. Nothing was queued and your files stay as they are.',
    },
    'policy-unknown': {
      title: 'The gateway has not said yet which policy is in force.',
      next: 'Nothing was queued. Press Send again when the gateway can be reached.',
    },
    'seal-key-unknown': {
      title: 'This device has never reached the gateway, so it cannot lock away what waits here.',
      next: 'Nothing was queued. Press Send again once the gateway was reached; after that it works without a network too.',
    },
    'device-failed': {
      title: 'This device could not keep the studies safe.',
      next: 'Nothing has left and your files stay as they are. Load the page again and choose them once more.',
    },
  },
  warning: {
    'two-patients': 'Another study here is of another patient.',
    'patients-differ': 'The instances of this study name different patients.',
    duplicates: 'Some instances were chosen twice; each goes once.',
    'burned-in':
      'The scanner says that text is burned into the pixels. Where names are removed, it goes only after somebody has looked at it.',
    face: 'A volume of the head: a face could be rendered from it, and stays in it where names are removed.',
    'too-many-instances': 'The study has more instances than the gateway takes.',
  },

  beforeAfter: {
    open: 'See what is removed',
    /** Where the policy keeps everything. */
    openKept: 'See what goes',
    openOf: (open: string, name: string) => `${open}: study of ${name}`,
  },
} as const;
