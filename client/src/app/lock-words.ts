/** The words before and during the automatic lock. */
import { images } from '../kit/counted.ts';

export const lockWords = {
  title: 'Are you still there?',
  what: 'This device has not been used for a while. You will be signed out to protect patient data. Unsaved entries will be lost.',
  sending: 'Studies that are safe on this device will still be sent.',
  names:
    'Initials and IDs are deleted from your list. After that, you can find studies only by date, modality or receipt.',
  chosen: 'Studies for which you did not press Send must be chosen again.',
  in: (seconds: number) => `Signing out in ${seconds} s`,
  stay: 'Stay signed in',
  leave: 'Sign out now',
  covered: 'This screen is locked',
  coveredWhat: 'Your last entries are being saved. After that, the next person can sign in.',
  coveredUnsafe: (unsafe: number) =>
    `Keep this page open: ${images(unsafe)} ${unsafe === 1 ? 'is' : 'are'} still being saved here. After that, the next person can sign in.`,
};
