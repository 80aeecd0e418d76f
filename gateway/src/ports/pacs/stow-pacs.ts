/**
 * Any PACS that speaks DICOMweb: STOW-RS, QIDO-RS and WADO-RS (PS3.18 §10). Streams both ways with fetch.
 */
import { DESCRIBED, parseJson, readSearchAnswer, readStoreAnswer } from './dicom-json.ts';
import { firstPart, gatherAll, hashAll, storeRequestBody } from './multipart.ts';
import { createPacsHttp, withoutCredentials, type PacsHttp, type PacsSettings } from './pacs-http.ts';
import {
  PacsUnreachable,
  type DescribedInstance,
  type FoundInstance,
  type InstanceToStore,
  type Pacs,
  type StoreAnswer,
} from './pacs.ts';

const DICOM_JSON = 'application/dicom+json';

/** UIDs in one search: 40 make a URL of 2.7 kB at most; proxies commonly end at 4 or 8 kB. */
const UIDS_IN_A_SEARCH = 40;
/** Searches at once: as many as a browser opens to one host. */
const SEARCHES_AT_ONCE = 4;
/** Rows asked for at once in a search of a study; a PACS may give fewer. */
const PAGE = 2000;

/** A PACS by its DICOMweb root. */
type Web = { readonly root: string; readonly http: PacsHttp };

export function createStowPacs(settings: PacsSettings): Pacs {
  const web: Web = { root: settings.url.replace(/\/+$/, ''), http: createPacsHttp(settings) };
  return {
    describe: () => withoutCredentials(web.root),
    storeAnotherWay: null,
    storeInstances: (study, instances, signal) => storeInstances(web, study, instances, signal),
    findStudy: (study, signal, enough) => findStudy(web, study, signal, enough),
    findInstances: (sopInstanceUIDs, signal) => findInstances(web, sopInstanceUIDs, signal),
    readBack: (where, signal) => retrieve(web, where, signal, hashAll),
    fetchInstance: (where, maxBytes, signal) => fetchInstance(web, where, maxBytes, signal),
    describeStudy: (study, limit, signal) => describeStudy(web, study, limit, signal),
    async probe(signal) {
      await search(web, '/studies?limit=1', signal);
    },
  };
}

async function search(
  { root, http }: Web,
  path: string,
  signal: AbortSignal,
): Promise<readonly DescribedInstance[]> {
  return http.exchange(`${root}${path}`, { accept: DICOM_JSON }, signal, async (response) => {
    const text = await response.text();
    // PS3.18 §10.6.3: 200 with results, 204 where nothing was found; some say 404 for a study that they do
    // not have.
    if (response.status === 204 || response.status === 404) return [];
    const body = parseJson(text);
    if (!response.ok || !Array.isArray(body))
      throw new PacsUnreachable(`the PACS answered a search with ${response.status}`, response.status);
    return readSearchAnswer(body);
  });
}

