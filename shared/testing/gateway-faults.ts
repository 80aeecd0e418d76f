/** The faults a simulated gateway can answer or commit instead of being honest, and the answers themselves. */

/**
 * A fault of one request, and of similar ones that come within `lastsMs`. The meaning of `nth` depends on the
 * request: each route has its own faults. `back`: bytes by which an offset moves back; `lateMs`: how long the
 * answer takes.
 */
export type Fault = {
  readonly nth: number;
  readonly lateMs: number;
  readonly lastsMs: number;
  readonly back: number;
};

/**
 * Faults of the gateway itself. They may recur, but not with every request: then nothing could ever arrive.
 */
const UPSETS = [
  'expired',
  'moved-back',
  'spool-lost',
  'pacs-lost',
  'damaged',
  'all-forgotten',
  'key-changed',
] as const;
/** The faults that any request may meet. */
const ANYWHERE = [
  'none',
  'none',
  'lost-request',
  'lost-answer',
  'silence',
  'twice',
  '401',
  '429',
  '500',
  '502',
  '503',
  'page',
  'redirect',
  ...UPSETS,
] as const;
const ON_ROADS = {
  parcels: [
    'cut',
    'cut',
    '404',
    '409',
    '410',
    '413',
    '413-coded',
    '423',
    '460',
    '507',
    'seal-key-unknown',
    'stores-nothing',
  ],
  init: ['403-policy', '507'],
  complete: ['complete-early', 'complete-early', 'complete-early'],
  receipt: [
    'old-receipt',
    'forged-receipt',
    'poor-receipt',
    'forged-receipt',
    'poor-receipt',
    'other-receipt',
    'other-receipt',
  ],
  // Two gateways behind one name, of which one does not know the upload.
  other: ['unknown-upload', 'unknown-upload', 'pacs-lost', 'damaged', 'spool-lost'],
} as const;
export type Road = keyof typeof ON_ROADS;
export type FaultKind = (typeof ANYWHERE)[number] | (typeof ON_ROADS)[Road][number];

export function roadOf(path: string): Road {
  if (path.startsWith('/upload/files')) return 'parcels';
  return path === '/upload/init'
    ? 'init'
    : path.endsWith('/complete')
      ? 'complete'
      : path.endsWith('/receipt')
        ? 'receipt'
        : 'other';
}

export function kindOf(road: Road, { nth }: Fault): FaultKind {
  const kinds: readonly FaultKind[] = [...ANYWHERE, ...ON_ROADS[road]];
  return kinds[nth % kinds.length]!;
}

export const isUpset = (kind: FaultKind): boolean => (UPSETS as readonly FaultKind[]).includes(kind);

const TUS = { 'tus-resumable': '1.0.0' };

export const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
export const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ type: 'x', title: code, status, code, correlationId: 'c' }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });
export const page = (status: number, text = 'hello'): Response =>
  new Response(`<html>\n\n${text}\n\n</html>`, { status, headers: { 'content-type': 'text/html' } });
export const tus = (status: number, headers: Record<string, string> = {}): Response =>
  new Response(null, { status, headers: { ...TUS, ...headers } });

/** The answers given in the gateway's place, or by it before it reads the request. */
export const REFUSALS: Partial<Record<FaultKind, () => Response>> = {
  401: () => problem(401, 'session-ended'),
  404: () => problem(404, 'not-found'),
  409: () => tus(409),
  410: () => tus(410),
  413: () => page(413),
  '413-coded': () => problem(413, 'body-too-large'),
  423: () => tus(423),
  429: () => problem(429, 'rate-limited', { 'retry-after': '3' }),
  500: () => problem(500, 'unexpected'),
  502: () => page(502),
  503: () => problem(503, 'not-ready', { 'retry-after': '2' }),
  507: () => problem(507, 'storage-full'),
  '403-policy': () => problem(403, 'policy-not-allowed'),
  'unknown-upload': () => problem(404, 'upload-not-found'),
  page: () => page(200),
  redirect: () => new Response(null, { status: 302, headers: { location: 'http://portal/' } }),
};
/** With these the gateway refuses a study for good. */
export const FINAL: Partial<Record<FaultKind, string>> = {
  '413-coded': 'body-too-large',
  '403-policy': 'policy-not-allowed',
};
