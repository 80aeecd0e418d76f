/** Words shared by all administration pages. */
export const adminWords = {
  overview: 'Overview',
  loading: 'Loading from the gateway…',
} as const;
