/** The words of the page of one study that the gateway knows. */
import type { StudyStanding } from '#shared/protocol/studies.ts';

export const sentStudyWords = {
  loading: 'Asking the gateway…',
  missing: 'The gateway has no such study, or it is not for your account. It may have been taken back.',
  failed: 'The gateway does not answer. Check the connection, then try again.',
  again: 'Try again',
  standings: {
    'needs-you': 'Waits for a person',
    'under-way': 'On its way',
    ended: 'Done: its receipt is there',
  } satisfies Record<StudyStanding, string>,
  sent: (when: string) => `sent ${when}`,
  to: ' to ',
  by: (names: string) => `by ${names}`,
} as const;
