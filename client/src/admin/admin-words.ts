/** Words that all pages for administrators share. */
export const adminWords = {
  loading: 'Asking the gateway…',
} as const;
