/** The words before and during the automatic lock. */
import { images } from '../kit/counted.ts';

export const lockWords = {
  title: 'Are you still there?',
  what: 'Nobody has touched this device for a while. You will be signed out, so that nobody else sees your studies. What you typed and did not save is then lost.',
  sending: 'Studies that are safe here are still sent.',
  names:
    'Initials and IDs are deleted from your list. Its studies are then found by date, modality or receipt.',
  chosen: 'The studies that you chose and did not send have to be chosen again.',
  in: (seconds: number) => `Signing out in ${seconds} s`,
  stay: 'Stay signed in',
  leave: 'Sign out now',
  covered: 'This screen is locked',
  coveredWhat: 'Your last entries are being saved. Then the next person can sign in.',
  coveredUnsafe: (unsafe: number) =>
    `Keep this page open: ${images(unsafe)} ${unsafe === 1 ? 'is' : 'are'} still being made safe here. Then the next person can sign in.`,
};
