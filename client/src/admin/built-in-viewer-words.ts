/** The words of the built-in viewer, on the page of destinations. */
import type { BuiltInViewer, VIEWER_PROBLEMS } from '#shared/protocol/viewer.ts';

export const builtInViewerWords = {
  title: 'Built-in viewer',
  what: 'OHIF shows studies of the primary destination, unless that destination has viewers of its own.',
  states: {
    'no-port': 'Off. To use it, set RELAY_VIEWER_PORT and start the gateway again.',
    absent: 'Off. The gateway fetches it when you turn it on.',
    fetching: 'The gateway is fetching it…',
    off: 'Off. Its files are on the gateway’s disk.',
    on: 'On.',
  } satisfies Record<BuiltInViewer['state'], string>,
  version: (version: string) => `OHIF ${version}`,
  fetched: (fetched: string, size: string) => `${fetched} of ${size}`,
  unpacking: 'Unpacking…',
  turnOn: 'Turn on',
  turnOff: 'Turn off',
  stop: 'Stop',
  remove: 'Remove',
  removeViewer: 'Remove the viewer',
  askRemove: {
    title: 'Remove the viewer?',
    about: 'OHIF',
    what: 'Nobody can open studies in it any more. Turning it on later fetches it again.',
    yes: 'Remove',
    no: 'Keep',
  },
  problems: {
    unreachable: {
      title: 'The package could not be fetched.',
      next: 'Check the gateway’s way to the Internet, or set RELAY_VIEWER_PACKAGE to a copy of the package.',
    },
    'not-there': {
      title: 'The package is not where it should be.',
      next: 'Check RELAY_VIEWER_PACKAGE.',
    },
    'wrong-digest': {
      title: 'What came is not the package that this version knows.',
      next: 'Something on the way changed it, or RELAY_VIEWER_PACKAGE names another version. Nothing was kept.',
    },
    damaged: { title: 'The package cannot be unpacked.', next: 'Nothing was kept. Try again.' },
    'no-room': {
      title: 'The gateway’s disk has too little room.',
      next: 'The viewer needs 200 MB while it is unpacked. Free some, then try again.',
    },
  } satisfies Record<(typeof VIEWER_PROBLEMS)[number], { title: string; next: string }>,
} as const;
