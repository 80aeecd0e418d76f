/**
 * The texts of the queue, of the four places of an instance, and of a person's decisions about a queued study. They
 * avoid "sent", which could mean any of the four places.
 */
import { DIAGNOSES } from './diagnosis-words.ts';
import type { Trouble } from './queued-study.ts';
import { images, studies } from '../../kit/counted.ts';
import { formatCount } from '../../kit/format.ts';
import { none } from '../../kit/none.ts';
import type { NotCancelled } from './list-buttons.ts';
import type { Place } from './track-state.ts';

export const queueWords = {
  empty: none('No studies are being sent'),
  emptyWhat:
    'Studies appear here when you press Send. They stay in the list, without names, after they have arrived.',
  toUpload: 'Choose a study',
  noneOfSite: none('No studies have been sent yet'),
  noneOfSiteWhat: 'Studies sent from this site appear here, with their history and receipts.',
  parts: {
    'needs-you': 'To decide',
    'under-way': 'Being sent',
    arrived: 'In the PACS',
    'left-out': 'Left out',
    'taken-back': 'Cancelled',
  },
  loading: 'Reading your studies…',
  noDatabase: 'This browser does not allow the page to store data, so studies cannot be saved here.',
  noDatabaseNext: 'Leave private mode or free up space on the device. Then reload the page.',
  openOf: (name: string) => `Open the study: ${name}`,
  takeBack: 'Cancel sending',
  takeBackOf: (name: string) => `Cancel sending: ${name}`,
  makingSafe: (safe: number, total: number) =>
    `Saving on this device: ${formatCount(safe)} of ${images(total)}`,
  naming: (named: number, total: number) => `Reading: ${formatCount(named)} of ${images(total)}`,
  stillReading: 'Being saved on this device. Keep the page open.',
  pause: 'Pause',
  pauseOf: (name: string) => `Pause: ${name}`,
  resume: 'Resume',
  resumeOf: (name: string) => `Resume: ${name}`,
  paused: 'Paused. Nothing is sent until you resume.',
  sendFirst: 'Send first',
  sendFirstOf: (name: string) => `Send first: ${name}`,
  earlierOf: (name: string) => `Send earlier: ${name}`,
  laterOf: (name: string) => `Send later: ${name}`,
  turnOf: (name: string, place: number, total: number) =>
    `Place in the queue, ${name}: ${formatCount(place)} of ${formatCount(total)}`,
  diagnosis: DIAGNOSES,
  cancel: 'Cancel sending',
  cancelOf: (name: string) => `Cancel sending: ${name}`,
  notCancelled: ({ place, gone, total }: NotCancelled) => {
    const all = gone === total;
    const who = all ? 'It' : `${formatCount(gone)} of ${formatCount(total)}`;
    const [they, are, their, them] =
      all || gone === 1 ? ['it', 'is', 'its', 'it'] : ['they', 'are', 'their', 'them'];
    if (place === 'waiting') {
      const [wait, They] = they === 'it' ? ['waits', 'It'] : ['wait', 'They'];
      const where = `${who} ${are} at the gateway and ${wait} for the PACS, which has none of ${them} yet`;
      return `${where}. ${They} can no longer be cancelled from here.`;
    }
    const why =
      place === 'pacs'
        ? `${who} ${are} in the PACS and can no longer be cancelled`
        : `${who} can no longer be cancelled, because ${they} ${are} on ${their} way into the PACS`;
    return `${why}. The PACS’s administrator can remove ${them} there.`;
  },
  failed: 'The gateway refused this study.',
  failedMeans: 'It is safe on this device, and none of it is in the PACS.',
  trouble: {
    'receipt-faulty': {
      title: 'The gateway’s receipt for this study is not valid.',
      means: 'Its signature or its list does not match the images sent. Nothing is deleted on this device.',
      next: 'The device requests the receipt again automatically. If the problem continues, an administrator needs the code.',
    },
    'copy-unreadable': {
      title: 'Part of this study cannot be read on this device.',
      means: 'Sending continues with the rest, and nothing is deleted here.',
      next: 'Choose the study again from its original location. Only the missing images are sent.',
    },
    unexpected: {
      title: 'Something went wrong with this study on this device.',
      means: 'Nothing is deleted here.',
      next: 'The device retries automatically. If the problem continues after you reload the page, an administrator needs the code.',
    },
  } satisfies Record<Trouble, { title: string; means: string; next: string }>,
  interrupted: 'Sending was interrupted.',
  interruptedNext: 'Choose the study again. Nothing is sent twice.',
  chooseAgain: 'Choose it again',
  chooseAgainOf: (name: string) => `Choose it again: ${name}`,
  onStick: (when: string) => `Saved in a file for a USB stick, ${when}`,
  dismiss: 'Remove from list',
  dismissOf: (name: string) => `Remove from list: ${name}`,
  putBack: 'Put back',
  putBackOf: (name: string) => `Put back on the list: ${name}`,
  decide: 'Decide',
  decideOf: (name: string) => `Decide about: ${name}`,
  retry: 'Try again',
  retryOf: (name: string) => `Try again: ${name}`,
  erasedWhat: 'Its name and description were erased from this device after the PACS confirmed it.',
  leftOutWhat:
    'A person left out the whole study. The copy here was deleted, and its name and description were erased from this device.',
  travelled: (deidentify: boolean) => (deidentify ? 'names removed' : 'with names'),

  places: {
    device: 'on this device',
    way: 'on its way',
    gateway: 'at the gateway',
    pacs: 'in the PACS',
    'left-out': 'not stored',
    'needs-you': 'to decide',
  } satisfies Record<Place, string>,
  /** Replaces the name of the first place while the study's instances are made safe. */
  beingRead: 'being read',

  lost: {
    title: (count: number) => `The browser deleted ${studies(count)} that waited on this device`,
    next: 'The browser cleared its storage before the studies had arrived. Choose them again from their original location. Nothing is sent twice.',
    perhaps: (count: number) =>
      `The gateway is still waiting for ${studies(count)} of yours that ${count === 1 ? 'is' : 'are'} not on this device`,
    perhapsNext:
      'They may be waiting on another device of yours. If not, this browser has cleared its storage: choose them again from their original location.',
  },
};
