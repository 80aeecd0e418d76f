/** The texts about ending a study: the dialogs that ask first, and what became of a cancelled study. */
import { images } from '../../kit/counted.ts';
import { formatCount } from '../../kit/format.ts';

export const endingWords = {
  cancelling:
    'Nothing more is sent from here. The gateway has not confirmed that it is cancelled; once it has, the copy here is deleted.',
  /** `isTold`: the gateway has reported the numbers since the study was cancelled. */
  cancelledWhat: (inPacs: number, total: number, isTold: boolean) => {
    const some = `${formatCount(inPacs)} of ${images(total)}`;
    const then = inPacs === 1 ? 'was' : 'were';
    const byThen =
      inPacs === 0
        ? 'None of it was in the PACS by then, as far as the gateway had said.'
        : `${some} ${then} in the PACS by then, as far as the gateway had said, and ${inPacs === 1 ? 'stays' : 'stay'} there.`;
    const now =
      inPacs === 0 ? 'None of it is in the PACS.' : `${some} ${inPacs === 1 ? 'is' : 'are'} in the PACS.`;
    const rest =
      inPacs === total
        ? 'The copy here was deleted.'
        : 'The rest was left out, and the copy here was deleted.';
    return `This study was cancelled while it was being sent. ${isTold ? now : byThen} ${rest}`;
  },
  /** Added for a study that was taken over. */
  mayStillArrive:
    'Parts of it had reached the gateway under another account and could not be left out: they may be in the PACS, or still go there.',
  /** `other`: the instances came with another upload. */
  cancelledSince: (
    when: string,
    inPacs: number,
    total: number,
    other: { readonly isOnStick: boolean } | null,
  ) => {
    const all = inPacs === 1 ? 'The image is' : `All ${images(inPacs)} are`;
    const some = `${formatCount(inPacs)} of ${images(total)} ${inPacs === 1 ? 'is' : 'are'}`;
    const stick = other?.isOnStick ? 'from the file for a USB stick, ' : '';
    const way = other ? `: sent ${stick}from another device, or again from here` : '';
    return `Cancelled here ${when}, and the copy here was deleted. ${inPacs === total ? all : some} in the PACS${way}.`;
  },
  openReceipt: 'Open that study and its receipt',
  takenBackWhat:
    'This study was cancelled before any of it left this device: none of it was sent. The copy here was deleted.',
  takenBackPlain: 'This study was cancelled here, and the copy here was deleted.',
  /** Added for a study that was saved for a stick before it was cancelled. */
  stillOnStick: 'The file for a USB stick still has it: if somebody sends that file, it goes to the PACS.',
  takeBackSheet: {
    title: 'Cancel this study?',
    what: (count: number) =>
      `${images(count)} will not be sent, and the copy here is deleted. ` +
      'Your files, disc or folder stay as they are; nothing has left yet.',
    whatOnStick: (count: number) =>
      `${images(count)} will not be sent from here, and the copy here is deleted. ` +
      'But the study was saved in a file for a USB stick: delete that file too, or it can still be sent from there.',
    yes: 'Cancel sending',
    no: 'Keep sending',
    tooLate: 'Sending has begun in the meantime. Press Cancel sending again to leave out the rest.',
  },
  /** Shown in one cell of the list, and announced. */
  cancelled: {
    plain: 'Cancelled',
    asked: 'Cancelling: not confirmed yet',
    unsent: 'Cancelled: none sent from here',
    /**
     * `by`: the time up to which the gateway's report was known when the study was cancelled; null: the gateway has
     * reported since.
     */
    midway: (inPacs: number, total: number, by: string | null) => {
      const there = inPacs === 0 ? 'none' : `${formatCount(inPacs)} of ${formatCount(total)}`;
      return `Cancelled: ${there} in the PACS${by === null ? '' : ` by ${by}`}`;
    },
  },
  cancelSheet: {
    title: 'Cancel this study?',
    what: (inPacs: number) =>
      `Images that are not in the PACS yet are left out${inPacs === 0 ? '' : `; ${images(inPacs)} stay in the PACS`}, and the copy on this device is deleted. ` +
      'Your files, disc or folder stay as they are.',
    yes: 'Cancel sending',
    no: 'Keep sending',
    notReached: 'The gateway refused, so nothing was cancelled. Pause it, or try again in a moment.',
    tooLate: {
      atGateway: (name: string) =>
        `It was too late to cancel the study of ${name}: all of it is at the gateway and goes on to the PACS.`,
      inPacs: (name: string) => `It was too late to cancel the study of ${name}: it is in the PACS.`,
    },
    hide: 'Close this message',
  },
  forgetSheet: {
    title: 'Remove this study from the list?',
    what: (count: number) =>
      `The gateway refused it. Its copy on this device (${images(count)}) is deleted, and the gateway is told not to expect the rest. ` +
      'Your files, disc or folder stay as they are.',
    no: 'Keep it here',
  },
};
