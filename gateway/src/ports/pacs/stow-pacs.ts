/**
 * Any PACS that speaks DICOMweb: STOW-RS, QIDO-RS and WADO-RS (PS3.18 §10). Streams both ways.
 */
import { trimEnd } from '#shared/trim-end.ts';
import { DESCRIBED, readStoreAnswer, SEARCH_ANSWER, STORE_ANSWER } from './dicom-json.ts';
import { getThrough } from './dicom-web.ts';
import { STUDY_ANSWER, studyQuery } from './study-search.ts';
import { firstPart, gatherAll, hashAll, storeRequestBody } from './multipart.ts';
import {
  createPacsHttp,
  withoutCredentials,
  type PacsAnswer,
  type PacsHttp,
  type PacsSettings,
} from './pacs-http.ts';
import {
  PacsDoesNotSearch,
  PacsUnreachable,
  type DescribedInstance,
  type DescribedStudy,
  type DicomWeb,
  type FoundInstance,
  type InstanceToStore,
  type Pacs,
  type StoreAnswer,
  type StudyKey,
} from './pacs.ts';
import { askCommitment, checkCommitment, tryCommitment } from './web-commitment.ts';

const DICOM_JSON = 'application/dicom+json';

/** UIDs in one search: 40 make a URL of at most 2.7 kB; proxies commonly limit URLs to 4 or 8 kB. */
const UIDS_IN_A_SEARCH = 40;
/** Searches at once: as many as a browser makes to one host. */
const SEARCHES_AT_ONCE = 4;
/** Rows asked for at once in a search of a study; a PACS may give fewer. */
const PAGE = 2000;

/**
 * Nothing at this address takes stores or searches: it is a proxy whose backend is away, or another server. Some PACSs
 * answer 404 for a study that they do not have; then they are asked for its instances by UID.
 */
const NOT_OFFERED: readonly number[] = [404, 405, 410, 501];

/** PS3.18 §8.7.3.1. A web page, whatever its status, is from a proxy, and is not an instance. */
const DICOM_BYTES = /^(multipart\/related|application\/(dicom|octet-stream))\s*(;|$)/i;

/** Five times the largest study. A PACS may cut a list short, and so may the gateway. */
const LISTED_LIMIT = 100_000;

/** A PACS by its DICOMweb root. `pair`: two instances that it last named in one list (`findInstances`). */
type Web = { readonly root: string; readonly http: PacsHttp; pair: readonly string[] | null };

export type WebPacs = Pacs & { readonly web: DicomWeb };

export function createStowPacs(settings: PacsSettings): WebPacs {
  const web: Web = { root: trimEnd(settings.url, '/'), http: createPacsHttp(settings), pair: null };
  const commitment = settings.commitment === true;
  return {
    describe: () => withoutCredentials(web.root),
    storeAnotherWay: null,
    digestsOf: null,
    storeInstances: (study, instances, signal) => storeInstances(web, study, instances, signal),
    findStudy: (study, signal, enough) => findStudy(web, study, signal, enough),
    findInstances: (sopInstanceUIDs, signal) => findInstances(web, sopInstanceUIDs, signal),
    readBack: (where, bytes, signal) => retrieve(web, where, signal, (pieces) => hashAll(pieces, bytes)),
    fetchInstance: (where, maxBytes, signal) => fetchInstance(web, where, maxBytes, signal),
    streamInstance: (where, signal, read) => retrieve(web, where, signal, read),
    describeStudy: (study, limit, signal) => describeStudy(web, study, limit, signal),
    searchStudies: (key, limit, signal) => searchStudies(web, key, limit, signal),
    givesInstances: (signal) => givesInstances(web, signal),
    web: {
      get: (path, accept, signal) => getThrough(web, path, accept, signal),
      takesLists: (signal) => asksLists(web, signal),
    },
    askCommitment: commitment ? (wish, signal) => askCommitment(web, wish, signal) : undefined,
    checkCommitment: commitment
      ? (transactionUID, signal) => checkCommitment(web, transactionUID, signal)
      : undefined,
    async probe(signal) {
      await search(web, '/studies?limit=1', signal);
      if (commitment) await tryCommitment(web, signal);
    },
  };
}

/** Null: the PACS does not know the study, or the search is not there at all. */
async function searchOrNull(
  web: Web,
  path: string,
  signal: AbortSignal,
): Promise<readonly DescribedInstance[] | null> {
  return searchRows(web, path, signal, (answer) => answer.parse(SEARCH_ANSWER));
}