/** WADO-RS, the bytes as `read` reads them; null: the instance is not there. */
async function retrieve<T>(
  { root, http }: Web,
  where: FoundInstance,
  signal: AbortSignal,
  read: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T | null> {
  const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = where;
  const url = `${root}/studies/${studyInstanceUID}/series/${seriesInstanceUID}/instances/${sopInstanceUID}`;
  // PS3.18 §8.7.3.5.2: transfer-syntax=* asks for the encoding in which it is stored.
  const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*';
  return http.exchange(url, { accept }, signal, async (response, alive): Promise<T | null> => {
    if (response.status === 404 || response.status === 410) {
      await response.body?.cancel();
      return null;
    }
    if (!response.ok || response.body === null)
      throw new PacsUnreachable(`the PACS answered ${response.status}`, response.status);
    return read(firstPart(response.headers.get('content-type') ?? '', response.body, alive));
  });
}

async function fetchInstance(
  web: Web,
  where: FoundInstance,
  maxBytes: number,
  signal: AbortSignal,
): ReturnType<Pacs['fetchInstance']> {
  const fetched = await retrieve(web, where, signal, async (pieces) => ({
    bytes: await gatherAll(pieces, maxBytes),
  }));
  if (fetched === null) return null;
  return fetched.bytes === null ? { kind: 'too-large' } : { kind: 'fetched', bytes: fetched.bytes };
}

async function storeInstances(
  { root, http }: Web,
  studyInstanceUID: string,
  instances: readonly InstanceToStore[],
  signal: AbortSignal,
): Promise<readonly StoreAnswer[]> {
  const body = storeRequestBody(instances);
  const request = {
    method: 'POST' as const,
    accept: DICOM_JSON,
    contentType: body.contentType,
    contentLength: body.contentLength,
    body: body.stream(signal),
  };
  return http.exchange(`${root}/studies/${studyInstanceUID}`, request, signal, async (response) => {
    const answers = readStoreAnswer(parseJson(await response.text()), instances);
    return instances.length === 1 ? [answerForOne(answers[0]!, response.status)] : answers;
  });
}

async function findStudy(
  web: Web,
  studyInstanceUID: string,
  signal: AbortSignal,
  enough?: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let offset = 0; ; ) {
    const path = `/studies/${studyInstanceUID}/instances?limit=${PAGE}&offset=${offset}`;
    const rows = await search(web, path, signal);
    const before = found.size;
    for (const row of rows) found.add(row.sopInstanceUID);
    // A PACS that ignores `offset` repeats itself: a page without anything new is the end as well.
    if (rows.length === 0 || found.size === before || enough?.isSubsetOf(found)) return found;
    offset += rows.length;
  }
}

async function findInstances(
  web: Web,
  sopInstanceUIDs: readonly string[],
  signal: AbortSignal,
): Promise<readonly FoundInstance[]> {
  const groups: string[][] = [];
  for (let at = 0; at < sopInstanceUIDs.length; at += UIDS_IN_A_SEARCH)
    groups.push(sopInstanceUIDs.slice(at, at + UIDS_IN_A_SEARCH));
  const found: DescribedInstance[] = [];
  const next = async (): Promise<void> => {
    for (let group = groups.shift(); group; group = groups.shift()) {
      // PS3.18 §8.3.4.1: UID List Matching takes a comma-separated list.
      found.push(
        ...(await search(web, `/instances?SOPInstanceUID=${group.join(',')}&limit=${PAGE}`, signal)),
      );
    }
  };
  await Promise.all(Array.from({ length: SEARCHES_AT_ONCE }, next));
  // A PACS that does not know the list, or matches by wildcard, answers with more than was asked for.
  const asked = new Set(sopInstanceUIDs);
  return found
    .filter(({ sopInstanceUID }) => asked.has(sopInstanceUID))
    .map(({ studyInstanceUID, seriesInstanceUID, sopInstanceUID }) => ({
      studyInstanceUID,
      seriesInstanceUID,
      sopInstanceUID,
    }));
}

async function describeStudy(
  web: Web,
  studyInstanceUID: string,
  limit: number,
  signal: AbortSignal,
): Promise<readonly DescribedInstance[]> {
  const found = new Map<string, DescribedInstance>();
  while (found.size < limit) {
    const query = `includefield=${DESCRIBED.join(',')}&limit=${Math.min(PAGE, limit - found.size)}&offset=${found.size}`;
    const before = found.size;
    for (const row of await search(web, `/studies/${studyInstanceUID}/instances?${query}`, signal))
      found.set(row.sopInstanceUID, row);
    if (found.size === before) break;
  }
  return [...found.values()].slice(0, limit);
}

/**
 * For a request with one instance the status is an answer where the body gives none: PS3.18 Table 10.5.3-1.
 */
function answerForOne(answer: StoreAnswer, status: number): StoreAnswer {
  if (answer.outcome !== 'unanswered' || status < 400 || status >= 500) return answer;
  return { ...answer, outcome: 'refused' };
}
