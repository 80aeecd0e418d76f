/**
 * Finds out which bodies a store request may have. Nothing that these probes send can be stored: a multipart body has
 * no part, or one that is not DICOM.
 */
import { once } from 'node:events';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { CRLF, relatedParts } from '../threads/write-parts.ts';
import { answerTo, codeOf, startRequest, type Answer, type NoAnswer } from './ask.ts';
import { diagnose, skipped, type Finding } from './diagnoses.ts';
import { DICOM_JSON, only, outcomeOf, type Probe, type Visit } from './visit.ts';

export const BODIES: readonly Probe[] = [
  { run: tryStores },
  { run: tryGarbage },
  { run: tryChunks },
  { run: trySizes },
];

const MIB = 1024 * 1024;
/**
 * The size actually sent if the PACS does not answer beforehand whether it accepts the body: more than a batch of the
 * gateway (6 MiB).
 */
const SENT_BYTES = 8 * MIB;
/**
 * The largest size announced, without sending it. It covers the usual limits of proxies (1, 10, 50, 100 MB). Some
 * PACSs (Orthanc 1.10) allocate memory for a body as soon as it is announced, so much larger sizes could harm them.
 */
const ANNOUNCED_BYTES = 128 * MIB;
/** The size of ordinary images: those of a flat panel have 8 to 30 MB. */
const ORDINARY_BYTES = 32 * MIB;
/** How precisely the limit is determined. */
const STEP_BYTES = MIB / 4;
/** RFC 9110 §10.1.1: a client should not wait for "100 Continue" indefinitely. */
const CONTINUE_MS = 1_000;
const SENDING_MS = 15_000;

const DICOM = 'application/dicom';
const { contentType, head, tail } = relatedParts(DICOM, 'relay-doctor');
const HEADERS = { accept: DICOM_JSON, 'content-type': contentType };
const CLOSING = Buffer.concat([CRLF, tail]);
const GARBAGE = Buffer.concat([head({ type: DICOM }), Buffer.from('This is a test by RelayPACS.'), CLOSING]);

const storeUrl = ({ connection }: Visit): string => `${connection.url}/studies`;

async function tryStores(visit: Visit): Promise<readonly Finding[]> {
  const answer = await visit.ask({ method: 'POST', url: storeUrl(visit), headers: HEADERS, body: CLOSING });
  visit.found.failsStores = isFailure(answer);
  if (answer.kind === 'none') return only('stores-fail', { outcome: outcomeOf(answer) });
  const { status } = answer;
  if (status === INSUFFICIENT_STORAGE) return only('stores-no-room');
  if (status === 401 || status === 403) return only('stores-forbidden', { status });
  // 404 can also mean an unknown study, but no study is named here.
  if ([404, 405, 410, 501].includes(status)) return only('stores-not-offered', { status });
  if (status >= 500) return only('stores-fail', { outcome: outcomeOf(answer) });
  visit.found.takesStores = true;
  return status >= 400 && isPage(answer) ? only('stores-unsure', { status }) : only('stores-offered');
}

/**
 * Whether the answer is a web page. The PACS's own refusals are meant for programs, so a page may come from a server
 * in front of it.
 */
const isPage = ({ headers }: Answer): boolean => /^text\/html\b/i.test(headers['content-type'] ?? '');

/** RFC 4918 §11.5. */
const INSUFFICIENT_STORAGE = 507;
/** The reason if all store requests fail in the same way. */
const FAILS_ALL = 'The PACS fails on every store request.';
/** 501 is not a failure: the PACS does not offer this service. */
const isFailure = (answer: Answer | NoAnswer): boolean =>
  answer.kind === 'none' || (answer.status >= 500 && answer.status !== 501);

async function tryGarbage(visit: Visit): Promise<readonly Finding[]> {
  const answer = await visit.ask({ method: 'POST', url: storeUrl(visit), headers: HEADERS, body: GARBAGE });
  if (visit.found.failsStores && isFailure(answer)) return failsAll(answer);
  // The earlier failure concerned only the request without instances.
  visit.found.failsStores = false;
  if (answer.kind === 'none' || answer.status >= 500)
    return only('garbage-breaks', { outcome: outcomeOf(answer) });
  // 202: it accepted the request and reports the refusals in the body.
  return answer.status >= 400 || answer.status === 202
    ? only('garbage-refused', { status: answer.status })
    : only('garbage-taken', { status: answer.status });
}

function failsAll(answer: Answer | NoAnswer): readonly Finding[] {
  const isFull = answer.kind === 'answer' && answer.status === INSUFFICIENT_STORAGE;
  const store = isFull
    ? diagnose('stores-no-room')
    : diagnose('stores-all-fail', { outcome: outcomeOf(answer) });
  return [store, ...(['garbage', 'chunked', 'body-size'] as const).map((check) => skipped(check, FAILS_ALL))];
}

