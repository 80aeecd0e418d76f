/** The words of the page of one study that the gateway knows. */

export const sentStudyWords = {
  loading: 'Loading the study…',
  missing: 'This study was not found. It may have been taken back, or you don’t have permission to open it.',
  failed: 'The gateway is not responding. Check the connection, then try again.',
  again: 'Try again',
  /** The times of the first and the newest upload. */
  began: (moments: readonly string[]) => `sending began ${moments.join(' and again ')}`,
  by: (names: string) => `by ${names}`,
} as const;