/** Searches like `searchOrNull`; `read` returns null where the answer is not a list. */
async function searchRows<Row>(
  { root, http }: Web,
  path: string,
  signal: AbortSignal,
  read: (answer: PacsAnswer) => Promise<readonly Row[] | null>,
): Promise<readonly Row[] | null> {
  return http.exchange(`${root}${path}`, { accept: DICOM_JSON }, signal, async (response) => {
    const rows = await read(response);
    // PS3.18 §10.6.3: 200 with results, 204 where nothing was found.
    if (response.status === 204) return [];
    if (response.status === 404) return null;
    if (!response.ok || rows === null) throw new PacsDoesNotSearch(response.status);
    return rows;
  });
}

async function searchStudies(
  web: Web,
  key: StudyKey,
  limit: number,
  signal: AbortSignal,
): Promise<readonly DescribedStudy[]> {
  const path = `/studies?${studyQuery(key, limit)}`;
  return (await searchRows(web, path, signal, (answer) => answer.parse(STUDY_ANSWER, key, limit))) ?? [];
}

async function search(web: Web, path: string, signal: AbortSignal): Promise<readonly DescribedInstance[]> {
  const rows = await searchOrNull(web, path, signal);
  if (rows === null) throw new PacsDoesNotSearch(404);
  return rows;
}

/** Retrieves by WADO-RS; `read` reads the bytes. Null: the PACS does not return it. */
async function retrieve<T>(
  { root, http }: Web,
  where: FoundInstance,
  signal: AbortSignal,
  read: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T | null> {
  const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = where;
  const url = `${root}/studies/${studyInstanceUID}/series/${seriesInstanceUID}/instances/${sopInstanceUID}`;
  // PS3.18 §8.7.3.5.2: transfer-syntax=* asks for the encoding in which the instance is stored.
  const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*';
  return http.exchange(url, { accept }, signal, async (response, alive): Promise<T | null> => {
    if (response.status === 404 || response.status === 410) return null;
    if (!response.ok) throw new PacsUnreachable(`the PACS answered ${response.status}`, response.status);
    if (!DICOM_BYTES.test(response.contentType))
      throw new PacsUnreachable('the PACS answered a retrieval without DICOM', response.status);
    return read(firstPart(response.contentType, response.body, alive));
  });
}

/** Instances that are tried one after the other, because a listed one may be gone or broken. */
const TRIED_INSTANCES = 3;

async function givesInstances(web: Web, signal: AbortSignal): Promise<boolean | null> {
  const listed = await search(web, `/instances?limit=${TRIED_INSTANCES}`, signal);
  for (const where of listed.slice(0, TRIED_INSTANCES)) if (await gives(web, where, signal)) return true;
  return listed.length === 0 ? null : false;
}

/** False: the PACS answers, but without the instance. */
async function gives(web: Web, where: FoundInstance, signal: AbortSignal): Promise<boolean> {
  try {
    const begun = await retrieve(web, where, signal, async (pieces) => {
      for await (const piece of pieces) if (piece.length > 0) return true;
      return false;
    });
    return begun === true;
  } catch (error) {
    if (error instanceof PacsUnreachable && error.status !== null) return false;
    throw error;
  }
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

/** RFC 9110 §15.5.14. */
const CONTENT_TOO_LARGE = 413;
const tooLarge = ({ sopInstanceUID }: InstanceToStore): StoreAnswer => ({
  sopInstanceUID,
  outcome: 'too-large',
  pacsCode: null,
});

/** RFC 4918 §11.5. */
const INSUFFICIENT_STORAGE = 507;
/** PS3.4 Table B.2-1: Out of resources. */
const OUT_OF_RESOURCES = 0xa700;
const hasNoRoom = ({ sopInstanceUID }: InstanceToStore): StoreAnswer => ({
  sopInstanceUID,
  ...{ outcome: 'busy', pacsCode: OUT_OF_RESOURCES, status: INSUFFICIENT_STORAGE },
});

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
    const body = await response.parse(STORE_ANSWER);
    if (body === null && NOT_OFFERED.includes(response.status))
      throw new PacsUnreachable(`the PACS answered a store with ${response.status}`, response.status);
    if (body === null && response.status === CONTENT_TOO_LARGE) return instances.map(tooLarge);
    if (body === null && response.status === INSUFFICIENT_STORAGE) return instances.map(hasNoRoom);
    const answers = readStoreAnswer(body, instances).map((answer) => withStatus(answer, response.status));
    const isRefusal = body !== null && response.status >= 400 && response.status < 500;
    return instances.length === 1 && isRefusal ? [declinedUnlessNamed(answers[0]!)] : answers;
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
    const rows = (await searchOrNull(web, path, signal)) ?? [];
    const before = found.size;
    for (const row of rows) found.add(row.sopInstanceUID);
    // A PACS that ignores `offset` repeats itself, so a page without anything new is also the end.
    if (rows.length === 0 || found.size === before || enough?.isSubsetOf(found)) return found;
    if (found.size >= LISTED_LIMIT) return found;
    offset += rows.length;
  }
}

