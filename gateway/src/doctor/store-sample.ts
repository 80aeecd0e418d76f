/** Stores the samples and examines what becomes of them, only if a person requested it. */
import { createHash } from 'node:crypto';
import { describePacsReason } from '#shared/protocol/pacs-reasons.ts';
import { readStoreAnswer, STORE_ANSWER } from '../ports/pacs/dicom-json.ts';
import { storeRequestBody } from '../ports/pacs/multipart.ts';
import type { InstanceToStore, StoreAnswer } from '../ports/pacs/pacs.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import type { Answer, NoAnswer } from './ask.ts';
import { diagnose, type Finding } from './diagnoses.ts';
import { readAnswer } from './read-answer.ts';
import { instanceIn, retrieve } from './retrieve.ts';
import { createSamples, sampleBytes, type Sample } from './sample.ts';
import { rowsOf, searchFor } from './search.ts';
import { DICOM_JSON, only, outcomeOf, type Probe, type Visit } from './visit.ts';

/** Longer than most PACSs take to index. The examination has a minute. */
const LAG_MS = 30_000;
/** Successive waits between searches; the last one is repeated. */
const LOOK_MS = [250, 500, 1_000, 2_000];
/** Far more than the size of a sample. */
export const SAMPLE_BYTES_LIMIT = 1024 * 1024;

/** Stores the samples and waits until they are shown, so that searches find them too. */
export const STORE: readonly Probe[] = [{ run: storeSamples }];
/** Probes that change the samples and therefore come last. */
export const COMPARE: readonly Probe[] = [{ run: tryDuplicates }];

async function storeSamples(visit: Visit): Promise<readonly Finding[]> {
  if (!visit.found.takesStores) return [];
  const samples = createSamples(2, visit.clock.now());
  // Noted before the request, because the samples may be stored even if the answer is lost.
  visit.found.samples = samples;
  const answer = await store(visit, samples);
  const told = await toldOf(visit, answer, samples);
  visit.found.isNoneTaken = tookNone(told) || (answer.kind === 'answer' && isClientError(answer.status));
  const stored = judgeStore(answer, told);
  if (stored.result === 'fail') return [stored];
  const lag = await waitUntilShown(visit, () => countShown(visit));
  if (!visit.found.isNeverShown)
    visit.found.instances = [...visit.found.instances, ...samples.map(({ identifiers }) => identifiers)];
  const lost = await lostOf(visit, async ({ identifiers }) =>
    isGone(await retrieve(visit, identifiers, SAMPLE_BYTES_LIMIT)),
  );
  return [stored, lag, await compare(visit, samples[0]!), ...lost];
}

/** Whether the PACS answers that it has no such instance. Other answers do not tell. */
const isGone = (answer: Answer | NoAnswer): boolean =>
  answer.kind === 'answer' && [204, 404, 410].includes(answer.status);

/**
 * Whether the PACS lost samples. A PACS that shows samples too late still returns them, and one that could not be
 * asked has not lost them, so only samples count that are neither listed nor retrievable. This is the last finding of
 * its check, so it is the one reported.
 */
export async function lostOf(
  visit: Visit,
  isGone: (sample: Sample) => Promise<boolean>,
): Promise<readonly Finding[]> {
  const { unlisted, samples } = visit.found;
  if (unlisted === null) return [];
  let gone = 0;
  for (const sample of samples) gone += Number(await isGone(sample));
  const lost = Math.min(gone, unlisted.count);
  if (lost === 0) return [];
  visit.found.hasLost = true;
  const facts = { lost, seconds: unlisted.seconds };
  return [diagnose('stored-and-lost', facts), diagnose('not-there-to-show', facts)];
}

async function store(visit: Visit, samples: readonly Sample[]): Promise<Answer | NoAnswer> {
  const { studyInstanceUID } = samples[0]!.identifiers;
  const { contentType, stream } = storeRequestBody(samples.map(toStore));
  const body = Buffer.concat(await Array.fromAsync(stream(visit.signal)));
  return visit.ask({
    method: 'POST',
    url: `${visit.connection.url}/studies/${studyInstanceUID}`,
    headers: { accept: DICOM_JSON, 'content-type': contentType },
    body,
  });
}

export const toStore = ({ identifiers, bytes }: Sample): InstanceToStore => ({
  sopInstanceUID: identifiers.sopInstanceUID,
  seriesInstanceUID: identifiers.seriesInstanceUID,
  sopClassUID: identifiers.sopClassUID,
  transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
  digest: createHash('sha256').update(bytes).digest('hex'),
  bytes: bytes.length,
  async *open() {
    yield bytes;
  },
});

const toldOf = async (visit: Visit, answer: Answer | NoAnswer, samples: readonly Sample[]) =>
  readStoreAnswer(await readAnswer(visit, answer, STORE_ANSWER), samples.map(toStore));

const isClientError = (status: number): boolean => status >= 400 && status < 500;

