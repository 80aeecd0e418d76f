/** The texts of the page that checks a receipt, loaded only with it. */
import { formatCount } from '../kit/format.ts';
import { leftOutWords } from '../kit/left-out-words.ts';
import type { CheckFault, CheckedAs } from './check-text.ts';

export const checkWords = {
  title: 'Check a receipt',
  what: 'Hold the code of a printed receipt in front of the camera. Or choose a photo of it, its PDF or the saved file. It is checked on this device, and nothing is sent.',
  camera: 'Camera picture',
  noCamera:
    'This device has no camera, or this page is not allowed to use it. Choose a photo of the code or the PDF instead.',
  file: 'Choose a photo or PDF',
  paste: 'Or paste the text of the receipt or its code',
  checkText: 'Check this text',
  another: 'Check another receipt',
  holds: {
    code: {
      title: 'The code is genuine',
      next: 'Its content is shown below. Compare it with the paper: if they differ, the paper was changed. The code does not contain the whole receipt. To check all of it, choose the PDF.',
    },
    file: {
      title: 'This receipt is genuine',
      next: 'The file was not changed. If you also have it on paper, compare the paper with the content below.',
    },
  } satisfies Record<CheckedAs, { title: string; next: string }>,
  /** The terms used on the printed receipt. */
  facts: {
    inPacs: 'In the PACS',
    notStored: 'Not stored',
    others: 'Not in the PACS',
    firstOnly: 'In the first PACS only',
    confirmed: 'Confirmed',
    policy: 'Policy',
    study: 'Study Instance UID',
    receipt: 'Receipt',
    root: 'Fingerprint of all images (Merkle root)',
  },
  outcomes: {
    refused: (count: number) => `${formatCount(count)} refused`,
    quarantined: (count: number) => `${formatCount(count)} waiting for a decision`,
    'left-out': (count: number) => `${formatCount(count)} left out by a person`,
  },
  /** Instances that the sender has or had, but did not promise to send (withheld.ts). */
  withheld: {
    'left-out': (count: number) => `${formatCount(count)} left out by a person before sending`,
    ...leftOutWords((count: number) => `${formatCount(count)} left out by a person before sending`),
    damaged: (count: number) => `${formatCount(count)} damaged or missing on the disc, and not sent`,
    held: (count: number) => `${formatCount(count)} held back`,
  },
  policy: (name: string, version: number) => `${name}, version ${version}`,
  revision: (id: string, revision: number, issued: string) => `${id}, revision ${revision}, issued ${issued}`,
  faults: {
    signature: {
      title: 'This receipt is not genuine',
      next: 'It was not signed by this gateway, or it was changed. Ask for the original.',
    },
    unreadable: {
      title: 'This is not a receipt',
      next: 'Hold the code at the top right of the receipt in front of the camera, or choose the original PDF.',
    },
    'no-code': {
      title: 'No code found in this photo',
      next: 'Take the photo from directly above, with the whole code visible.',
    },
    'no-keys': {
      title: 'This device cannot check receipts yet',
      next: 'Connect it to the gateway once. After that, it works without a network.',
    },
    'too-large': {
      title: 'This file is too large for a receipt',
      next: 'Choose the PDF, the saved receipt or a photo of its code.',
    },
  } satisfies Record<CheckFault, { title: string; next: string }>,
};
