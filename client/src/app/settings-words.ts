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
    'On mobile data, studies of everybody who uses this device wait here. You can send them anyway from the list.',

  storage: 'Storage on this device',
  reading: 'Measuring…',
  space: (used: number, free: number) => `${formatBytes(used)} used, ${formatBytes(free)} free`,
  spaceUnknown: 'The browser does not say how much space there is.',
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
    `Studies in the PACS leave this device’s list ${counted(days, 'day', 'days')} after they arrived. Their receipts stay with the gateway.`,

  kept: 'The browser has promised to keep what waits here, also when space runs out.',
  notKept: 'If space runs out, the browser may delete studies that wait here.',
  keptUnknown: 'This browser does not say whether it keeps what waits here when space runs out.',
  keep: 'Ask the browser to keep it',
  keepRefused:
    'The browser has not promised it. Most browsers do so once the app is installed or used often.',
  install: 'Install the app',
  installed: 'The app is installed on this device.',
  installHow:
    'To install the app, open the browser’s menu and choose “Install” or “Add to Home Screen”, if it has either.',
  installWhat: 'Once installed, it opens like any app, and browsers keep what it stores for longer.',

  lock: 'Automatic lock',
  lockAfter: (minutes: number) =>
    `After ${counted(minutes, 'minute', 'minutes')} without a touch or a key you are signed out, and the screen is cleared. Sending continues. Lock, in the menu with your name, does so at once.`,
  lockNever:
    'This site has no automatic lock. Before you put the device down, press Lock in the menu with your name.',
  lockUnknown: 'Known once the gateway has answered.',

  about: 'This version',
  version: (version: string) => `RelayPACS ${version}`,
  report: 'Report for your IT staff',
  reportWhat:
    'Versions, counts, and what this browser can do. No names, no numbers of patients, no file names.',
  copy: 'Copy the report',
  copied: 'Copied',
  save: 'Save as a file',
  fileName: 'relaypacs-device-report.txt',
} as const;
