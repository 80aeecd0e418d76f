/** The words of the frame around the pages: navigation, status line, sign-in, account and updates. */
import { counted, images, studies } from '../kit/counted.ts';
import { formatCount } from '../kit/format.ts';
import { BY_HAND } from './lock-mark.ts';
import type { UpdateState } from './updates.ts';

export const appWords = {
  skipToContent: 'Skip to the content',
  lock: 'Lock',

  nav: {
    label: 'Pages',
    queueCount: (count: number) => `${studies(count)} in the queue`,
  },

  status: {
    label: 'Status of this device',
    link: {
      unknown: 'Looking for the gateway',
      online: 'Online',
      offline: 'Offline',
      'gateway-unreachable': 'Gateway not reachable',
      'pacs-unreachable': 'PACS not reachable',
      'pacs-refuses-sign-in': 'The PACS rejects the gateway’s password. An administrator must correct this.',
      'pacs-settings-wrong': 'The gateway’s PACS settings are wrong. An administrator must correct this.',
      'pacs-no-search': 'The PACS responds, but cannot be searched. An administrator must correct this.',
      'pacs-no-retrieval': 'The PACS does not return stored images. An administrator must correct this.',
    },
    worksOffline: 'This device can work offline',
    /** A link to the list, where the study can be sent anyway. */
    waitsForWifi: 'Mobile data: waiting for Wi-Fi',
    paused: (count: number) => `${studies(count)} paused`,
    keepOpen: (unsafe: number) =>
      `Keep this page open: ${images(unsafe)} ${unsafe === 1 ? 'is' : 'are'} not saved yet`,
    notQueued: (chosen: number, send: 'here' | 'on-upload' | null) =>
      `${images(chosen)} chosen, not saved yet.${send === null ? '' : send === 'here' ? ' Press Send.' : ' Press Send on the Upload page.'}`,
    inPacs: (chosen: number) => `${images(chosen)} chosen, ${chosen === 1 ? '' : 'all '}already in the PACS`,
    refused: (count: number) => `${counted(count, 'reading was', 'readings were')} not saved`,
    refusedVerdicts: (count: number) => `${counted(count, 'verdict needs', 'verdicts need')} your decision`,
    verdicts: (count: number) =>
      `${counted(count, 'verdict is', 'verdicts are')} not sent yet. Stay signed in.`,
    /** `travelling`: how many of them are being sent. The others are paused, or wait for their sender to sign in. */
    mayClose: (safe: number, travelling: number) =>
      `You can close this page: ${images(safe)} ${safe === 1 ? 'is' : 'are'} safe here${
        travelling === 0
          ? ''
          : `, and the browser keeps sending${travelling < safe ? ` ${travelling} of them` : ''}`
      }`,
    /** Said in a browser that sends only while the page is open. */
    goesOnOpen: (safe: number) =>
      `Keep this page open: ${images(safe)} ${safe === 1 ? 'is' : 'are'} safe here, but sending stops when you close it`,
    othersVerdicts: (count: number) =>
      `${counted(count, 'verdict is', 'verdicts are')} waiting on this device until ${count === 1 ? 'its author signs' : 'their authors sign'} in`,
    othersDecide: (count: number) =>
      `${images(count)} on this device ${count === 1 ? 'needs a decision from its sender' : 'need decisions from their senders'}`,
    /** The device keeps their copies until the gateway confirms the cancelling. */
    cancelling: (count: number) => `${studies(count)} still being cancelled`,
    notSent: (count: number) =>
      `${counted(count, 'image was', 'images were')} not sent. Choose ${count === 1 ? 'it' : 'them'} again.`,
    /** An earlier page stopped reading, and its choice is lost. */
    stopped: (read: number, found: number) =>
      `Reading was interrupted: ${formatCount(read)} of ${counted(found, 'file', 'files')} read`,
    /** The page ended while it read files. How many it had not read is not known. */
    cutOff: 'Reading the files was interrupted, so some may be missing. Choose all the files again.',
    dismiss: 'Dismiss',
    empty: 'Nothing is waiting on this device',
    policyUnknown: 'Policy not known yet',
    /** Some studies under way were sent under another policy. */
    exceptNamed: (policy: string, count: number) =>
      `${policy} (${studies(count)} being sent ${count === 1 ? 'uses' : 'use'} another policy)`,
  },

  signIn: {
    title: 'Sign in',
    username: 'User name',
    password: 'Password',
    show: 'Show password',
    submit: 'Sign in',
    submitting: 'Signing in…',
    missing: 'Enter your user name and password.',
    /** `minutes`: without a touch before the lock; negative: ended by the gateway, or locked by hand (lock-mark.ts). */
    signedOut: (minutes: number) =>
      minutes < 0
        ? minutes === BY_HAND
          ? 'This device was locked.'
          : 'Your session has ended. Sign in again.'
        : `You were signed out because this device was not used for ${counted(minutes, 'minute', 'minutes')}.`,
    lockedNotSent: (count: number) =>
      `${counted(count, 'image was', 'images were')} not sent. Choose ${count === 1 ? 'it' : 'them'} again after you sign in.`,
    lockedWhat: 'Studies waiting on this device stay encrypted.',
    travelling: (count: number) =>
      count === 1
        ? '1 image is still being sent from this device. Sending continues automatically, even if nobody signs in.'
        : `${images(count)} are still being sent from this device. Sending continues automatically, even if nobody signs in.`,
    waiting: (count: number) =>
      count === 1
        ? '1 image is safe on this device. It waits until the person who sent it signs in.'
        : `${images(count)} are safe on this device. They wait until the person who sent them signs in.`,
    undecided: (count: number) =>
      count === 1
        ? '1 image on this device needs a decision from its sender.'
        : `${images(count)} on this device need decisions from their senders.`,
    unsent: (count: number) =>
      count === 1
        ? '1 verdict is not sent yet. It is safe on this device until the person who gave it signs in.'
        : `${count} verdicts are not sent yet. They are safe on this device until the people who gave them sign in.`,
    offline:
      'There is no network connection. You can sign in when it is back. Nothing on this device is lost.',
    unreachable: 'The gateway is not responding. Try again in a moment. Nothing on this device is lost.',
    waitSeconds: (seconds: number) => {
      if (seconds === 1) return 'Wait a second, then try again.';
      if (seconds < 120) return `Wait ${seconds} seconds, then try again.`;
      return `Wait ${Math.ceil(seconds / 60)} minutes, then try again.`;
    },
    waitMinute: 'Wait a minute, then try again.',
    checking: 'Looking for your session…',
  },

  account: {
    nobody: 'Not signed in',
    open: (name: string) => `Account of ${name}`,
  },

  update: {
    use: 'Update now',
    /** Said while this page reads files or makes studies safe. */
    waits: 'You can update when your files have been read and saved.',
    states: {
      ready: {
        title: 'A new version is ready.',
        what: 'Updating reloads the page. Your queue is not affected.',
      },
      'other-window': {
        title: 'A new version is ready.',
        what: 'Another window is still reading or saving a study. Try again when it has finished.',
      },
      'loads-again': {
        title: 'A new version was installed.',
        what: 'This page reloads automatically when your current work here is finished.',
      },
      'part-missing': {
        title: 'Part of this page could not be loaded.',
        what: 'There may be a newer version, or no network. Reload the page. Your queue is not affected.',
      },
      taken: { title: 'You are now using the new version.', what: 'Your queue is not affected.' },
    } satisfies Record<Exclude<UpdateState, 'none'>, { title: string; what: string }>,
  },

  problem: {
    title: 'Something went wrong on this page',
    what: 'Studies that are safe on this device are not affected.',
    next: 'Reload the page. If it happens again, an administrator must correct this.',
    reload: 'Reload the page',
  },

  notFound: {
    title: 'This page does not exist, or you don’t have permission to open it',
    next: 'Go to your start page',
  },
} as const;
