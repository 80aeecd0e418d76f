/** The texts about ending a study: the dialogs that ask first, and what became of a cancelled study. */
import { images } from '../../kit/counted.ts';
import { formatCount } from '../../kit/format.ts';

export const endingWords = {
  cancelling:
    'Sending from this device has stopped. The copy here is deleted when the gateway confirms the cancellation.',
  /** `isTold`: the gateway has reported the numbers since the study was cancelled. */
  cancelledWhat: (inPacs: number, total: number, isTold: boolean) => {
    const some = `${formatCount(inPacs)} of ${images(total)}`;
    const then = inPacs === 1 ? 'was' : 'were';
    const byThen =
      inPacs === 0
        ? 'According to the gateway, none of it was in the PACS at that time.'
        : `According to the gateway, ${some} ${then} in the PACS at that time and ${inPacs === 1 ? 'stays' : 'stay'} there.`;
    const now =
      inPacs === 0 ? 'None of it is in the PACS.' : `${some} ${inPacs === 1 ? 'is' : 'are'} in the PACS.`;
    const rest =
      inPacs === total
        ? 'The copy here was deleted.'
        : 'The rest was not sent to the PACS, and the copy here was deleted.';
    return `This study was cancelled while it was being sent. ${isTold ? now : byThen} ${rest}`;
  },
  /** Added for a study that was taken over. */
  mayStillArrive:
    'Parts of it had reached the gateway under another account and could not be stopped. They may already be in the PACS, or may still arrive there.',
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
    const way = other
      ? ` ${inPacs === 1 ? 'It' : 'They'} came with another upload: ${stick}from another device, or sent again from here.`
      : '';
    return `Cancelled here ${when}, and the copy here was deleted. ${inPacs === total ? all : some} in the PACS.${way}`;
  },
  openReceipt: 'Open that study and its receipt',
  takenBackWhat: 'This study was cancelled before anything was sent. The copy here was deleted.',
  takenBackPlain: 'This study was cancelled here, and the copy here was deleted.',
  /** Added for a study that was saved for a stick before it was cancelled. */
  stillOnStick:
    'The file for a USB stick still contains it. If someone sends that file, the study goes to the PACS.',
  takeBackSheet: {
    title: 'Cancel sending this study?',
    what: (count: number) =>
      `${images(count)} will not be sent, and the copy here is deleted. ` +
      'Your files, disc or folder are not changed. Nothing has been sent yet.',
    whatOnStick: (count: number) =>
      `${images(count)} will not be sent from here, and the copy here is deleted. ` +
      'The study was also saved in a file for a USB stick. Delete that file too, or the study can still be sent from it.',
    yes: 'Cancel sending',
    no: 'Keep sending',
    tooLate: 'Sending has already begun. To stop the rest, press “Cancel sending” once more.',
  },
  /** Shown in one cell of the list, and announced. */
  cancelled: {
    plain: 'Cancelled',
    asked: 'Cancelling, not confirmed yet',
    unsent: 'Cancelled before sending',
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
    title: 'Cancel sending this study?',
    what: (inPacs: number) =>
      `Images not yet in the PACS will not be sent.${inPacs === 0 ? '' : ` ${images(inPacs)} ${inPacs === 1 ? 'stays' : 'stay'} in the PACS.`} The copy on this device is deleted. ` +
      'Your files, disc or folder are not changed.',
    yes: 'Cancel sending',
    no: 'Keep sending',
    notReached: 'The gateway rejected the cancellation. Pause the study, or try again in a moment.',
    tooLate: {
      atGateway: (name: string) =>
        `Too late to cancel the study of ${name}. All of it is at the gateway and will be stored in the PACS.`,
      inPacs: (name: string) => `Too late to cancel the study of ${name}. It is in the PACS.`,
    },
    hide: 'Close this message',
  },
  forgetSheet: {
    title: 'Remove this study from the list?',
    what: (count: number) =>
      `The gateway refused it. Its copy on this device (${images(count)}) will be deleted, and the gateway will no longer wait for the rest. ` +
      'Your files, disc or folder are not changed.',
    no: 'Keep it here',
  },
};
