/** Words shared by all administration pages. */
export const adminWords = {
  loading: 'Asking the gateway…',
} as const;
