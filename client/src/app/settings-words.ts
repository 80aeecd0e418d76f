/** The words of the page of settings and storage. */
import { counted, files, images, studies } from '../kit/counted.ts';
import { formatBytes, formatCount } from '../kit/format.ts';

export const settingsWords = {
  appearance: 'Appearance',
  theme: 'Theme',
  text: 'Text size',
  texts: { normal: 'Normal', large: 'Large', larger: 'Very large' },

  sending: 'Sending',
  wifiOnly: 'Send only over Wi-Fi',
  wifiOnlyWhat:
    'On mobile data, all studies on this device wait for Wi-Fi, for every user. You can still send them from the list of studies.',

  storage: 'Storage on this device',
  reading: 'Measuring…',
  space: (used: number, free: number) => `${formatBytes(used)} used, ${formatBytes(free)} free`,
  spaceUnknown: 'The browser does not show how much space is left.',
  holds: {
    waiting: 'Waiting to be sent',
    receipts: 'In the PACS, with a receipt',
    others: 'Other people’s studies, being sent',
    models: 'AI model files',
  },
  waiting: (count: number, of: number) => (count === 0 ? 'none' : `${studies(count)}, ${images(of)}`),
  count: (count: number) => (count === 0 ? 'none' : formatCount(count)),
  files: (count: number) => (count === 0 ? 'none' : files(count)),

  finished: (days: number) =>
    `Studies are removed from this device’s list ${counted(days, 'day', 'days')} after they arrived in the PACS. The gateway keeps their receipts.`,

  kept: 'The browser will not delete studies that are waiting to be sent, even if space runs out.',
  notKept: 'If space runs out, the browser may delete studies that are waiting to be sent.',
  keptUnknown:
    'If space runs out, this browser may delete studies that are waiting to be sent. It does not show whether it will.',
  keep: 'Ask the browser not to delete waiting studies',
  keepRefused: 'The browser did not agree. Most browsers do when the app is installed or used often.',
  install: 'Install the app',
  installed: 'The app is installed on this device.',
  installHow:
    'To install the app, open the browser’s menu and choose “Install” or “Add to Home Screen”, if available.',
  installWhat: 'Once installed, it opens like any app, and browsers keep what it stores for longer.',

  lock: 'Automatic lock',
  lockAfter: (minutes: number) =>
    `After ${counted(minutes, 'minute', 'minutes')} without input, you are signed out and the screen is cleared. Sending continues. To lock right away, press Lock.`,
  lockNever: 'This site has no automatic lock. Before you put the device down, press Lock.',
  lockUnknown: 'Waiting for the gateway to report this setting.',

  about: 'This version',
  version: (version: string) => `RelayPACS ${version}`,
  report: 'Report for your IT staff',
  reportWhat:
    'Contains versions, counts and what this browser supports. No patient names or IDs, and no file names.',
  copy: 'Copy the report',
  copied: 'Copied',
  save: 'Save as a file',
  fileName: 'relaypacs-device-report.txt',
} as const;
