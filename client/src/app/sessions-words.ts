/** The words of the list of a person's own sessions. */
import type { ListedSession } from '#shared/protocol/api.ts';

export const sessionsWords = {
  title: 'Where you are signed in',
  loading: 'Asking the gateway…',
  here: 'This browser',
  kinds: {
    session: 'Another browser or program',
    device: 'A device that sends your studies',
  } satisfies Record<ListedSession['kind'], string>,
  since: { session: 'signed in', device: 'since' } satisfies Record<ListedSession['kind'], string>,
  usedNow: 'in use now',
  lastUsed: (when: string) => `last used ${when}`,
  unknown: 'Is one of them not yours? Sign out everywhere, then change your password.',
  everywhere: 'Sign out everywhere',
  leaving: 'Signing out…',
  means:
    'Signing out everywhere ends all of these, here too. Studies that wait on a device stay there and are sent once you sign in on it.',
  unreachable: {
    title: 'The gateway does not answer.',
    next: 'Nobody was signed out. Try again in a moment.',
  },
} as const;