async function tryChunks(visit: Visit): Promise<readonly Finding[]> {
  if (visit.found.failsStores) return [];
  const question = { method: 'POST', url: storeUrl(visit), headers: HEADERS, body: CLOSING } as const;
  const known = await visit.ask(question);
  const chunked = await visit.ask({ ...question, isChunked: true });
  const isTaken = chunked.kind === 'answer' && known.kind === 'answer' && chunked.status === known.status;
  return isTaken ? only('chunks-taken') : only('chunks-refused', { outcome: outcomeOf(chunked) });
}

async function trySizes(visit: Visit): Promise<readonly Finding[]> {
  if (visit.found.failsStores) return [];
  const sent = await offer(visit, SENT_BYTES);
  if (sent?.kind === 'answer' && sent.status === INSUFFICIENT_STORAGE) return only('stores-no-room');
  if (isLetThrough(sent)) return announceMore(visit);
  const outcome = outcomeOf(sent);
  if (sent.kind === 'none' && sent.isSilent)
    return only('bodies-untold', { bytes: inWords(SENT_BYTES), outcome });
  return limited(visit, await narrow(visit, 0, SENT_BYTES), outcome);
}

async function announceMore(visit: Visit): Promise<readonly Finding[]> {
  const announced = await offer(visit, ANNOUNCED_BYTES);
  if (announced === null || !isRefused(announced)) {
    visit.found.bodyBytes = ANNOUNCED_BYTES;
    return only('bodies-pass', { bytes: inWords(ANNOUNCED_BYTES) });
  }
  return limited(visit, await narrow(visit, SENT_BYTES, ANNOUNCED_BYTES), outcomeOf(announced));
}

function limited(visit: Visit, bytes: number, outcome: string): readonly Finding[] {
  visit.found.bodyBytes = bytes;
  const code = bytes < ORDINARY_BYTES ? 'bodies-too-small' : 'bodies-limited';
  return [diagnose(code, { bytes: inWords(bytes), outcome })];
}

/** Narrows down the largest accepted body to within one step. `passes` is accepted, `fails` is not. */
async function narrow(visit: Visit, passes: number, fails: number): Promise<number> {
  if (fails - passes <= STEP_BYTES || visit.signal.aborted) return passes;
  const middle = passes + Math.round((fails - passes) / 2 / STEP_BYTES) * STEP_BYTES;
  const isThrough = !isRefused(await offer(visit, middle));
  return isThrough ? narrow(visit, middle, fails) : narrow(visit, passes, middle);
}

/** Refusals according to RFC 9110 §15.5.14, and servers that hang up in the middle of a body. */
const isRefused = (answer: Answer | NoAnswer | null): boolean =>
  answer !== null && (answer.kind === 'answer' ? answer.status === 413 : !answer.isSilent);
const isLetThrough = (answer: Answer | NoAnswer | null): answer is Answer | null =>
  answer === null || (answer.kind === 'answer' && answer.status !== 413);

/**
 * Announces a body of `bytes` bytes. A proxy refuses at once, or answers "continue" and thus accepts the size: then
 * this returns null, and nothing more is sent. If there is no response, the body is sent if it is not too large.
 */
async function offer(visit: Visit, bytes: number): Promise<Answer | NoAnswer | null> {
  const late = AbortSignal.timeout(SENDING_MS);
  const headers = { ...HEADERS, 'content-length': String(bytes), expect: '100-continue' };
  const question = { method: 'POST', url: storeUrl(visit), headers } as const;
  const request = startRequest(visit.connection, question, AbortSignal.any([visit.signal, late]));
  const done = new AbortController();
  try {
    const answer = answerTo(request, 65_536).catch(
      (error: unknown): NoAnswer => ({
        kind: 'none',
        isSilent: late.aborted || visit.signal.aborted,
        code: codeOf(error),
      }),
    );
    const continues = once(request, 'continue', { signal: done.signal }).then(() => null);
    const silence = visit.clock.wait(CONTINUE_MS, done.signal).then(() => 'silence' as const);
    void ignoreFailure(continues, 'it is no longer waited for');
    void ignoreFailure(silence, 'it is no longer waited for');
    request.flushHeaders();
    const first = await Promise.race([answer, continues, silence]);
    if (first !== 'silence') return first;
    if (bytes > SENT_BYTES) return null;
    request.end(Buffer.concat([Buffer.alloc(bytes - CLOSING.length, ' '), CLOSING]));
    return await answer;
  } finally {
    done.abort();
    request.destroy();
  }
}

const inWords = (bytes: number): string =>
  bytes < MIB ? `${Math.round(bytes / 1024)} kB` : `${Math.round((bytes / MIB) * 4) / 4} MB`;
