/** The texts for saving studies to a file for a stick. */
import type { WithheldCause } from '#shared/protocol/withheld.ts';
import { counted, studies } from '../../../kit/counted.ts';
import { formatBytes } from '../../../kit/format.ts';
import { leftOutWords } from '../../../kit/left-out-words.ts';

const WITHHELD: Readonly<Record<WithheldCause, (images: string) => string>> = {
  held: (images) => `${images} waiting for your decision`,
  'left-out': (images) => `${images} left out by a person`,
  ...leftOutWords((images: string) => `${images} left out`),
  damaged: (images) => `${images} damaged or missing on the disc`,
};

export const stickWords = {
  title: 'Save for a USB stick',
  what: 'For places without a network. Give the file to your IT staff. They send it from a computer with a network (command “relay send”). The file is encrypted.',
  stays: 'The studies stay on this device until the PACS has them.',
  preparing: 'Preparing the file…',
  save: (count: number, bytes: number) => `Save ${studies(count)} (${formatBytes(bytes)})`,
  saving: (percent: number) => `Saving… ${percent} %`,
  /** Says which images of the studies are not in the file. */
  withheld: (causes: readonly (readonly [WithheldCause, number])[]) =>
    `Not in the file: ${causes.map(([cause, count]) => WITHHELD[cause](counted(count, 'image', 'images'))).join(', ')}.`,
  decide: 'Decide about them under “To decide”. Then save the studies again.',
  saved: {
    title: (count: number) => `${studies(count)} saved`,
    next: 'Send the file to the gateway within 30 days. Sending it twice will not create duplicates.',
  },
  faults: {
    nothing: {
      title: 'Nothing to save',
      next: 'You can save only studies that are safe on this device and not sent yet.',
    },
    'not-enrolled': {
      title: 'This device cannot save files yet',
      next: 'Sign in once while the device is connected to the gateway. After that, it works without a network.',
    },
    'too-much': {
      title: 'Too much for one file',
      next: 'Choose fewer studies, and save the others to a second file.',
    },
    failed: {
      title: 'The file could not be saved',
      next: 'Check that the USB stick has enough space, and save again. Nothing on this device is lost.',
    },
  },
} as const;
