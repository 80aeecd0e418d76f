/** Checks whether the PACS returns what it stores, and what else it supports. */
import { PacsUnreachable, type FoundInstance } from '../ports/pacs/pacs.ts';
import { FIRST_ID } from '../ports/pacs/orthanc-json.ts';
import { firstPart } from '../ports/pacs/multipart.ts';
import type { Answer, NoAnswer } from './ask.ts';
import type { Finding } from './diagnoses.ts';
import { readAnswer } from './read-answer.ts';
import { only, outcomeOf, type Probe, type Visit } from './visit.ts';

/** The first instance may be a film of gigabytes, so only enough is read to recognise DICOM. */
const LOOKED_AT_BYTES = 65_536;
/** PS3.18 §8.7.3.5.2: transfer-syntax=* requests the instance in its stored encoding. */
const AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*';

/** The probes that every destination needs. */
export const NEEDED: readonly Probe[] = [{ run: tryRetrieval }, { run: tryCommitment }, { run: tryRest }];
export const RETRIEVE: readonly Probe[] = [...NEEDED, { run: tryCors }];

export function retrieve(
  { connection, ask }: Visit,
  { studyInstanceUID, seriesInstanceUID, sopInstanceUID }: FoundInstance,
  maxBytes: number,
): Promise<Answer | NoAnswer> {
  const path = `/studies/${studyInstanceUID}/series/${seriesInstanceUID}/instances/${sopInstanceUID}`;
  return ask({ url: `${connection.url}${path}`, headers: { accept: AS_STORED }, maxBytes });
}

/** The first instance of an answer, as far as it was read; null if it holds none. */
export async function instanceIn(answer: Answer | NoAnswer): Promise<Buffer | null> {
  if (answer.kind === 'none' || answer.status !== 200) return null;
  const pieces: Buffer[] = [];
  async function* body() {
    yield (answer as Answer).body;
  }
  try {
    for await (const piece of firstPart(answer.headers['content-type'] ?? '', body(), () => undefined))
      pieces.push(Buffer.from(piece));
  } catch (error) {
    // If only a part was read, it may end inside the instance.
    if (answer.isWhole || !(error instanceof PacsUnreachable)) return null;
  }
  const bytes = Buffer.concat(pieces);
  return bytes.toString('latin1', 128, 132) === 'DICM' ? bytes : null;
}

async function tryRetrieval(visit: Visit): Promise<readonly Finding[]> {
  const { instances, orthancRest } = visit.found;
  if (instances[0] === undefined) return only('retrieval-untried');
  const answer = await retrieve(visit, instances[0], LOOKED_AT_BYTES);
  if (orthancRest !== null) visit.found.tellsDigests = await tellsDigests(visit, orthancRest);
  if ((await instanceIn(answer)) !== null) return only('retrieves');
  return only('retrieval-fails', { outcome: outcomeOf(answer) });
}

async function tellsDigests(visit: Visit, rest: string): Promise<boolean> {
  const { ask } = visit;
  const listed = await ask({ url: `${rest}/instances?limit=1&since=0`, maxBytes: LOOKED_AT_BYTES });
  const id = await readAnswer(visit, listed, FIRST_ID);
  if (id === null) return false;
  const digest = await ask({ url: `${rest}/instances/${id}/attachments/dicom/md5`, maxBytes: 100 });
  return (
    digest.kind === 'answer' && digest.status === 200 && /^[0-9a-f]{32}$/.test(digest.body.toString().trim())
  );
}

/**
 * Asks for an unknown transaction: a PACS that offers storage commitment answers differently than for an arbitrary
 * path.
 */
async function tryCommitment({ connection, ask, wants }: Visit): Promise<readonly Finding[]> {
  const [asked, any] = await Promise.all(
    ['commitment-requests', 'relay-doctor'].map((path) => ask({ url: `${connection.url}/${path}/2.25.1` })),
  );
  const offers =
    asked!.kind === 'answer' &&
    any!.kind === 'answer' &&
    asked!.status !== any!.status &&
    [200, 202, 204, 404, 410].includes(asked!.status);
  const absent = wants.commitment ? 'commitment-missing' : 'commitment-absent';
  return only(offers ? 'commitment-offered' : absent);
}

async function tryRest({ wants, found }: Visit): Promise<readonly Finding[]> {
  if (!wants.orthanc) return [];
  return only(found.orthancRest === null ? 'rest-absent' : 'rest-answers');
}

/** An origin that no site has allowed. */
const ORIGIN = 'https://relay-doctor.invalid';

/**
 * Fetch Standard, CORS-preflight fetch: the request that a browser sends before a page of another origin may search.
 */
async function tryCors({ connection, ask }: Visit): Promise<readonly Finding[]> {
  const url = `${connection.url}/studies?limit=1`;
  const preflight = {
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization',
  };
  const answers = await Promise.all([
    ask({ method: 'OPTIONS', url, headers: { origin: ORIGIN, ...preflight }, isAnonymous: true }),
    ask({ url, headers: { origin: ORIGIN } }),
  ]);
  const headers = answers.flatMap((answer) => (answer.kind === 'answer' ? [answer.headers] : []));
  const origin = headers.map((one) => one['access-control-allow-origin']).find((one) => one !== undefined);
  if (origin === undefined) return only('cors-absent');
  if (origin !== '*' && origin !== ORIGIN) return only('cors-some', { origin });
  const isWithCredentials =
    origin === ORIGIN && headers.some((one) => one['access-control-allow-credentials'] === 'true');
  return only('cors-any', {
    credentials: isWithCredentials ? ', with the cookies and passwords that the browser has' : '',
  });
}
