/** The checks of an examination, and the form of a diagnosis. */

/** `way`: the only kind of destination that has the check; by default all destinations except folders. */
type Check = { readonly title: string; readonly way?: 'web' | 'dimse' | 'folder' };

/** In the order in which a report lists them. */
const TABLE = {
  folder: { title: 'Folder', way: 'folder' },
  name: { title: 'Name' },
  connection: { title: 'Connection' },
  certificate: { title: 'TLS certificate' },
  'certificate-name': { title: 'TLS name' },
  clock: { title: 'Clock', way: 'web' },
  authentication: { title: 'Authentication', way: 'web' },
  association: { title: 'Association', way: 'dimse' },
  echo: { title: 'C-ECHO', way: 'dimse' },
  contexts: { title: 'Kinds of images', way: 'dimse' },
  search: { title: 'Search (QIDO-RS)', way: 'web' },
  rest: { title: 'Orthanc’s REST API', way: 'web' },
  find: { title: 'Search (C-FIND)', way: 'dimse' },
  get: { title: 'Retrieval (C-GET)', way: 'dimse' },
  'uid-lists': { title: 'Lists of UIDs', way: 'web' },
  rows: { title: 'Rows of a search', way: 'web' },
  retrieval: { title: 'Retrieval (WADO-RS)', way: 'web' },
  'media-types': { title: 'Media types', way: 'web' },
  store: { title: 'Store' },
  'body-size': { title: 'Largest body', way: 'web' },
  chunked: { title: 'Chunked bodies', way: 'web' },
  garbage: { title: 'Garbage', way: 'web' },
  lag: { title: 'Lag of the search' },
  'read-back': { title: 'Bit for bit' },
  duplicates: { title: 'Duplicates', way: 'web' },
  removal: { title: 'Removal' },
  commitment: { title: 'Storage commitment' },
  cors: { title: 'CORS', way: 'web' },
} as const satisfies Record<string, Check>;

export type CheckName = keyof typeof TABLE;
export const CHECKS: Readonly<Record<CheckName, Check>> = TABLE;

/** In the order of the table. `rest` is included only for an Orthanc with a REST API. */
export function checksOf(way: 'web' | 'dimse', isOrthanc: boolean): readonly CheckName[] {
  return (Object.keys(CHECKS) as CheckName[]).filter(
    (check) => (CHECKS[check].way ?? way) === way && (check !== 'rest' || isOrthanc),
  );
}

/** `skipped`: not checked; the text says why. */
export type Result = 'ok' | 'warn' | 'fail' | 'skipped';
/** The system on which to change something; `any`: wherever it is. */
export type Place = 'any' | 'nginx' | 'Orthanc' | 'dcm4chee' | 'cloud';

/**
 * The meaning of a diagnosis, keyed by its severity, and what to change on which system. `{name}` is a placeholder for
 * a fact.
 */
type Diagnosis = { [R in Result]: Readonly<Record<R, string>> }[Result] &
  Readonly<Partial<Record<Place, string>>>;
/** Diagnoses by their checks and codes. */
export type Diagnoses = Readonly<Partial<Record<CheckName, Readonly<Record<string, Diagnosis>>>>>;