/** Whether the PACS refused every sample. */
export const tookNone = (told: readonly StoreAnswer[]): boolean =>
  told.every(({ outcome }) => outcome === 'refused' || outcome === 'busy');

function judgeStore(answer: Answer | NoAnswer, told: readonly StoreAnswer[]): Finding {
  if (answer.kind === 'answer' && [401, 403].includes(answer.status))
    return diagnose('stores-forbidden', { status: answer.status });
  return judgeTold(told, outcomeOf(answer));
}

/** `outcome`: the PACS's answer, used if it says nothing about the samples. */
export function judgeTold(told: readonly StoreAnswer[], outcome: string): Finding {
  const coded = told.find(({ pacsCode }) => pacsCode !== null);
  const isTaken = told.every(({ outcome }) => outcome === 'stored' || outcome === 'coerced');
  if (coded?.pacsCode != null) {
    const { code, says, remedy } = describePacsReason(coded.pacsCode);
    return diagnose(isTaken ? 'stored-with-warning' : 'store-refused', { code, reason: says, remedy });
  }
  return isTaken ? diagnose('stored') : diagnose('store-unanswered', { outcome });
}

/** `countShown`: counts the samples that a search shows; null if the search was not answered. */
export async function waitUntilShown(
  visit: Visit,
  countShown: () => Promise<number | null>,
): Promise<Finding> {
  const { clock, signal, found } = visit;
  const storedAt = clock.now();
  for (let look = 0; ; look += 1) {
    const shown = await countShown();
    const lagMs = look === 0 ? 0 : clock.now() - storedAt;
    if (shown === found.samples.length) {
      found.lagMs = lagMs;
      return look === 0
        ? diagnose('shown-at-once')
        : diagnose('shown-late', { seconds: Math.ceil(lagMs / 1000), minutes: lagMinutesOf(visit) });
    }
    if (lagMs >= LAG_MS || signal.aborted) {
      const seconds = Math.round(lagMs / 1000);
      found.isNeverShown = true;
      if (shown !== null && !signal.aborted)
        found.unlisted = { count: found.samples.length - shown, seconds };
      return diagnose('never-shown', { seconds, minutes: lagMinutesOf(visit) });
    }
    const isOver = clock.wait(LOOK_MS[Math.min(look, LOOK_MS.length - 1)]!, signal);
    await ignoreFailure(isOver, 'the next look sees that the time is over');
  }
}

/** The gateway's default for this setting. */
const LAG_MINUTES = 10;

/**
 * Under load a PACS takes far longer than for two instances, so this is thirty times the observed delay, but never
 * below the default.
 */
export function lagMinutesOf({ found }: Visit): number {
  if (found.isNeverShown) return 6 * LAG_MINUTES;
  return Math.max(LAG_MINUTES, Math.ceil((30 * (found.lagMs ?? 0)) / 60_000));
}

/** Counts the samples that a search shows; null if the PACS does not answer. */
export async function countShown(visit: Visit): Promise<number | null> {
  const { samples } = visit.found;
  const path = `/studies/${samples[0]!.identifiers.studyInstanceUID}/instances?limit=10`;
  const rows = await rowsOf(visit, await visit.ask(searchFor(visit.connection.url, path)));
  if (rows === null) return null;
  const shown = new Set(rows.map((row) => row.sopInstanceUID));
  return samples.filter(({ identifiers }) => shown.has(identifiers.sopInstanceUID)).length;
}

async function compare(visit: Visit, { identifiers, bytes }: Sample): Promise<Finding> {
  const answer = await retrieve(visit, identifiers, SAMPLE_BYTES_LIMIT);
  const back = await instanceIn(answer);
  visit.found.returnsSameBytes = back?.equals(bytes) ?? false;
  if (visit.found.returnsSameBytes) return diagnose('same-bytes');
  return back === null ? diagnose('not-read-back', { outcome: outcomeOf(answer) }) : diagnose('other-bytes');
}

async function tryDuplicates(visit: Visit): Promise<readonly Finding[]> {
  const [sample] = visit.found.samples;
  if (sample === undefined) return [];
  if (!visit.found.returnsSameBytes) return only('duplicates-untold');
  const other = { ...sample, bytes: sampleBytes(sample.identifiers, 3, visit.clock.now()) };
  const same = await inWords(visit, await store(visit, [sample]), sample);
  const changed = await inWords(visit, await store(visit, [other]), sample);
  const back = await instanceIn(await retrieve(visit, sample.identifiers, SAMPLE_BYTES_LIMIT));
  if (back === null) return only('duplicates-untold');
  return back.equals(sample.bytes) ? only('first-kept', { same, other: changed }) : only('last-kept');
}

async function inWords(visit: Visit, answer: Answer | NoAnswer, sample: Sample): Promise<string> {
  const [told] = await toldOf(visit, answer, [sample]);
  const code = told!.pacsCode === null ? '' : ` and code ${describePacsReason(told!.pacsCode).code}`;
  return `${outcomeOf(answer)}${code}`;
}
