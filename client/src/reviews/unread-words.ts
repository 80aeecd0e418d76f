/** The words of the list of studies that nobody has read. */
import { none } from '../kit/none.ts';
import { UNREAD_COUNTED, UNREAD_DAYS } from '#shared/protocol/unread-studies.ts';

export const unreadWords = {
  title: 'New studies without a reading',
  count: (count: number) => (count > UNREAD_COUNTED ? `${UNREAD_COUNTED}+` : `${count}`),
  counted: (said: string, count: number) => `${said} ${count === 1 ? 'study' : 'studies'}`,
  what:
    `Studies that arrived in the last ${UNREAD_DAYS} days and have no completed reading or closed case. Studies marked for early reading come first. ` +
    'This number does not include reviews assigned to you.',
  none: none('There are no new studies without a reading.'),
  noneWhat: `Studies that arrived in the last ${UNREAD_DAYS} days appear here. To have a study read again, open its case and press “Request a reading”.`,
  loading: 'Loading the studies…',
  study: (modalities: string) => `${modalities} study`.trim(),
  sent: (when: string) => `sent ${when}`,
  asked: 'A review is in progress',
  noCase: 'no case yet',
  toCase: 'Go to the case',
  request: 'Request a reading',
  waive: 'No reading needed',
  waived: 'Marked as needing no reading. The study was removed from this list.',
  undo: 'Undo',
};
