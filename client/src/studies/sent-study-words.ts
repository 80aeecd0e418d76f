/** The words of the page of one study that the gateway knows. */

export const sentStudyWords = {
  loading: 'Asking the gateway…',
  missing: 'The gateway has no such study, or it is not for your account. It may have been taken back.',
  failed: 'The gateway does not answer. Check the connection, then try again.',
  again: 'Try again',
  /** The times of the first and the newest upload. */
  began: (moments: readonly string[]) => `sending began ${moments.join(' and again ')}`,
  by: (names: string) => `by ${names}`,
} as const;
