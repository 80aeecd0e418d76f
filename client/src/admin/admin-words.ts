/** The words that all pages for administrators share: what may go wrong on them. */

export const adminWords = {
  retry: 'Try again',
  loading: 'Asking the gateway…',
  offline: {
    title: 'This device is offline.',
    next: 'Try again once it is back on the network.',
  },
  unreachable: { title: 'The gateway does not answer.', next: 'Check the connection, then try again.' },
} as const;
