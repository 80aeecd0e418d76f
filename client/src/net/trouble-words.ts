export const troubleWords = {
  offline: { title: 'This device is offline.', next: 'Try again once it is back on the network.' },
  unreachable: { title: 'The gateway is not responding.', next: 'Check the connection, then try again.' },
  foreign: {
    title: 'Something other than the gateway is responding.',
    next: 'This may be the network’s sign-in page or a proxy. Open any web page, sign in to the network, then try again.',
  },
  otherAccount: { title: 'Someone else is signed in.', next: 'Sign in again, then try again.' },
  notUnderstood: {
    title: 'The page could not understand the gateway’s response.',
    next: 'Reload the page. There may be a newer version.',
  },
  unknown: 'The gateway gave a reason that this page does not recognize.',
  unknownNext: 'Reload the page. If it happens again, an administrator must find the cause.',
} as const;
