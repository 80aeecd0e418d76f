/** The words of the list of decisions, and of the badge that counts them. */
import type { Policy } from '#shared/protocol/api.ts';
import type { PacsReason } from '#shared/protocol/pacs-reasons.ts';
import { counted, images, studies, toDecide } from '../kit/counted.ts';
import { formatCount } from '../kit/format.ts';
import { leaveStudyOut } from '../kit/left-out-words.ts';
import { none } from '../kit/none.ts';
import type { NeedCause } from '../pipeline/queue/list-needs.ts';
import type { Answer, Meaning } from './list-decisions.ts';

export const needsWords = {
  badge: (count: number) => `${formatCount(count)} to decide`,
  /** Transfers of modalities among `count` are listed separately, because their number of instances is unknown. */
  total: (count: number, transfers: number) =>
    [
      ...(count > transfers ? [toDecide(count - transfers)] : []),
      ...(transfers > 0 ? [`${counted(transfers, 'transfer needs', 'transfers need')} your decision`] : []),
    ].join(', '),
  nothing: none('Nothing needs your decision'),
  onlyHere: 'The gateway is not responding. You see only what is on this device.',
  nothingWhat: 'Studies that cannot continue without your decision appear here.',
  toStudies: 'Open your studies',
  /** Something was chosen, but Send was not pressed. */
  notSent: (count: number) =>
    `${images(count)} you chose ${count === 1 ? 'is' : 'are'} not sent yet. Press Send on the Upload page.`,
  toUpload: 'Go to Upload',
  of: (count: number) => images(count),
  pacsReason: ({ code, says, remedy }: PacsReason) => `${says} ${remedy} (${code})`,
  foreign: 'Studies for another gateway',
  chosen: 'The studies you chose',
  /** Titles where neither the gateway nor the PACS gave a reason. */
  happened: {
    mixed: 'The images of one study name different patients.',
    held: 'Held back on this device.',
    quarantined: 'Not stored in the PACS.',
    refused: 'Not stored in the PACS.',
    interrupted: 'Sending was interrupted.',
    failed: 'The gateway refused this study.',
    trouble: 'Something went wrong with this study on this device.',
    lost: 'The browser deleted studies that were waiting on this device.',
    foreign: 'These studies were meant for another gateway.',
    'no-room': 'There is not enough space on this device.',
  } satisfies Record<NeedCause, string>,
  /** What a further destination's refusal means. */
  meansAt: (destination: string) =>
    `The first PACS has these images. Until you decide, they are missing from ${destination}.`,
  /** What it means for the patient. */
  means: {
    mixed:
      'This study is not sent until you decide. If an image has the wrong name, leave it out here and send it again when the name is corrected. Keep your files or disc.',
    held: 'These images are not sent with the rest of the study. Until you decide, they are missing from the study in the PACS. Keep your files or disc.',
    found:
      'These studies are not sent until you decide. Until then, they are not in the PACS. Keep your files or disc.',
    'held-and-found':
      'Until you decide, these images are not sent and are missing from the study in the PACS. Keep your files or disc.',
    quarantined: 'Until you decide, these images are missing from the study in the PACS.',
    refused: 'These images are missing from the study in the PACS.',
    'first-stands': 'The PACS has the images that were sent first, not these.',
    interrupted:
      'The study is not saved on this device and may be incomplete in the PACS. Keep your files or disc until it is sent again.',
    failed: 'The study is safe on this device. It is not in the PACS.',
    trouble: 'Nothing is deleted here. Until the problem is solved, the study may be incomplete in the PACS.',
    lost: 'The studies may be incomplete in the PACS. Images that have arrived are not sent twice.',
    foreign: 'They cannot be sent from here. Unless they were sent from elsewhere, they are not in the PACS.',
    'no-room': 'These studies are not on this device yet. Keep your files or disc.',
  } satisfies Record<Meaning, string>,
  /** About held-back instances that nobody can release. */
  policy: (policy: Policy | 'none') => {
    if (policy === 'none')
      return 'None of your policies allows sending this kind of file. If the file is needed in the PACS, an administrator must give you a policy that allows it.';
    const how = policy.deidentify ? 'with names removed' : 'exactly as it is, with names';
    return `Another policy sends it, ${how}. The Upload page opens with only this study selected. Press Send there, then select the others again.`;
  },
  /** Under the current policy. */
  apart: (count: number, isOnePerson: boolean) =>
    count > 1
      ? `These are different patients: send ${studies(count)}`
      : isOnePerson
        ? 'This is one patient: send one study'
        : 'Send it unchanged, as one study',
  leaveOutPatient: (count: number) => `Leave out ${images(count)}`,
  answers: {
    apart: 'Send it',
    look: 'Look at the pictures',
    retry: 'Send again',
    'ask-pacs': 'Try storing again',
    'try-now': 'Try again now',
    'other-policy': 'Send it under another policy',
    'choose-again': 'Choose it again',
    'choose-export': 'Choose a new export',
    'choose-fewer': 'Choose fewer studies',
    'leave-out': 'Leave out',
    'set-aside': leaveStudyOut,
    'take-back': 'Cancel sending',
    cancel: 'Cancel sending',
    remove: 'Remove from list',
    delete: 'Delete from this device',
  } satisfies Record<Answer, string>,
  /** Captions below the pictures of two images with the same identifier. */
  conflict: {
    mine: 'This image: not stored',
    other: 'Image in the PACS: sent first',
    otherElsewhere: 'The image in the PACS was not sent from this page. Look at it in your PACS viewer.',
    notHere: 'This page no longer has the files. To see the image, choose them again on Upload.',
  },
  /** For people who do not see which study the button belongs to. */
  answerOf: (answer: string, name: string) => `${answer}: ${name}`,
  /** Questions asked before something is lost. */
  ask: {
    'leave-out': {
      title: 'Leave out these images?',
      /** `destination`: the further destination that did not take them. */
      what: (count: number, firstStands: boolean, destination?: string) =>
        (firstStands
          ? 'The PACS keeps the first version. Only the later version is left out. '
          : destination !== undefined
            ? `The first PACS keeps ${count === 1 ? 'it' : 'them'}. ${images(count)} will not be in ${destination}. `
            : `${images(count)} will not be in the PACS. `) +
        'Copies on this device are deleted. ' +
        'Your files, disc or folder are not changed. The study records that a person decided this.',
    },
    'take-back': {
      title: 'Cancel sending this study?',
      what: () =>
        'Nothing will be sent, and the copy here is deleted. Your files, disc or folder are not changed.',
    },
    cancel: {
      title: 'Cancel sending this study?',
      what: () =>
        'Images not yet in the PACS will not be sent. The copy here is deleted. ' +
        'Your files, disc or folder are not changed.',
    },
    remove: {
      title: 'Remove this from the list?',
      what: () =>
        'If there is a copy on this device, it is deleted. You will not be reminded again. ' +
        'Your files, disc or folder are not changed.',
    },
    delete: {
      title: 'Delete these studies from this device?',
      what: () =>
        'The copies here are deleted and cannot be recovered. Your files, disc or folder are not changed.',
    },
  },
  keep: 'Decide later',
  notReached: 'The gateway could not be reached, so your decision was not saved. Try again in a moment.',
  tooLate: 'Sending has already begun. To stop the rest, cancel the study on the Studies page.',
};
