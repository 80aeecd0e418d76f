/** The words for the places of a study, also announced. They avoid "sent", which could mean any of the four places. */
import { images, toDecide } from '../../kit/counted.ts';
import { formatCount, roundRemaining } from '../../kit/format.ts';
import type { TrackState, WaitingFor } from './track-state.ts';

const required = (names: string) =>
  `Waiting for ${names}, where the study is also required. The gateway resumes automatically.`;

export const trackWords = {
  label: 'Where each image is',
  of: (total: number) => `of ${formatCount(total)}`,
  waiting: {
    offline: 'Waiting for the network. Sending resumes automatically.',
    'gateway-unreachable': 'Waiting for the gateway. Sending resumes automatically.',
    metered: 'Waiting for Wi-Fi, as set on this device. Sending resumes automatically.',
    'signed-out': 'Waiting until you sign in. Nothing is lost.',
    'pacs-unreachable': 'Waiting for the PACS. The gateway resumes automatically.',
    'pacs-refuses-sign-in':
      'The PACS rejects the gateway’s password. An administrator must correct it. Your studies are safe at the gateway.',
    'pacs-settings-wrong':
      'The gateway’s PACS settings are wrong. An administrator must correct them. Your studies are safe at the gateway.',
    'gateway-failed':
      'The gateway has a problem. It retries automatically, and nothing is lost. An administrator must correct this.',
    'pacs-fails-on-some':
      'The PACS does not accept some images yet. The gateway tries again automatically. If it keeps failing, you will be asked to decide.',
    'pacs-refuses-size':
      'Some of these images are too large for the PACS or its proxy. An administrator must raise the limit. The gateway tries again automatically.',
    'behind-another':
      'Another upload is sending the same images. This one follows automatically. You don’t have to do anything.',
    'required-destination': required('another PACS'),
    'primary-unreachable':
      'Waiting for the first PACS. The gateway must fetch the study from it, and resumes automatically.',
    'storage-full':
      'The gateway is out of space. An administrator must free some. Sending then resumes automatically.',
    'quota-exceeded':
      'You have reached your limit of studies being sent. This one waits here until earlier ones are in the PACS. An administrator can raise the limit.',
  } satisfies Record<WaitingFor, string>,
  stalled: 'The connection is slow or lost. Sending resumes automatically.',
  toDecide,
  /** Instances that were left out by a person, or are missing or damaged on the disc. */
  notStored: (count: number) => `${images(count)} not stored`,
  timeLeft: (seconds: number) => {
    const left = roundRemaining(seconds);
    if (left.seconds > 0) return `about ${left.seconds} s left`;
    if (left.minutes < 60) return `about ${left.minutes} min left`;
    return `about ${formatCount(left.minutes / 60)} h ${left.minutes % 60 === 0 ? '' : `${left.minutes % 60} min `}left`;
  },
  arrived: (total: number) =>
    total === 1 ? '1 image is in the PACS' : `All ${images(total)} are in the PACS`,
  /** The study has arrived; only the receipt is missing. */
  receiptWaits: 'The study is in the PACS. The receipt follows when the gateway can be reached again.',
  progress: (inPacs: number, total: number) => `${formatCount(inPacs)} of ${images(total)} in the PACS`,
};

/** Says why the study waits, and names the destinations. */
export const sayWaiting = (because: WaitingFor, { waitsFor }: Pick<TrackState, 'waitsFor'>): string =>
  because === 'required-destination' && waitsFor
    ? required(waitsFor.join(' and '))
    : trackWords.waiting[because];
