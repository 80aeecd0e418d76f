/** The words about what was chosen: reading, found studies, and sending them. */
import { counted, files, images, series, studies } from '../../../kit/counted.ts';
import type { Policy } from '#shared/protocol/api.ts';
import { formatCount } from '../../../kit/format.ts';
import type { NoPicture } from '../workers/device-tasks.ts';
import type { Going } from './sendable.ts';
import { sendingReasonWords } from '../../../kit/sending-reason-words.ts';

export const chosenWords = {
  readingLabel: 'Files read',
  /** While folders are listed the total still grows, so it is not shown. */
  reading: (read: number, seen: number, listing: boolean) =>
    listing ? `${files(read)} read, still looking` : `${formatCount(read)} of ${files(seen)} read`,
  looking: (seen: number) =>
    seen === 0 ? 'Looking for files…' : `Looking for files: ${formatCount(seen)} so far`,
  stopReading: 'Stop reading',
  stopped: {
    title: (read: number, found: number, isListed: boolean) =>
      `Stopped: ${formatCount(read)} of ${isListed ? '' : 'at least '}${files(found)} read`,
    /** `studies`: the number found so far. */
    next: (studies: number) =>
      `${
        studies === 0
          ? 'Studies in the other files'
          : studies === 1
            ? 'This study may not be complete. It'
            : 'These studies may not be complete. They'
      } can’t be sent until you decide: continue reading, or leave out the rest.`,
    lost: 'The other files can no longer be read from here. Choose them again, or leave out the rest.',
    continue: 'Continue',
    leaveOut: 'Leave out',
    leaveOutCount: (count: number, isListed: boolean) =>
      `Leave out ${isListed ? '' : 'at least '}${files(count)} that were not read`,
  },
  readAll: (count: number) => `${files(count)} read`,
  nothing: 'There are no DICOM images in the files you chose.',
  nothingNext: 'Choose the folder that the modality exported, or the whole disc.',
  wrongPatient: 'Wrong patient?',
  severalPatients: (count: number) =>
    `You selected ${formatCount(count)} patients. Check that they all belong here.`,
  sameId:
    'A study that you sent from this device has the same Patient ID under another name. Check the ID and the name.',
  notTheSame: (person: string, other: string) => `${person}: there ${other}`,
  morePeople: (count: number) => `and ${formatCount(count)} more`,
  person: (name: string, id: string) => (id === '' ? name : `${name} (ID ${id})`),
  expected: 'On the disc, not read yet',
  expectedFiles: (count: number) => `${files(count)}, not read yet`,
  missing: (count: number) =>
    count === 1 ? '1 file listed on the disc is missing' : `${files(count)} listed on the disc are missing`,
  missingNext: 'Copy the disc again, or choose the whole disc.',
  indexInDoubt: 'The disc’s index is damaged',
  indexInDoubtNext: 'It may not list every study. Check that all of them are listed here.',
  /** Shown in place of the picture: three lines of ten characters. */
  noPicture: {
    'image-without-pixels': 'There is no image in it.',
    'frame-not-found': 'The image is missing.',
    'image-too-large': 'The image is too large.',
    'image-damaged': 'The image is damaged.',
    'image-type-unsupported': 'Its format can’t be shown.',
    'file-unreadable': 'The file can’t be read.',
    'took-too-long': 'Drawing it took too long.',
    unknown: 'Picture can’t be shown here.',
  } satisfies Record<NoPicture, string>,
  noDescription: 'No description',
  unnamedSeries: 'Series without a description',
  /** `what`: distinguishes the study from another one of the same patient. */
  include: (name: string, what: string) => `Send the study of ${name}${what === '' ? '' : `: ${what}`}`,
  /** The part of a study that stays here; empty if all of it is sent. */
  going: {
    sent: (held: number, all: number) =>
      held === 0
        ? ''
        : `${formatCount(held)} of ${images(all)} ${held === 1 ? 'stays' : 'stay'} here until you decide`,
    held: () => 'Not sent until you decide',
    'too-large': () => 'Not sent',
    stopped: () => 'Not sent: reading was stopped',
    'not-chosen': () => 'Not sent',
  } satisfies Record<Going, (held: number, all: number) => string>,
  notAllSent: (staying: number, chosen: number) =>
    chosen === 1
      ? 'Not sent yet: decide first'
      : staying === chosen
        ? `None of your ${studies(chosen)} will be sent yet: decide first`
        : `${formatCount(chosen - staying)} of your ${studies(chosen)} will be sent`,
  decide: 'Decide',
  seriesList: (count: number) => `Show ${series(count)}`,
  warnings: (count: number) => counted(count, 'remark', 'remarks'),
  cannotGo: (count: number) => `${files(count)} can’t be sent`,
  cannotGoWhat: (count: number, others: number) => {
    const stay = count === 1 ? 'It stays where it is.' : 'They stay where they are.';
    return others === 0 ? stay : `${stay} Everything else can be sent.`;
  },
  noneRead: (count: number, name: string) =>
    `Nothing of the study of ${name} could be read: ${files(count)} not sent. Choose it again.`,
  exportAgain: 'Export the study again. If it comes out the same, an administrator must find out why.',
  copies: (count: number) =>
    count === 1
      ? '1 file is the same as another one here: it counts once.'
      : `${files(count)} are the same as others here: each counts once.`,
  damaged: (count: number) =>
    count === 1
      ? '1 image of this study is damaged. Copy it again.'
      : `${formatCount(count)} images of this study are damaged. Copy them again.`,
  leftOutBefore: (count: number) =>
    count === 1
      ? 'You left 1 image of this study out: it is not sent. To send it after all, open “See what is removed” and release it there.'
      : `You left ${formatCount(count)} images of this study out: they are not sent. To send them after all, open “See what is removed” and release them there.`,
  mayBeIncomplete: (path: string, more: number) =>
    more === 0
      ? `A damaged file was left out: ${path}. If it belongs to this study, the study is incomplete: copy it again.`
      : `Damaged files were left out: ${path} and ${formatCount(more)} more. If one belongs to this study, the study is incomplete: copy them again.`,
  heldBack: (count: number) => `${images(count)} will not be sent`,
  lookAndCover: 'Look and cover',
  lookAtPictures: 'Look at the pictures',
  leaveOut: 'Leave out',
  otherPolicy: ({ title, deidentify }: Policy) =>
    title === undefined
      ? deidentify
        ? 'Send it without names'
        : 'Send it with names'
      : `Send it under “${title}”`,
  /** Includes the name of the study. */
  actOf: (act: string, name: string) => `${act}: ${name}`,
  fileList: (count: number) => `Show ${files(count)}`,
  /** The heading above the precise faults of damaged files. */
  faultList: (count: number) => `Details of ${files(count)}`,
  policyTitle: 'What happens to names',
  policyChoice: { deidentify: 'Remove names on this device', keep: 'Keep everything unchanged' },
  policyWhat: {
    deidentify: 'Names, IDs and dates are removed or replaced before anything leaves.',
    keep: 'The PACS gets the study exactly as it is, with names.',
  },
  namesLeave: 'Patients’ names leave this device',
  namesLeaveWhat:
    'Everybody who may open the study in the PACS can read them. This choice holds for one Send.',
  sentUncovered: (count: number) =>
    count === 1
      ? '1 covered image is sent uncovered: this choice changes nothing in the pixels.'
      : `${formatCount(count)} covered images are sent uncovered: this choice changes nothing in the pixels.`,
  keepNames: 'Keep names',
  reasonTitle: 'Why are names kept?',
  reasonWhat: 'This policy asks for a reason. The audit trail keeps it, with your account.',
  reason: sendingReasonWords,
  policyMissing: 'The gateway has not said yet which policy is in force. You can send once it has.',
  send: (count: number, patients: number, keepsNames: boolean) => {
    const whose = patients < 2 ? '' : ` of ${formatCount(patients)} patients`;
    return `Send ${studies(count)}${whose}${keepsNames ? ' with names' : ''}`;
  },
  sendBar: 'Sending',
  sendNone: 'Choose a study to send',
  sendDecideFirst: 'Nothing to send until you have decided',
  sendStopped: 'Reading was stopped: continue or leave out the rest',
  tooLarge: (needs: string, room: string) =>
    `Not enough space: needs ${needs}, ${room} free. Choose fewer studies, or wait until those in the queue have arrived.`,
  /** `isAll`: whether each of the studies was compared with the PACS. */
  sendSize(count: number, size: string, inPacs: number, isAll: boolean) {
    if (inPacs === 0) return `${images(count)}, ${size}`;
    const some = `${isAll ? '' : 'at least '}${formatCount(inPacs)}`;
    return `${images(count)}, ${inPacs < count ? some : 'all'} in the PACS already`;
  },
  clear: 'Clear',
  clearSheet: {
    title: 'Clear this list?',
    what: 'Nothing is sent or queued. Your files, disc or folder stay as they are, and you can choose them again.',
    yes: 'Clear',
    no: 'Keep them',
  },
  queued: (count: number) =>
    count === 0 ? 'Nothing was added to the queue' : `${images(count)} added to the queue`,
  queuedInPart: 'Some files were refused. They are listed below with their reasons.',
  toQueue: 'Open your studies',
  policyChange: 'Change',
  skipped: (count: number) => `${files(count)} not DICOM`,
  skippedWhat: 'These files are not part of a study.',
  sendProblem: {
    'no-room': {
      title: 'There is not enough space on this device for these studies.',
      next: 'Choose fewer, or wait until those in the queue have arrived. Nothing was queued, and your files stay as they are.',
    },
    'policy-unknown': {
      title: 'The gateway has not said yet which policy is in force.',
      next: 'Nothing was queued. Press Send again once the gateway can be reached.',
    },
    'seal-key-unknown': {
      title: 'This device has never reached the gateway, so it cannot encrypt studies that wait here.',
      next: 'Nothing was queued. Press Send again once the gateway has been reached. After that, Send also works without a network.',
    },
    'not-prepared': {
      title: 'Connect to prepare this study; don’t remove the disc.',
      next: 'Names are removed with the help of the gateway, which can’t be reached. Press Send again once there is a network.',
    },
    'look-first': {
      title: 'The texts of some images repeat names, numbers or dates from other images of their study.',
      next: 'Open “See what is removed” on the card of the study and read the texts, then press Send again. Images that you do not release stay here.',
    },
    'not-ready': {
      title: 'Nothing of some studies could be queued.',
      next: 'Their files had to be read as a whole to find out. They stay on this page with the reason, and under To decide. Keep your files or disc.',
    },
    'too-many-patients': {
      title: 'You have reached your limit of patients for one day.',
      next: 'Send the rest tomorrow. An administrator can raise the quota.',
    },
    'device-failed': {
      title: 'This device could not save the studies.',
      next: 'Nothing has left, and your files stay as they are. Reload the page and choose them again.',
    },
  },
  /** Replaces `undeclared-text` if the policy sends such images with a notice. */
  undeclaredTextIsSent:
    'Some images do not say whether text is burned into their pixels. This policy sends them all the same.',
  warning: {
    'two-patients': 'Another study here belongs to another patient.',
    'patients-differ':
      'Wrong patient? The images of this study name different patients. Nothing of it is sent until you decide.',
    duplicates: 'You seem to have chosen some images twice. They are not compared yet.',
    'chosen-twice': 'Some files are the same as others here: each is sent once.',
    'same-uid-differs':
      'Different images have the same ID. The PACS keeps the one that arrives first. Afterwards you see both, and leave the other out or choose a new export. To send a certain one, choose it alone.',
    'burned-in': 'This study may show the patient’s name in its images. Check it before sending.',
    'undeclared-text': 'Some images may show the patient’s name. Check them before sending.',
    'named-by-companion':
      'Some texts repeat a name, number or date from other images of this study. Read them before sending; images that you do not release stay here.',
    face: 'Head scan: the face could be reconstructed. Removing names does not remove it.',
    'connect-to-prepare': 'Connect to prepare this study; don’t remove the disc.',
    'too-many-instances': 'The study has more images than the gateway takes.',
  },

  mixed: {
    title: 'Different patients in one study',
    settled: (count: number) =>
      count === 1
        ? 'The images of this study name different patients. You decided to send it as one study.'
        : `The images of this study name different patients. You decided to send ${studies(count)}, one for each.`,
    leftOut: 'You left these out. They are not sent.',
    again: 'Decide again',
    part: (person: string, count: number, born: string | null) =>
      [person, born, images(count)].filter(Boolean).join(' · '),
    files: (names: readonly string[], more: number) =>
      more === 0 ? names.join(', ') : `${names.join(', ')} and ${formatCount(more)} more`,
  },

  again: {
    found: (name: string) => `This is the study of ${name} that you wanted to choose again`,
    foundNext: 'Press Send. Nothing is sent twice.',
    missing: (name: string) => `The study of ${name} is not among what you chose`,
    missingNext: 'Add its files or folder. What you chose is another study, or part of another one.',
  },

  sentBefore: {
    inPacs: (count: number, when: string) =>
      `Already in the PACS: ${images(count)} of this study, sent ${when}. Sending it again stores nothing twice.`,
    /** The note on a study that contains more or other images than the PACS has. */
    inPart: ({
      there,
      fresh,
      differs,
      staying,
      leftOut,
      gone,
    }: Record<'there' | 'fresh' | 'differs' | 'staying' | 'leftOut' | 'gone', number>) => {
      const all = there + fresh + differs + staying + leftOut;
      const said = [
        ...(there === 0
          ? differs + gone === 0
            ? ['The PACS has other images of this study']
            : []
          : [
              `${formatCount(there)} of its ${counted(all, 'image', 'images')} ${there === 1 ? 'is' : 'are'} in the PACS already`,
            ]),
        ...(gone === 0
          ? []
          : [`the PACS no longer has ${formatCount(gone)} that ${gone === 1 ? 'was' : 'were'} sent before`]),
        ...(leftOut === 0
          ? []
          : [`${formatCount(leftOut)} ${leftOut === 1 ? 'was' : 'were'} left out before`]),
        ...(fresh === 0
          ? []
          : [
              `${formatCount(fresh)} ${gone > 0 ? '' : `${fresh === 1 ? 'is' : 'are'} new and `}will be sent`,
            ]),
        ...(differs === 0
          ? []
          : [
              `${formatCount(differs)} ${differs === 1 ? 'differs' : 'differ'} from what the PACS has under the same ID`,
            ]),
      ].join('; ');
      const sentence = said.charAt(0).toUpperCase() + said.slice(1);
      return differs === 0
        ? `${sentence}.`
        : `${sentence}. The PACS keeps its own; To decide says after Send what to do.`;
    },
    /** For studies that were not compared image by image. */
    perhapsMore: (inPacs: number, chosen: number) =>
      `The PACS has ${images(inPacs)} of this study, and you chose ${formatCount(chosen)}. Those that it does not have are sent.`,
    underWay: (when: string) =>
      `Sending began ${when}, not in the PACS yet. Sending it again stores nothing twice.`,
    cancelled: (when: string, none: 'still' | 'by-then') =>
      `You cancelled it ${when}; none of it ${none === 'still' ? 'is in the PACS' : 'was in the PACS by then, as far as the gateway had said'}.`,
    secondCopy: (isRemoving: boolean) =>
      isRemoving
        ? 'In the PACS already, with names. This Send makes a second copy without them.'
        : 'In the PACS already, without names. This Send makes a second copy with them.',
    open: 'Open that study',
  },

  beforeAfter: {
    open: 'See what is removed',
    /** If the policy keeps everything. */
    openKept: 'See what is sent',
    openOf: (open: string, name: string) => `${open}: study of ${name}`,
  },
} as const;
