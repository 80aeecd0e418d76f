/** The checks of a visit, and the form of a diagnosis. */

export const CHECKS = {
  name: 'Name',
  connection: 'Connection',
  certificate: 'TLS certificate',
  'certificate-name': 'TLS name',
  clock: 'Clock',
  authentication: 'Authentication',
  search: 'Search (QIDO-RS)',
  'uid-lists': 'Lists of UIDs',
  rows: 'Rows of a search',
  retrieval: 'Retrieval (WADO-RS)',
  'media-types': 'Media types',
  store: 'Store (STOW-RS)',
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
