/** The words that say that the disc can be removed and the files deleted, and which of them are not in the PACS. */
import { counted, files, studies } from '../kit/counted.ts';
import { formatCount } from '../kit/format.ts';
import type { ChoicesSaid } from './choice-outcome.ts';

const atLeast = (is: boolean): string => (is ? 'at least ' : '');
const them = (count: number): string => (count === 1 ? 'it' : 'them');

export const discWords = {
  said: { 'may-go': 'You can remove the disc', keep: 'Keep your disc or files' },
  /** `isAnyLacking`: one of the exceptions, or a file of an earlier choice, may belong to a study. */
  mayGo: ({ studies: count, except, isAtLeast }: Omit<ChoicesSaid, 'standing'>, isAnyLacking: boolean) => {
    const said = `${count === 1 ? 'Your study is' : `Your ${studies(count)} are`} in the PACS`;
    if (except === 0)
      return isAnyLacking
        ? `${said}. Some files that you chose earlier may not be. Keep the disc or the files.`
        : `${said}. You can remove the disc or delete the files.`;
    const needed =
      except === 1 ? 'its disc or the file if you need it' : 'their disc or files if you need any';
    const next = isAnyLacking ? `Keep ${needed}.` : 'You can remove the disc or delete the other files.';
    // They may belong to another study than the one that has just arrived.
    const others = `${files(except)} chosen on this device ${except === 1 ? 'was' : 'were'} not sent`;
    return `${said}. ${isAtLeast ? `At least ${others}` : others}. ${next}`;
  },
  elsewhere: 'Another tab on this device has files that are not sent.',
  which: (count: number) => (count === 1 ? 'Which file?' : 'Which files?'),
  title: ({ except, isAtLeast }: Pick<ChoicesSaid, 'except' | 'isAtLeast'>) =>
    `${isAtLeast ? 'At least ' : ''}${files(except)} not sent`,
  earlier: (count: number) =>
    `${counted(count, 'image', 'images')} chosen earlier: choose ${them(count)} again`,
  /** Keyed by how to send them (`nextFor`). */
  what: {
    'choose-again': 'If you need any of these, keep the disc or the files. Choose them again to send them.',
    'not-pressed': 'Keep the disc or the files. These are still on the Upload page. Press Send there.',
    undecided: 'Keep the disc or the files. These are not sent until you decide about them.',
  },
  ofStudy: (leftOut: number, damaged: number, name: string) => {
    if (damaged === 0) return `${counted(leftOut, 'image', 'images')} left out of ${name}`;
    if (leftOut === 0)
      return `${counted(damaged, 'damaged or missing image', 'damaged or missing images')} of ${name}`;
    return `${counted(leftOut, 'image', 'images')} left out of ${name}, and ${formatCount(damaged)} damaged or missing`;
  },
  unreadOf: (name: string, unread: string) => `${name}: ${unread}`,
  /** A cancelled study was not sent at all, so nothing is missing from it. */
  cancelled: (count: number, name: string) =>
    `Sending ${name} was cancelled: ${counted(count, 'image', 'images')}`,
  study: (count: number, name: string) => `The study of ${name}: ${files(count)}`,
  why: {
    missing: 'Listed on the disc, but the file is missing',
    'not-dicom': 'Not a DICOM file',
  },
  unread: (count: number, isAtLeast = false) =>
    `Reading was stopped: ${atLeast(isAtLeast)}${files(count)} not read`,
  leftUnread: (count: number, isAtLeast = false) =>
    `Reading was stopped, and you left out ${atLeast(isAtLeast)}${files(count)}`,
  others: (count: number) => `and ${formatCount(count)} more`,
  noDoubt: 'These files are not needed',
  askNoDoubt: {
    title: 'Stop reminding you of the earlier files?',
    about: 'Files that were damaged, not read, cleared or left out',
    what: [
      'You will not be reminded of them again.',
      'Keep the disc or the files until you are sure that nobody needs them.',
    ].join(' '),
    yes: 'Stop reminding me',
    no: 'Keep the reminder',
  },
  settle: 'Remove from this list',
  askSettle: (count: number) => ({
    title: 'Remove these files from the list?',
    about: files(count),
    what: [
      `${count === 1 ? 'It is' : 'They are'} not in the PACS.`,
      `Keep the disc or the files until you are sure that nobody needs ${them(count)}.`,
    ].join(' '),
    yes: 'Remove them',
    no: 'Keep the list',
  }),
  toUpload: 'Go to Upload',
};
