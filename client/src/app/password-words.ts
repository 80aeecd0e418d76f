/** The words of the form for one's own new password. */
import { PASSWORD_LENGTH_LIMIT } from '#shared/protocol/limits.ts';

const least = `${PASSWORD_LENGTH_LIMIT} characters`;

export const passwordWords = {
  title: 'Change your password',
  current: 'Current password',
  next: 'New password',
  rule: `At least ${least}, for example four words. Do not use a common password, a repetition or sequence (aaaa, 1234), your user name or RelayPACS.`,
  show: 'Show passwords',
  submit: 'Change password',
  submitting: 'Changing…',
  missing: 'Enter your current password and a new one.',
  tooShort: `The new password must have at least ${least}.`,
  unreachable: {
    title: 'The gateway is not responding.',
    next: 'Try again in a moment. If your current password no longer works, it was already changed. Sign in with the new one.',
  },
  changed: 'Your password was changed',
  changedWhat: 'You stay signed in here. All other sessions have ended.',
} as const;
