/** The words of the built-in viewer, on the page of destinations. */
import type { BuiltInViewer, ViewerProblem } from '#shared/protocol/viewer.ts';

export const builtInViewerWords = {
  title: 'Built-in viewer',
  what: 'OHIF shows studies of the primary destination, unless that destination has viewers of its own.',
  states: {
    'no-port': 'Off. To use it, set RELAY_VIEWER_PORT and restart the gateway.',
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
  'HTTPS_PROXY is not set: where only a proxy reaches the Internet, set it and restart the gateway.';
const PROXY_SET = 'HTTPS_PROXY is set: check that address too.';
const COPY =
  'Or set RELAY_VIEWER_PACKAGE to a copy of the package, file: on this machine or https: on another.';

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
    title: 'The gateway finds no address for {host}.',
    next: 'Check the name servers of the gateway’s machine.',
  },
  refused: {
    title: '{host} refuses the gateway’s connection.',
    next: 'A firewall may refuse it: allow the gateway to reach this host.',
  },
  'no-answer': {
    title: '{host} does not answer the gateway.',
    next: 'A firewall may drop the connection: allow the gateway to reach this host.',
  },
  'not-trusted': {
    title: 'The gateway does not trust the certificate of {host}.',
    next: 'Something between them may open TLS: let the gateway’s connection to this host through unopened.',
  },
  'proxy-refuses': {
    title: 'The proxy does not let the gateway reach {host}.',
    next: 'Allow this host in the proxy. Status 407 means that it wants a user name and password in HTTPS_PROXY.',
  },
  'bad-status': {
    title: '{host} answers with an error instead of the package.',
    next: 'Try again later. Status 401 or 403 means that the host, or a proxy, wants somebody to sign in.',
  },
  unreachable: {
    title: 'The package could not be fetched from {host}.',
    next: 'The gateway’s log has the error: viewer-not-installed.',
  },
  'disk-error': {
    title: 'The gateway cannot read or write its files.',
    next: 'Its account must be able to write in RELAY_DATA_DIR and, where RELAY_VIEWER_PACKAGE names a file, to read that file. The gateway’s log has the error: viewer-not-installed.',
  },
  'not-there': {
    title: 'The package is not where it should be.',
    next: 'Check RELAY_VIEWER_PACKAGE.',
  },
  'wrong-digest': {
    title: 'The file that came is not the package that this version knows.',
    next: 'Something on the way changed it, or RELAY_VIEWER_PACKAGE names another version. Nothing was kept.',
  },
  damaged: { title: 'The package cannot be unpacked.', next: 'Nothing was kept. Try again.' },
  'no-room': {
    title: 'The gateway’s disk has too little room.',
    next: 'The viewer needs 200 MB while it is unpacked. Free some, then try again.',
  },
} satisfies Record<ViewerProblem, { title: string; next: string }>;
