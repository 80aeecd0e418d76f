/** The words of the list of a person's own sessions. */
import type { ListedSession } from '#shared/protocol/api.ts';

export const sessionsWords = {
  title: 'Where you are signed in',
  loading: 'Loading your sessions…',
  here: 'This browser',
  kinds: {
    session: 'Another browser or program',
    device: 'A device that sends your studies',
  } satisfies Record<ListedSession['kind'], string>,
  since: { session: 'signed in', device: 'since' } satisfies Record<ListedSession['kind'], string>,
  usedNow: 'in use now',
  lastUsed: (when: string) => `last used ${when}`,
  unknown: 'If you do not recognize one of these, sign out everywhere and change your password.',
  everywhere: 'Sign out everywhere',
  leaving: 'Signing out…',
  means:
    'This ends all of these sessions, including this one. Studies waiting on a device stay there. They are sent when you sign in on that device again.',
  unreachable: {
    title: 'The gateway is not responding.',
    next: 'You were not signed out. Try again in a moment.',
  },
} as const;
