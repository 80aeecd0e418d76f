/** Words shared by all administration pages. */
export const adminWords = {
  loading: 'Loading from the gateway…',
} as const;
