/** The checks of a visit, and the form of a diagnosis. */

export const CHECKS = {
  folder: 'Folder',
  name: 'Name',
  connection: 'Connection',
  certificate: 'TLS certificate',
  'certificate-name': 'TLS name',
  clock: 'Clock',
  authentication: 'Authentication',
  association: 'Association',
  echo: 'C-ECHO',
  contexts: 'Kinds of images',
  search: 'Search (QIDO-RS)',
  rest: 'Orthanc’s REST API',
  find: 'Search (C-FIND)',
  get: 'Retrieval (C-GET)',
  'uid-lists': 'Lists of UIDs',
  rows: 'Rows of a search',
  retrieval: 'Retrieval (WADO-RS)',
  'media-types': 'Media types',
  store: 'Store',
  'body-size': 'Largest body',
  chunked: 'Chunked bodies',
  garbage: 'Garbage',
  lag: 'Lag of the search',
  'read-back': 'Bit for bit',
  duplicates: 'Duplicates',
  removal: 'Removal',
  commitment: 'Storage commitment',
  cors: 'CORS',
} as const;

export type CheckName = keyof typeof CHECKS;

const OF_WEB_ALONE = [
  ...([
    'clock',
    'authentication',
    'search',
    'rest',
    'uid-lists',
    'rows',
    'retrieval',
    'media-types',
  ] as const),
  ...(['body-size', 'chunked', 'garbage', 'duplicates', 'cors'] as const),
] as const;
const OF_DIMSE_ALONE = ['association', 'echo', 'contexts', 'find', 'get'] as const;

/** In the order of the table. `rest`: only where it has to be there. */
export function checksOf(way: 'web' | 'dimse', isOrthanc: boolean): readonly CheckName[] {
  const others: readonly CheckName[] = way === 'web' ? OF_DIMSE_ALONE : OF_WEB_ALONE;
  return (Object.keys(CHECKS) as CheckName[]).filter(
    (check) => check !== 'folder' && !others.includes(check) && (check !== 'rest' || isOrthanc),
  );
}
/** `skipped`: not looked at, and the sentence says why. */
export type Result = 'ok' | 'warn' | 'fail' | 'skipped';
/** Where something is changed; `any`: wherever it is. */
export type Place = 'any' | 'nginx' | 'Orthanc' | 'dcm4chee' | 'cloud';

export type Diagnosis = {
  readonly check: CheckName;
  readonly result: Result;
  readonly says: string;
  readonly change?: Readonly<Partial<Record<Place, string>>>;
};
