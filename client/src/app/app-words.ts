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
      'pacs-refuses-sign-in': 'The PACS refuses the gateway’s password: an administrator must act',
      'pacs-settings-wrong': 'The gateway’s settings for the PACS are wrong: an administrator must act',
      'pacs-no-search': 'The PACS answers, but does not search: an administrator must act',
      'pacs-no-retrieval': 'The PACS does not give back what it stores: an administrator must act',
    },
    worksOffline: 'This device works offline',
    /** A link to the list, where the study can be sent anyway. */
    waitsForWifi: 'Mobile data: waiting for Wi-Fi',
    paused: (count: number) => `${studies(count)} paused`,
    keepOpen: (unsafe: number) =>
      `Keep this page open: ${images(unsafe)} ${unsafe === 1 ? 'is' : 'are'} not safe yet`,
    notQueued: (chosen: number, send: 'here' | 'on-upload' | null) =>
      `${images(chosen)} chosen, not safe yet${send === null ? '' : send === 'here' ? ': press Send' : ': press Send under Upload'}`,
    inPacs: (chosen: number) => `${images(chosen)} chosen: ${chosen === 1 ? '' : 'all '}in the PACS already`,
    refused: (count: number) => `${counted(count, 'reading was', 'readings were')} not saved`,
    refusedVerdicts: (count: number) => `${counted(count, 'verdict', 'verdicts')} to decide`,
    verdicts: (count: number) =>
      `${counted(count, 'verdict is', 'verdicts are')} not sent yet: stay signed in`,
    /** `travelling`: how many of them are being sent. The others are paused, or wait for their sender to sign in. */
    mayClose: (safe: number, travelling: number) =>
      `You can close this page: ${images(safe)} ${safe === 1 ? 'is' : 'are'} safe here${
        travelling === 0
          ? ''
          : `, and the browser keeps sending${travelling < safe ? ` ${travelling} of them` : ''}`
      }`,
    /** Said in a browser that sends only while the page is open. */
    goesOnOpen: (safe: number) =>
      `Keep this page open: ${images(safe)} ${safe === 1 ? 'is' : 'are'} safe here, but sent only while it is open`,
    othersVerdicts: (count: number) =>
      `${counted(count, 'verdict is', 'verdicts are')} waiting on this device until ${count === 1 ? 'its author signs' : 'their authors sign'} in`,
    othersDecide: (count: number) =>
      `${images(count)} on this device for ${count === 1 ? 'its sender' : 'their senders'} to decide`,
    /** The device keeps their copies until the gateway confirms the cancelling. */
    cancelling: (count: number) => `${studies(count)} still being cancelled`,
    notSent: (count: number) =>
      `${counted(count, 'image was', 'images were')} not sent. Choose ${count === 1 ? 'it' : 'them'} again.`,
    /** An earlier page stopped reading, and its choice is lost. */
    stopped: (read: number, found: number) =>
      `Reading was stopped: ${formatCount(read)} of ${counted(found, 'file', 'files')} read`,
    dismiss: 'Dismiss',
    empty: 'Nothing is waiting on this device',
    policyUnknown: 'Policy not known yet',
    /** Some studies under way were sent under another policy. */
    exceptNamed: (policy: string, count: number) => `${policy}, but kept in ${studies(count)} under way`,
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
        : `Signed out: nobody used this device for ${counted(minutes, 'minute', 'minutes')}.`,
    lockedNotSent: (count: number) =>
      `${counted(count, 'image was', 'images were')} not sent. Choose ${count === 1 ? 'it' : 'them'} again after you sign in.`,
    lockedWhat: 'Studies that wait here stay encrypted.',
    travelling: (count: number) =>
      count === 1
        ? '1 image is still on its way from this device. Sending continues automatically; nobody has to sign in.'
        : `${images(count)} are still on their way from this device. Sending continues automatically; nobody has to sign in.`,
    waiting: (count: number) =>
      count === 1
        ? '1 image is safe on this device. It waits until the person who sent it signs in.'
        : `${images(count)} are safe on this device. They wait until the person who sent them signs in.`,
    undecided: (count: number) =>
      count === 1
        ? '1 image on this device is waiting for its sender to decide.'
        : `${images(count)} on this device are waiting for their senders to decide.`,
    unsent: (count: number) =>
      count === 1
        ? '1 verdict is not sent yet. It is safe on this device until the person who gave it signs in.'
        : `${count} verdicts are not sent yet. They are safe on this device until the people who gave them sign in.`,
    offline: 'There is no network. You can sign in once it is back. Nothing on this device is lost.',
    unreachable: 'The gateway does not answer. Try again in a moment. Nothing on this device is lost.',
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
    use: 'Use it now',
    /** Said while this page reads files or makes studies safe. */
    waits: 'It waits until reading is done.',
    states: {
      ready: {
        title: 'A new version is ready.',
        what: 'The page reloads; the queue stays as it is.',
      },
      'other-window': {
        title: 'A new version is ready.',
        what: 'Another window is reading a study or making it safe. Press again once it is done.',
      },
      'loads-again': {
        title: 'A new version was installed.',
        what: 'This page reloads automatically once your work here is done.',
      },
      'part-missing': {
        title: 'Part of this page could not be loaded.',
        what: 'There is a newer version, or no network. Reload the page; the queue stays as it is.',
      },
      taken: { title: 'This is the new version.', what: 'The queue is unchanged.' },
    } satisfies Record<Exclude<UpdateState, 'none'>, { title: string; what: string }>,
  },

  problem: {
    title: 'Something went wrong on this page',
    what: 'Studies that are safe on this device are not affected.',
    next: 'Reload the page. If it happens again, an administrator must act.',
    reload: 'Reload the page',
  },

  notFound: { title: 'There is no such page, or it is not for your account', next: 'Go to your start page' },
} as const;