async function findInstances(
  web: Web,
  sopInstanceUIDs: readonly string[],
  signal: AbortSignal,
): Promise<readonly FoundInstance[]> {
  const atOnce = sopInstanceUIDs.length > 1 && (await asksLists(web, signal)) ? UIDS_IN_A_SEARCH : 1;
  const groups: string[][] = [];
  for (let at = 0; at < sopInstanceUIDs.length; at += atOnce)
    groups.push(sopInstanceUIDs.slice(at, at + atOnce));
  const found: FoundInstance[] = [];
  const next = async (): Promise<void> => {
    for (let group = groups.shift(); group; group = groups.shift())
      found.push(...(await findGroup(web, group, signal)));
  };
  await Promise.all(Array.from({ length: SEARCHES_AT_ONCE }, next));
  return found;
}

/** A PACS may cut its answer short, so instances that it did not name are asked for once more. */
async function findGroup(web: Web, group: readonly string[], signal: AbortSignal): Promise<FoundInstance[]> {
  const found: FoundInstance[] = [];
  let missing: ReadonlySet<string> = new Set(group);
  for (;;) {
    const rows = await searchUIDs(web, [...missing], signal);
    found.push(...rows);
    const named = new Set(rows.map(({ sopInstanceUID }) => sopInstanceUID));
    if (named.size === 0 || named.size === missing.size) return found;
    missing = missing.difference(named);
  }
}

/** Returns only instances that were asked for: a PACS that matches by wildcard answers with more. */
async function searchUIDs(
  web: Web,
  sopInstanceUIDs: readonly string[],
  signal: AbortSignal,
): Promise<FoundInstance[]> {
  const asked = new Set(sopInstanceUIDs);
  const path = `/instances?SOPInstanceUID=${sopInstanceUIDs.join(',')}&limit=${PAGE}`;
  return (await search(web, path, signal))
    .filter(({ sopInstanceUID }) => asked.has(sopInstanceUID))
    .map(({ studyInstanceUID, seriesInstanceUID, sopInstanceUID }) => ({
      studyInstanceUID,
      seriesInstanceUID,
      sopInstanceUID,
    }));
}

/**
 * PS3.18 §8.3.4.1: UID List Matching takes a comma-separated list. A PACS that does not support it finds nothing, or
 * ignores the list, and everything would look lost. So two instances that the PACS has are asked for in one list. If it
 * has fewer, nothing can be concluded yet, and each UID is asked for alone. This is checked each time: today's server
 * may be another PACS, or another proxy, than yesterday's.
 */
async function asksLists(web: Web, signal: AbortSignal): Promise<boolean> {
  const named = async (uids: readonly string[]): Promise<boolean> => {
    const rows = new Set((await searchUIDs(web, uids, signal)).map((row) => row.sopInstanceUID));
    return uids.every((uid) => rows.has(uid));
  };
  if (web.pair !== null && (await named(web.pair))) return true;
  web.pair = null;
  const listed = await search(web, '/instances?limit=10', signal);
  const pair = [...new Set(listed.map((row) => row.sopInstanceUID))].slice(0, 2);
  if (pair.length < 2 || !(await named(pair))) return false;
  web.pair = pair;
  return true;
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
    const path = `/studies/${studyInstanceUID}/instances?${query}`;
    for (const row of (await searchOrNull(web, path, signal)) ?? []) found.set(row.sopInstanceUID, row);
    if (found.size === before) break;
  }
  return [...found.values()].slice(0, limit);
}

function withStatus(answer: StoreAnswer, status: number): StoreAnswer {
  const isNamed = answer.outcome !== 'omitted' && answer.outcome !== 'unanswered';
  return isNamed || status < 400 ? answer : { ...answer, status };
}

/** Orthanc 1.10.1 refuses a single instance with 400 and empty sequences. */
function declinedUnlessNamed(answer: StoreAnswer): StoreAnswer {
  return answer.outcome === 'omitted' ? { ...answer, outcome: 'declined' } : answer;
}
