/** The words of the built-in viewer, on the page of destinations. */
import type { BuiltInViewer, ViewerProblem } from '#shared/protocol/viewer.ts';

export const builtInViewerWords = {
  title: 'Built-in viewer',
  what: 'OHIF shows studies from the primary destination, unless that destination has its own viewers.',
  states: {
    'no-port': 'Off. To use it, set RELAY_VIEWER_PORT and restart the gateway.',
    absent: 'Off. The gateway downloads it when you turn it on.',
    fetching: 'The gateway is downloading it…',
    off: 'Off. Its files are already on the gateway.',
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
    what: 'Nobody can open studies in it any more. If you turn it on later, it is downloaded again.',
    yes: 'Remove',
    no: 'Keep',
  },
  /** `host` null: the package comes from a file on this machine, and no host is contacted. */
  problem: (problem: ViewerProblem, host: string | null, hasProxy: boolean) => {
    const { title, next } = problems[problem];
    if (host === null) return { title: title.replace('{host}', 'the file'), next };
    const way = WAYS.has(problem) ? ` ${hasProxy ? PROXY_SET : NO_PROXY_SET} ${COPY}` : '';
    const at = hasProxy && OF_EITHER.has(problem) ? `${host} or the proxy` : host;
    return { title: title.replace('{host}', at), next: `${next}${way}` };
  },
} as const;

const NO_PROXY_SET =
  'HTTPS_PROXY is not set. If Internet access requires a proxy, set it and restart the gateway.';
const PROXY_SET = 'HTTPS_PROXY is set. Check that address too.';
const COPY =
  'Or set RELAY_VIEWER_PACKAGE to a copy of the package (file: if it is on the gateway’s machine, https: if it is elsewhere).';

/** Problems that a proxy or a local copy of the package may solve. */
const WAYS: ReadonlySet<ViewerProblem> = new Set([
  ...(['name-not-found', 'refused', 'no-answer', 'not-trusted', 'proxy-refuses'] as const),
  ...(['bad-status', 'unreachable'] as const),
]);

/** Errors on the way to a proxy look like errors on the way to the host. */
const OF_EITHER: ReadonlySet<ViewerProblem> = new Set([
  ...(['name-not-found', 'refused', 'no-answer', 'not-trusted', 'bad-status'] as const),
]);

const problems = {
  'name-not-found': {
    title: 'The gateway cannot find an address for {host}.',
    next: 'Check the DNS settings of the gateway’s machine.',
  },
  refused: {
    title: '{host} refuses the gateway’s connection.',
    next: 'A firewall may be blocking it. Allow the gateway to reach this host.',
  },
  'no-answer': {
    title: '{host} does not respond to the gateway.',
    next: 'A firewall may be dropping the connection. Allow the gateway to reach this host.',
  },
  'not-trusted': {
    title: 'The gateway does not trust the certificate of {host}.',
    next: 'A device on the network may be inspecting TLS traffic. Exclude the gateway’s connection to this host from inspection.',
  },
  'proxy-refuses': {
    title: 'The proxy does not allow the gateway to reach {host}.',
    next: 'Allow this host in the proxy. Status 407 means that HTTPS_PROXY must contain a user name and password.',
  },
  'bad-status': {
    title: '{host} returned an error instead of the package.',
    next: 'Try again later. Status 401 or 403 means that the host or a proxy requires signing in.',
  },
  unreachable: {
    title: 'The package could not be downloaded from {host}.',
    next: 'See the error viewer-not-installed in the gateway’s log.',
  },
  'disk-error': {
    title: 'The gateway cannot read or write its files.',
    next: 'The gateway’s account must be able to write to RELAY_DATA_DIR and, if RELAY_VIEWER_PACKAGE is set, to read that file. See the error viewer-not-installed in the gateway’s log.',
  },
  'not-there': {
    title: 'The package was not found.',
    next: 'Check RELAY_VIEWER_PACKAGE.',
  },
  'wrong-digest': {
    title: 'The downloaded file is not the expected package.',
    next: 'It was changed on the way, or RELAY_VIEWER_PACKAGE points to another version. Nothing was kept.',
  },
  damaged: { title: 'The package cannot be unpacked.', next: 'Nothing was kept. Try again.' },
  'no-room': {
    title: 'The gateway’s disk does not have enough space.',
    next: 'The viewer needs 200 MB for unpacking. Free some space, then try again.',
  },
} satisfies Record<ViewerProblem, { title: string; next: string }>;
