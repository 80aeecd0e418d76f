/** The words about what was chosen: reading, found studies, and sending them. */
import { counted, files, images, series, studies } from '../../../kit/counted.ts';
import type { Policy } from '#shared/protocol/api.ts';
import { formatCount } from '../../../kit/format.ts';
import type { NoPicture } from '../workers/device-tasks.ts';
import type { Going } from './sendable.ts';
import { sendingReasonWords } from '../../../kit/sending-reason-words.ts';

/** `all`: the images of the ticked series that nobody left out. `out`: the other images of the study. */
interface GoingCounts {
  readonly held: number;
  readonly all: number;
  readonly out: number;
  /** Images over which a person drew boxes. */
  readonly covered: number;
  /** Null as long as the policy is not known. */
  readonly removesNames: boolean | null;
}

export const chosenWords = {
  readingLabel: 'Files read',
  /** While folders are listed the total still grows, so it is not shown. */
  reading: (read: number, seen: number, listing: boolean) =>
    listing ? `${files(read)} read, looking for more` : `${formatCount(read)} of ${files(seen)} read`,
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
          ? 'Studies in the remaining files'
          : studies === 1
            ? 'This study may be incomplete. It'
            : 'These studies may be incomplete. They'
      } can’t be sent until you continue reading or leave out the rest.`,
    lost: 'The remaining files can no longer be read. Choose them again, or leave out the rest.',
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
    'From this device, you already sent a study with this Patient ID but another name. Check the ID and the name.',
  notTheSame: (person: string, other: string) => `${person}. In the other study: ${other}`,
  morePeople: (count: number) => `and ${formatCount(count)} more`,
  person: (name: string, id: string) => (id === '' ? name : `${name} (ID ${id})`),
  expected: 'On the disc, not read yet',
  expectedFiles: (count: number) => `${files(count)}, not read yet`,
  missing: (count: number) =>
    count === 1 ? '1 file listed on the disc is missing' : `${files(count)} listed on the disc are missing`,
  missingNext: 'Choose the whole disc, or copy the disc again.',
  indexInDoubt: 'The disc’s index is damaged',
  indexInDoubtNext: 'It may not list every study. Check that all studies of the disc appear here.',
  /** Shown in place of the picture: three lines of ten characters. */
  noPicture: {
    'image-without-pixels': 'It contains no image.',
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
  /** What Send does with a study; empty as long as the policy is not known. `out`: images of unticked series. */
  going: {
    sent({ held, all, out, covered, removesNames }: GoingCounts) {
      if (held > 0) {
        const stays = `${held === 1 ? 'stays' : 'stay'} here until you decide`;
        return `${formatCount(held)} of ${images(all)} ${stays}`;
      }
      if (removesNames === null) return '';
      const names = `will be sent ${removesNames ? 'without' : 'with'} names`;
      return [
        out > 0 ? `${images(all)} ${names}` : `W${names.slice(1)}`,
        ...(out > 0 ? [`${formatCount(out)} left out`] : []),
        ...(removesNames && covered > 0 ? [`${images(covered)} covered`] : []),
      ].join(', ');
    },
    held: () => 'Not sent until you decide',
    'too-large': () => 'Not sent: the study has more images than the gateway accepts',
    stopped: () => 'Not sent: reading was stopped',
    'not-chosen': () => 'Not sent',
  } satisfies Record<Going, (counts: GoingCounts) => string>,
  notAllSent: (staying: number, chosen: number) =>
    `${formatCount(chosen - staying)} of your ${studies(chosen)} will be sent`,
  decide: 'Decide',
  more: 'More',
  lookLarge: (series: number, name: string) => `Enlarge series ${formatCount(series)} of ${name}`,
  someSeries: (count: number, all: number) => `${formatCount(count)} of ${series(all)}`,
  includeSeries: (description: string, size: string) => `Send the series ${description}: ${size}`,
  lastSeries: 'To send no series, untick the study.',
  notes: (count: number) => counted(count, 'note', 'notes'),
  cannotGo: (count: number) => `${files(count)} can’t be sent`,
  cannotGoWhat: (count: number, others: number) => {
    const stay = count === 1 ? 'It is not changed.' : 'They are not changed.';
    return others === 0 ? stay : `${stay} Everything else can be sent.`;
  },
  noneRead: (count: number, name: string) =>
    `The study of ${name} could not be read: ${files(count)} not sent. Choose the study again.`,
  exportAgain: 'Export the study again. If the result is the same, an administrator must find out why.',
  copies: (count: number) =>
    count === 1
      ? '1 file is a duplicate. It is sent only once.'
      : `${files(count)} are duplicates. Each image is sent only once.`,
  damaged: (count: number) =>
    count === 1
      ? '1 image of this study is damaged. Copy it again.'
      : `${formatCount(count)} images of this study are damaged. Copy them again.`,
  leftOutBefore: (count: number) =>
    count === 1
      ? 'You left out 1 image of this study. It will not be sent. To send it after all, press “See what is removed” and release it.'
      : `You left out ${formatCount(count)} images of this study. They will not be sent. To send them after all, press “See what is removed” and release them.`,
  mayBeIncomplete: (path: string, more: number) =>
    more === 0
      ? `A damaged file was left out: ${path}. If it belongs to this study, the study is incomplete. Copy the study again.`
      : `Damaged files were left out: ${path} and ${formatCount(more)} more. If any of them belong to this study, the study is incomplete. Copy the study again.`,
  lookAndCover: 'Look and cover',
  lookAtPictures: 'Look at the pictures',
  leaveOut: 'Leave out',
  otherPolicy: ({ title, deidentify }: Policy) =>
    title === undefined
      ? deidentify
        ? 'Send it without names'
        : 'Send it with names'
      : `Send with policy “${title}”`,
  /** Includes the name of the study. */
  actOf: (act: string, name: string) => `${act}: ${name}`,
  fileList: (count: number) => `Show ${files(count)}`,
  /** The heading above the precise faults of damaged files. */
  faultList: (count: number) => `Details of ${files(count)}`,
  policyTitle: 'Patients’ names',
  policyChoice: { deidentify: 'Remove names before sending', keep: 'Keep everything unchanged' },
  policyWhat: {
    deidentify: 'Names, IDs and dates are removed or replaced on this device, before anything is sent.',
    keep: 'The PACS gets the study exactly as it is, with names.',
  },
  namesLeave: 'Patients’ names will be sent',
  namesLeaveWhat:
    'Everyone who can open the study in the PACS can read them. This choice applies only to this upload.',
  sentUncovered: (count: number) =>
    count === 1
      ? '1 covered image will be sent uncovered, because this choice does not change pixels.'
      : `${formatCount(count)} covered images will be sent uncovered, because this choice does not change pixels.`,
  keepNames: 'Keep names',
  reasonTitle: 'Why are names kept?',
  reasonWhat: 'This policy requires a reason. The audit trail records the reason and your account.',
  reason: sendingReasonWords,
  policyMissing: 'The policy is not known yet. You can send when the gateway has reported it.',
  send: (count: number, patients: number, keepsNames: boolean) => {
    const whose = patients < 2 ? '' : ` of ${formatCount(patients)} patients`;
    return `Send ${studies(count)}${whose}${keepsNames ? ' with names' : ''}`;
  },
  sendBar: 'Sending',
  sendNone: 'Choose a study to send',
  sendDecideFirst: 'Decide first: nothing can be sent yet',
  sendTooLarge: 'Too large to send',
  sendStopped: 'Reading was stopped: continue or leave out the rest',
  tooLarge: (needs: string, room: string) =>
    `Not enough space: needs ${needs}, ${room} free. Choose fewer studies, or wait until queued studies have arrived.`,
  /** `isAll`: whether each of the studies was compared with the PACS. */
  sendSize(count: number, size: string, inPacs: number, isAll: boolean) {
    if (inPacs === 0) return `${images(count)}, ${size}`;
    const some = `${isAll ? '' : 'at least '}${formatCount(inPacs)}`;
    return `${images(count)}, ${inPacs < count ? some : 'all'} already in the PACS`;
  },
  clear: 'Clear',
  clearSheet: {
    title: 'Clear this list?',
    what: 'Nothing will be sent. Your files, disc or folder are not changed, and you can choose them again.',
    yes: 'Clear',
    no: 'Keep them',
  },
  queued: (count: number) =>
    count === 0 ? 'Nothing was added to the queue' : `${images(count)} added to the queue`,
  queuedInPart: 'Some files were refused. They are listed below with their reasons.',
  toQueue: 'Open your studies',
  policyChange: 'Change',
  skipped: (count: number) => `${files(count)} not in DICOM format`,
  skippedWhat: 'These files are not part of a study.',
  sendProblem: {
    'no-room': {
      title: 'There is not enough space on this device for these studies.',
      next: 'Choose fewer, or wait until queued studies have arrived. Nothing was queued, and your files are not changed.',
    },
    'policy-unknown': {
      title: 'The policy is not known yet: the gateway has not reported it.',
      next: 'Nothing was queued. Press Send again when the gateway can be reached.',
    },
    'seal-key-unknown': {
      title: 'This device has never connected to the gateway, so it cannot encrypt waiting studies.',
      next: 'Nothing was queued. Connect to the gateway, then press Send again. After that, Send also works without a network.',
    },
    'not-prepared': {
      title: 'Connect to the network to prepare this study. Don’t remove the disc.',
      next: 'The gateway is needed to remove names, and it can’t be reached. Press Send again when there is a network.',
    },
    'look-first': {
      title: 'Texts in some images repeat names, numbers or dates from other images of the study.',
      next: 'Press “Look at the pictures” on the study, or “See what is removed” under “More”, and read the texts. Then press Send again. Images that you do not release stay here.',
    },
    'not-ready': {
      title: 'Some studies could not be queued.',
      next: 'The problem was found only when all their files were read. The reason is shown on this page and under “To decide”. Keep your files or disc.',
    },
    'too-many-patients': {
      title: 'You have reached your daily limit of patients.',
      next: 'Send the rest tomorrow. An administrator can raise the quota.',
    },
    'device-failed': {
      title: 'This device could not save the studies.',
      next: 'Nothing was sent, and your files are not changed. Reload the page and choose them again.',
    },
  },
  /** Replaces `undeclared-text` if the policy sends such images with a notice. */
  undeclaredTextIsSent:
    'Some images do not state whether text is burned into their pixels. This policy sends them anyway.',
  warning: {
    'two-patients': 'Another selected study belongs to a different patient.',
    'patients-differ':
      'Wrong patient? The images of this study name different patients. The study is not sent until you decide.',
    duplicates: 'You seem to have chosen some images twice. They have not been compared yet.',
    'chosen-twice': 'Some files are duplicates. Each image is sent only once.',
    'same-uid-differs':
      'Different images have the same ID. The PACS keeps the first one to arrive. You can then compare both and decide. To send a specific one, choose only that one.',
    'burned-in': 'This study may show the patient’s name in its images. Check it before sending.',
    'undeclared-text': 'Some images may show the patient’s name. Check them before sending.',
    'named-by-companion':
      'Some texts repeat a name, number or date from other images of this study. Read them before sending. Images that you do not release stay here.',
    face: 'Head scan: the face could be reconstructed. Removing names does not remove it.',
    'connect-to-prepare': 'Connect to the network to prepare this study. Don’t remove the disc.',
    'too-many-instances': 'The study has more images than the gateway accepts.',
  },

  mixed: {
    title: 'Different patients in one study',
    settled: (count: number) =>
      count === 1
        ? 'The images of this study name different patients. You decided to send it as one study.'
        : `The images of this study name different patients. You decided to send ${studies(count)}, one for each.`,
    leftOut: 'You left these out. They will not be sent.',
    again: 'Decide again',
    part: (person: string, count: number, born: string | null) =>
      [person, born, images(count)].filter(Boolean).join(' · '),
    files: (names: readonly string[], more: number) =>
      more === 0 ? names.join(', ') : `${names.join(', ')} and ${formatCount(more)} more`,
  },

  again: {
    found: (name: string) => `This is the study of ${name} that you wanted to choose again`,
    foundNext: 'Press Send. Nothing is sent twice.',
    missing: (name: string) => `Your selection does not contain the study of ${name}`,
    missingNext: 'Add its files or folder. The selected files belong to another study.',
  },

  sentBefore: {
    inPacs: (count: number, when: string) =>
      `Already in the PACS: ${images(count)} of this study, sent ${when}. Sending again will not create duplicates.`,
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
              `${formatCount(there)} of its ${counted(all, 'image', 'images')} ${there === 1 ? 'is' : 'are'} already in the PACS`,
            ]),
        ...(gone === 0
          ? []
          : [`${formatCount(gone)} sent before ${gone === 1 ? 'is' : 'are'} no longer in the PACS`]),
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
              `${formatCount(differs)} ${differs === 1 ? 'differs from the image' : 'differ from the images'} with the same ID in the PACS`,
            ]),
      ].join('; ');
      const sentence = said.charAt(0).toUpperCase() + said.slice(1);
      return differs === 0
        ? `${sentence}.`
        : `${sentence}. The PACS keeps its own version. After you press Send, decide under “To decide”.`;
    },
    /** For studies that were not compared image by image. */
    perhapsMore: (inPacs: number, chosen: number) =>
      `The PACS has ${images(inPacs)} of this study, and you chose ${formatCount(chosen)}. Only images that the PACS does not have will be sent.`,
    underWay: (when: string) =>
      `Sending began ${when}. It is not in the PACS yet. Sending again will not create duplicates.`,
    cancelled: (when: string, none: 'still' | 'by-then') =>
      `You cancelled it ${when}. ${none === 'still' ? 'None of it is in the PACS' : 'According to the gateway, none of it was in the PACS at that time'}.`,
    secondCopy: (isRemoving: boolean) =>
      isRemoving
        ? 'Already in the PACS, with names. Sending it now creates a second copy without names.'
        : 'Already in the PACS, without names. Sending it now creates a second copy with names.',
    open: 'Open that study',
  },

  beforeAfter: {
    open: 'See what is removed',
    /** If the policy keeps everything. */
    openKept: 'See what is sent',
    openOf: (open: string, name: string) => `${open}: study of ${name}`,
  },
} as const;
