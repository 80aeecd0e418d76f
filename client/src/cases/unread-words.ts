/** The words of the list of studies that nobody has read. */
import { none } from '../kit/none.ts';
import { UNREAD_COUNTED, UNREAD_DAYS } from '#shared/protocol/unread-studies.ts';

export const unreadWords = {
  title: 'New studies without a reading',
  count: (count: number) => (count > UNREAD_COUNTED ? `${UNREAD_COUNTED}+` : `${count}`),
  counted: (said: string, count: number) => `${said} ${count === 1 ? 'study' : 'studies'}`,
  what:
    `Studies that arrived in the last ${UNREAD_DAYS} days, until a reading is settled or the case is closed. Those marked for early reading come first. ` +
    'Reviews assigned to you are counted separately: a study can have several, or none.',
  none: none('No new study is without a reading.'),
  noneWhat: `Studies that arrived in the last ${UNREAD_DAYS} days appear here. To have one read again, open its case and choose Request a reading.`,
  loading: 'Loading the studies…',
  study: (modalities: string) => `${modalities} study`.trim(),
  sent: (when: string) => `sent ${when}`,
  asked: 'A review is under way',
  noCase: 'no case yet',
  toCase: 'Go to the case',
  request: 'Request a reading',
  waive: 'Needs no reading',
  waived: 'This study needs no reading. It is no longer listed here.',
  undo: 'Undo',
};
