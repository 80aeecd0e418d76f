/** The words of the frame around the pages: navigation, status line, sign-in, account and updates. */
import { instances, studies } from '../kit/counted.ts';
import type { UpdateState } from './updates.ts';

export const appWords = {
  skipToContent: 'Skip to the content',

  nav: {
    label: 'Pages',
    queueCount: (count: number) => `${studies(count)} in the queue`,
  },

  status: {
    label: 'Status of this device',
    link: {
      online: 'Online',
      offline: 'Offline',
      'gateway-unreachable': 'Gateway not reachable',
      'pacs-unreachable': 'PACS not reachable',
    },
    keepOpen: (unsafe: number) =>
      `Keep this page open: ${instances(unsafe)} ${unsafe === 1 ? 'is' : 'are'} not safe yet`,
    notQueued: (chosen: number) => `${instances(chosen)} chosen, not safe yet: press Send`,
    mayClose: (safe: number) =>
      `You can close this page: ${instances(safe)} ${safe === 1 ? 'is' : 'are'} safe here`,
    /** In a browser that goes on only while the page is open. */
    goesOnOpen: (safe: number) =>
      `Keep this page open: ${instances(safe)} ${safe === 1 ? 'is' : 'are'} safe here and ${safe === 1 ? 'goes' : 'go'} on while it is`,
    discMayGo: 'The disc may be removed',
    empty: 'Nothing waits on this device',
    policyUnknown: 'Policy not known yet',
  },

  signIn: {
    title: 'Sign in',
    username: 'User name',
    password: 'Password',
    show: 'Show password',
    submit: 'Sign in',
    submitting: 'Signing in…',
    missing: 'Type your user name and your password.',
    travelling: (count: number) =>
      count === 1
        ? '1 instance is still on its way from this device. It travels on by itself; nobody has to sign in for it.'
        : `${instances(count)} are still on their way from this device. They travel on by themselves; nobody has to sign in for them.`,
    waiting: (count: number) =>
      count === 1
        ? '1 instance is safe on this device. It waits for whoever sent it to sign in.'
        : `${instances(count)} are safe on this device. They wait for whoever sent them to sign in.`,
    offline: 'There is no network. You can sign in as soon as it is back; nothing on this device is lost.',
    unreachable: 'The gateway does not answer. Try again in a moment; nothing on this device is lost.',
    checking: 'Looking for your session…',
  },

  account: {
    nobody: 'Not signed in',
    open: (name: string) => `Account of ${name}`,
    theme: 'Appearance',
    themes: { system: 'As the device', light: 'Light', dark: 'Dark' },
    signOut: 'Sign out',
    signOutSafe: (count: number) =>
      count === 1
        ? '1 instance stays safe on this device and travels on by itself.'
        : `${instances(count)} stay safe on this device and travel on by themselves.`,
    /** Paused, or for another reason not without whoever sent them. */
    signOutWaits: (count: number) =>
      count === 1
        ? '1 instance stays safe on this device and waits here for whoever sent it.'
        : `${instances(count)} stay safe on this device and wait here for whoever sent them.`,
    signOutUnsafe: (count: number) =>
      `Not safe yet: ${instances(count)}. Signing out now takes back what is being made safe; the files themselves stay as they are.`,
    signOutEmpty: 'Nothing waits on this device.',
    keeping: 'Keeping your word…',
    unkept: 'Your word on a result was not kept',
    unkeptWhat:
      'The gateway does not take it now. Stay and try again; or sign out: it waits in this window for you, and is lost when the window is closed.',
    signOutAllTheSame: 'Sign out all the same',
    version: (version: string) => `Version ${version}`,
  },

  update: {
    use: 'Use it now',
    /** While files are read or made safe on this page. */
    waits: 'It waits until the reading is done.',
    states: {
      ready: {
        title: 'A new version is ready.',
        what: 'The page is loaded again; the queue stays as it is.',
      },
      'other-window': {
        title: 'A new version is ready.',
        what: 'Another window is reading or making a study safe: press again when it is done.',
      },
      'loads-again': {
        title: 'A new version has been taken.',
        what: 'This page is loaded again by itself when what you do here is done.',
      },
      'part-missing': {
        title: 'A part of this page could not be fetched.',
        what: 'There is a newer version, or no network. Load the page again; the queue stays as it is.',
      },
      taken: { title: 'This is the new version.', what: 'The queue is as it was.' },
    } satisfies Record<Exclude<UpdateState, 'none'>, { title: string; what: string }>,
  },

  problem: {
    title: 'Something went wrong on this page',
    what: 'Studies that are safe on this device are not touched by this.',
    next: 'Load the page again. If it happens twice, give the code to your administrator.',
    reload: 'Load the page again',
  },

  notFound: { title: 'There is no such page', next: 'Go to Upload' },
} as const;
