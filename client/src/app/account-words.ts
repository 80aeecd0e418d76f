/** The words of the account: appearance, and what signing out means. */
import { counted, images, studies, toDecide } from '../kit/counted.ts';
import { KEPT_VERDICT } from '../results/parts/kept-words.ts';

export const accountWords = {
  theme: 'Appearance',
  themes: { system: 'System', light: 'Light', dark: 'Dark' },
  signOut: 'Sign out',
  signOutSafe: (count: number) =>
    count === 1
      ? '1 image stays safe on this device, and sending continues automatically.'
      : `${images(count)} stay safe on this device, and sending continues automatically.`,
  /** These are paused, or for another reason not sent without the person who queued them. */
  signOutWaits: (count: number) =>
    count === 1
      ? '1 image stays safe on this device and waits until the person who sent it signs in.'
      : `${images(count)} stay safe on this device and wait until the person who sent them signs in.`,
  signOutUndecided: (count: number) => `${toDecide(count)}. Sign in here again to decide.`,
  signOutCancelling: (count: number) =>
    `${studies(count)} ${count === 1 ? 'is' : 'are'} still being cancelled. Cancelling continues when you sign in here again.`,
  signOutUnsent: (count: number) =>
    count === 1
      ? '1 verdict is not sent yet. It stays on this device until it is sent or you discard it.'
      : `${counted(count, 'verdict', 'verdicts')} are not sent yet. They stay on this device until they are sent or you discard them.`,
  signOutUnsafe: (count: number) =>
    `Not saved yet: ${images(count)}. If you sign out now, they will not be sent. Your files are not changed.`,
  /** These were found, but Send was not pressed. */
  signOutClears: (count: number) =>
    `You chose ${images(count)} and did not send ${count === 1 ? 'it' : 'them'}. Signing out clears the list. Your files, disc or folder are not changed.`,
  /** The local labels. Studies that have arrived are found by name through them. */
  signOutNames: (count: number) =>
    `When you sign out, initials and IDs are deleted from your list. This concerns ${studies(count)}: once in the PACS, ${count === 1 ? 'it' : 'they'} can be found only by date, modality or receipt.`,
  signOutEmpty: 'Nothing is waiting on this device.',
  keeping: 'Saving your verdict…',
  unkept: 'Your verdict on a result was not sent',
  unkeptWhat: KEPT_VERDICT,
  signOutClear: 'Sign out and clear the list',
  signOutAnyway: 'Sign out anyway',
  version: (version: string) => `Version ${version}`,
  changePassword: 'Change password',
  sessions: 'Where you are signed in',
} as const;
