export const troubleWords = {
  offline: { title: 'This device is offline.', next: 'Try again once it is back on the network.' },
  unreachable: { title: 'The gateway does not answer.', next: 'Check the connection, then try again.' },
  foreign: {
    title: 'Something else answers in the gateway’s place.',
    next: 'A sign-in page of the network, or a proxy: open it, then try again.',
  },
  otherAccount: { title: 'Somebody else is signed in.', next: 'Sign in again, then try again.' },
  notUnderstood: {
    title: 'The gateway’s answer was not understood.',
    next: 'Reload the page; there may be a newer version.',
  },
  unknown: 'The gateway gives a reason that this page does not know.',
} as const;
