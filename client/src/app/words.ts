/**
 * Every word of the app in one place, ready to be translated: a translation is another object of this shape.
 * Sentences about why a file or an instance was not stored are not here: they belong to the protocol
 * (shared/src/protocol/problem.ts).
 *
 * "Sent" is not a word we use: there are four places. Nothing here is a value of the data but what the
 * functions are given.
 */
import { counted, files, instances, series, studies } from '../kit/counted.ts';
import { formatCount, roundRemaining } from '../kit/format.ts';
import { queueWords } from '../pipeline/queue/queue-words.ts';
import type { Place, WaitingFor } from '../pipeline/queue/track-state.ts';
import type { UpdateState } from './updates.ts';

export const words = {
  product: 'RelayPACS',
  instances,
  studies,
  files,
  series,
  /** Between parts of one line. */
  separator: ' · ',
  cancel: 'Cancel',
  close: 'Close',
  done: 'Done',
  copy: 'Copy',
  copied: 'Copied',
  codeOf: (code: string) => `Copy the code ${code}`,
  working: 'Working…',
  skipToContent: 'Skip to the content',

  nav: {
    label: 'Pages',
    upload: 'Upload',
    queue: 'Queue',
    results: 'Results',
    infer: 'Ask a model',
    models: 'Models',
    queueCount: (count: number) => `${studies(count)} in the queue`,
  },

  places: {
    device: 'safe on this device',
    way: 'on its way',
    gateway: 'at the gateway',
    pacs: 'in the PACS',
  } satisfies Record<Place, string>,

  track: {
    label: (total: number) => `Where the ${instances(total)} are`,
    of: (total: number) => `of ${formatCount(total)}`,
    waiting: {
      offline: 'Waiting for the network. It goes on by itself.',
      'gateway-unreachable': 'Waiting for the gateway. It goes on by itself.',
      'signed-out': 'Waiting until you sign in. Nothing is lost.',
      'pacs-unreachable': 'Waiting for the PACS. The gateway goes on by itself.',
      'other-device':
        'Waiting for another device that sends a part of this study. After a day without it the gateway goes on by itself.',
      'gateway-failed':
        'Something goes wrong in the gateway. It tries again by itself and loses nothing; tell the administrator.',
      'storage-full': 'The gateway has no room left. It goes on by itself; tell the administrator.',
    } satisfies Record<WaitingFor, string>,
    stalled: 'Nothing moves at the moment: the link is slow or gone. It goes on by itself.',
    needsDecision: (count: number) =>
      count === 1 ? '1 instance needs your decision' : `${formatCount(count)} instances need your decision`,
    leftOut: (count: number) => `${instances(count)} left out`,
    timeLeft: (seconds: number) => {
      const left = roundRemaining(seconds);
      if (left.seconds > 0) return `about ${left.seconds} s left`;
      if (left.minutes < 60) return `about ${left.minutes} min left`;
      return `about ${formatCount(left.minutes / 60)} h ${left.minutes % 60 === 0 ? '' : `${left.minutes % 60} min `}left`;
    },
    arrived: (total: number) =>
      total === 1 ? '1 instance is in the PACS' : `All ${instances(total)} are in the PACS`,
    /** It has arrived; what is waited for is only the gateway's word of it. */
    receiptWaits: 'It is in the PACS. The receipt comes when the gateway can be reached again.',
    progress: (inPacs: number, total: number) => `${formatCount(inPacs)} of ${instances(total)} in the PACS`,
  },

  status: {
    label: 'Status of this device',
    link: {
      online: 'Online',
      offline: 'Offline',
      'gateway-unreachable': 'Gateway not reachable',
      'pacs-unreachable': 'PACS not reachable',
    },
    keepOpen: (unsafe: number) =>
      `Keep this page open: ${instances(unsafe)} ${unsafe === 1 ? 'is' : 'are'} not safe yet`,
    notQueued: (chosen: number) => `${instances(chosen)} chosen, not safe yet: press Send`,
    mayClose: (safe: number) =>
      `You can close this page: ${instances(safe)} ${safe === 1 ? 'is' : 'are'} safe here`,
    /** In a browser that goes on only while the page is open. */
    goesOnOpen: (safe: number) =>
      `Keep this page open: ${instances(safe)} ${safe === 1 ? 'is' : 'are'} safe here and ${safe === 1 ? 'goes' : 'go'} on while it is`,
    discMayGo: 'The disc may be removed',
    empty: 'Nothing waits on this device',
    policy: (deidentify: boolean) =>
      deidentify ? 'Names are removed on this device' : 'Unchanged: names are kept',
    policyUnknown: 'Policy not known yet',
  },

  signIn: {
    title: 'Sign in',
    username: 'User name',
    password: 'Password',
    show: 'Show password',
    submit: 'Sign in',
    submitting: 'Signing in…',
    missing: 'Type your user name and your password.',
    travelling: (count: number) =>
      count === 1
        ? '1 instance is still on its way from this device. It travels on by itself; nobody has to sign in for it.'
        : `${instances(count)} are still on their way from this device. They travel on by themselves; nobody has to sign in for them.`,
    waiting: (count: number) =>
      count === 1
        ? '1 instance is safe on this device. It waits for whoever sent it to sign in.'
        : `${instances(count)} are safe on this device. They wait for whoever sent them to sign in.`,
    offline: 'There is no network. You can sign in as soon as it is back; nothing on this device is lost.',
    unreachable: 'The gateway does not answer. Try again in a moment; nothing on this device is lost.',
    checking: 'Looking for your session…',
  },

  upload: {
    title: 'Upload',
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
    noPatient: 'No patient name',
    noDescription: 'No description',
    unnamedSeries: 'Series without a description',
    patientId: (id: string) => `ID ${id}`,
    born: (date: string) => `born ${date}`,
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
  },

  beforeAfter: {
    title: 'Before and after',
    open: 'See what is removed',
    /** Where the policy keeps everything. */
    openKept: 'See what goes',
    openOf: (open: string, name: string) => `${open}: study of ${name}`,
  },

  ...queueWords,
  study: {
    title: 'Study',
    missing: 'This study is not in your queue here.',
    missingWhat: 'It may have been queued by another user, on another device, or in another browser.',
    back: 'Queue',
    loading: 'Reading the study…',
    arrivedTitle: 'In the PACS',
    arrivedWhen: (count: number, when: string) => `${instances(count)}, confirmed ${when}`,
    provenFound: (count: number) => `${instances(count)} found in the PACS by asking it`,
    provenReadBack: (count: number) =>
      `${instances(count)} read back from the PACS and compared byte for byte`,
    provenSigned: 'The receipt’s signature was checked on this device',
    alreadyThere: (count: number) => `${instances(count)} had been there before`,
    coerced: (count: number) => `${instances(count)} stored with changes that the PACS made`,
    sendAnother: 'Send another study',
    decide: {
      sentence: (count: number, total: number) =>
        `${formatCount(count)} of ${instances(total)} ${count === 1 ? 'is' : 'are'} not in the PACS.`,
      others: (count: number) =>
        count === 1 ? 'The other one is in the PACS.' : `The other ${formatCount(count)} are in the PACS.`,
      leaveOut: (count: number) => (count === 1 ? 'Leave it out' : `Leave ${formatCount(count)} out`),
      retry: (count: number) => (count === 1 ? 'Try it again' : `Try ${formatCount(count)} again`),
      confirmTitle: (count: number) => `Leave ${instances(count)} out?`,
      confirmWhat: (count: number) =>
        `${count === 1 ? 'It' : 'They'} will not be in the PACS and this device deletes its copy. ` +
        'Your files, disc or folder stay as they are. The receipt says that a person decided so.',
      confirmNo: 'Do not leave out',
      unknownReason: 'The gateway gives a reason that this page does not know.',
      unknownNext: 'Load the page again; if the reason stays, give the code to your administrator.',
      notReached: 'The gateway could not be reached, so nothing was decided. Try again in a moment.',
    },
    receipt: 'Receipt',
    receiptWhat: 'A signed statement of what the PACS holds. It can be checked without this gateway.',
    deidentifiedBy: (edition: string, options: readonly string[]) =>
      `PS3.15 of ${edition}, Basic Profile${options.length === 0 ? '' : ` with ${options.join(', ')}`}`,
    /** `by`: editions with their options; empty where the device did not say what it did. */
    deidentified(by: readonly string[], reports: number, named: number, withoutResidue: number) {
      const said =
        by.length === 0
          ? ''
          : ` by ${by.join(' and ')}: ${counted(reports, 'distinct report', 'distinct reports')} for ${instances(named)}`;
      return `De-identified${said}; the gateway found nothing left to remove in ${instances(withoutResidue)}`;
    },
    receiptLoading: 'Fetching the receipt…',
    receiptNotYet: 'The receipt comes when the PACS has confirmed every instance.',
    save: 'Save receipt',
    print: 'Print',
    instanceList: (count: number) => `Show ${instances(count)}`,
    instancesErased: 'The list was erased from this device. The receipt names every instance.',
    states: {
      safe: 'safe on this device',
      sent: 'at the gateway',
      promised: 'not arrived yet',
      received: 'at the gateway',
      posting: 'at the gateway',
      posted: 'at the gateway',
      stored: 'in the PACS',
      coerced: 'in the PACS, with changes',
      'already-stored': 'in the PACS before',
      refused: 'refused',
      quarantined: 'held until you decide',
      'left-out': 'left out',
    },
    details: {
      studyInstanceUID: 'Study Instance UID',
      revision: 'Revision',
      policy: 'Policy',
      deidentification: 'De-identification',
      pacs: 'PACS',
      issued: 'Issued',
      receiptId: 'Receipt',
      root: 'Root of the list (SHA-256)',
      instances: 'Instances',
      issuer: 'Gateway',
      sopInstanceUID: 'SOP Instance UID',
      state: 'Where it is',
    },
  },

  account: {
    nobody: 'Not signed in',
    open: (name: string) => `Account of ${name}`,
    theme: 'Appearance',
    themes: { system: 'As the device', light: 'Light', dark: 'Dark' },
    signOut: 'Sign out',
    signOutSafe: (count: number) =>
      count === 1
        ? '1 instance stays safe on this device and travels on by itself.'
        : `${instances(count)} stay safe on this device and travel on by themselves.`,
    /** Paused, or for another reason not without whoever sent them. */
    signOutWaits: (count: number) =>
      count === 1
        ? '1 instance stays safe on this device and waits here for whoever sent it.'
        : `${instances(count)} stay safe on this device and wait here for whoever sent them.`,
    signOutUnsafe: (count: number) =>
      `Not safe yet: ${instances(count)}. Signing out now takes back what is being made safe; the files themselves stay as they are.`,
    signOutEmpty: 'Nothing waits on this device.',
    keeping: 'Keeping your word…',
    unkept: 'Your word on a result was not kept',
    unkeptWhat:
      'The gateway does not take it now. Stay and try again; or sign out: it waits in this window for you, and is lost when the window is closed.',
    signOutAllTheSame: 'Sign out all the same',
    version: (version: string) => `Version ${version}`,
    roles: {
      technician: 'Technician',
      radiologist: 'Radiologist',
      researcher: 'Researcher',
      auditor: 'Auditor',
      admin: 'Administrator',
    },
  },

  update: {
    use: 'Use it now',
    /** While files are read or made safe on this page. */
    waits: 'It waits until the reading is done.',
    states: {
      ready: {
        title: 'A new version is ready.',
        what: 'The page is loaded again; the queue stays as it is.',
      },
      'other-window': {
        title: 'A new version is ready.',
        what: 'Another window is reading or making a study safe: press again when it is done.',
      },
      'loads-again': {
        title: 'A new version has been taken.',
        what: 'This page is loaded again by itself when what you do here is done.',
      },
      'part-missing': {
        title: 'A part of this page could not be fetched.',
        what: 'There is a newer version, or no network. Load the page again; the queue stays as it is.',
      },
      taken: { title: 'This is the new version.', what: 'The queue is as it was.' },
    } satisfies Record<Exclude<UpdateState, 'none'>, { title: string; what: string }>,
  },

  problem: {
    title: 'Something went wrong on this page',
    what: 'Studies that are safe on this device are not touched by this.',
    next: 'Load the page again. If it happens twice, give the code to your administrator.',
    reload: 'Load the page again',
  },

  notFound: { title: 'There is no such page', next: 'Go to Upload' },
} as const;
