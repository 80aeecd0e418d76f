/**
 * Reads the headers of chosen files in the pool while the files are still being listed. Listing runs ahead of
 * reading, so that the number of files is known even if a person stops reading. The stopped choice keeps the
 * remaining files and can be continued.
 */
import type { Collected, ReadFile } from './choose/collect-files.ts';
import { createBreath } from './breathe.ts';
import type { Summarised } from './workers/device-tasks.ts';
import type { ChosenDisc, Numbered } from './choose/disc-view.ts';
import { countToStudies } from './damaged-files.ts';
import { draw, drawSoon, phaseAtRest, reject, type IngestState } from './ingest-state.ts';
import { policyInForce } from './policy-in-force.ts';
import { TaskFault } from './workers/worker-pool.ts';

/**
 * The number of files in one message to a worker, because each message costs the page's thread as much as several
 * files.
 */
const FILES_AT_ONCE = 16;

/** Resolves when all files are read, or when `signal` aborts. */
export function readChosen(
  state: IngestState,
  source: AsyncIterable<Collected>,
  signal: AbortSignal,
): Promise<void> {
  return readDiscs(state, [state.discs.begin(source)], signal);
}

/** Reads what is left of the choices that were stopped. */
export function continueReading(state: IngestState, signal: AbortSignal): Promise<void> {
  return readDiscs(state, state.discs.stopped(), signal);
}

async function readDiscs(
  state: IngestState,
  discs: readonly ChosenDisc[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(discs.map((disc) => readDisc(state, disc, signal)));
  if (
    state.count.reading === 0 &&
    [...state.gathering.studies.values()].some(({ unsettled }) => unsettled[0])
  )
    await (await import('./compare-copies.ts')).compareCopies(state, signal);
}

async function readDisc(state: IngestState, disc: ChosenDisc, signal: AbortSignal): Promise<void> {
  const { count, phase } = state;
  count.reading += 1;
  if (phase.value !== 'queueing') phase.value = 'reading';
  const reading: Reading = { disc, signal, underWay: new Set(), fault: null, wake: () => undefined };
  signal.addEventListener('abort', () => reading.wake(), { once: true });
  try {
    startListing(state, reading);
    await readListed(state, reading);
  } catch (error) {
    if (!signal.aborted && !(error instanceof TaskFault)) throw error;
    // A part of the application failed, but the files themselves are as good as before.
    if (!signal.aborted) state.problem.value = 'device-failed';
  } finally {
    await Promise.allSettled(reading.underWay);
    disc.waiting.sort((a, b) => a.ordinal - b.ordinal);
    countToStudies(state, disc);
    count.reading -= 1;
    if (count.reading === 0 && phase.value === 'reading') phase.value = phaseAtRest(state);
    draw(state);
  }
}

/** One run of reading a choice, until it is read or stopped. */
interface Reading {
  readonly disc: ChosenDisc;
  readonly signal: AbortSignal;
  readonly underWay: Set<Promise<void>>;
  /** The first failure. */
  fault: { readonly error: unknown } | null;
  /** Call it when something was listed or read, or when reading ends. */
  wake: () => void;
}

function fail(reading: Reading, error: unknown): void {
  reading.fault ??= { error };
  reading.wake();
}

/**
 * Lists the files of the choice until all are known or the page forgets them. The current run of reading is told
 * about each file.
 */
function startListing(state: IngestState, reading: Reading): void {
  const { disc } = reading;
  disc.onListed = (error) => (error === undefined ? reading.wake() : fail(reading, error));
  if (disc.isBeingListed || disc.listing !== 'under-way') return;
  disc.isBeingListed = true;
  state.count.listing += 1;
  void list(state, disc)
    .catch((error: unknown) => {
      disc.listing = 'lost';
      disc.onListed(error);
    })
    .finally(() => {
      state.count.listing -= 1;
      disc.onListed();
      drawSoon(state);
    });
}

async function list(state: IngestState, disc: ChosenDisc): Promise<void> {
  const breathe = createBreath(state.tools);
  while (state.discs.has(disc)) {
    const next = await disc.source.next();
    if (!state.discs.has(disc)) return;
    if (next.done) {
      disc.listing = 'done';
      return;
    }
    note(state, next.value, disc);
    disc.onListed();
    await breathe();
  }
}

function note(state: IngestState, found: Collected, disc: ChosenDisc): void {
  const { count } = state;
  disc.files.notePath(found.path);
  disc.filesFound += 1;
  count.filesFound += 1;
  drawSoon(state);
  if (found.kind === 'refused') {
    disc.rejected.add(reject(state, found, found));
    noteRead(state, disc, 0);
    return;
  }
  disc.waiting.push({ file: found, ordinal: count.ordinal });
  count.ordinal += 1;
}

function noteRead({ count }: IngestState, disc: ChosenDisc, bytes: number): void {
  disc.filesRead += 1;
  count.filesRead += 1;
  count.bytesRead += bytes;
}

/** Reads the first files immediately, then all files that are found while earlier ones are being read. */
async function readListed(state: IngestState, reading: Reading): Promise<void> {
  const { disc, signal, underWay } = reading;
  const most = state.tools.pool.size * 2;
  while (!signal.aborted) {
    if (reading.fault !== null) throw reading.fault.error;
    const woken = new Promise<void>((resolve) => (reading.wake = resolve));
    if (underWay.size < most && disc.waiting.length > 0) {
      readBatch(state, reading, disc.waiting.splice(0, FILES_AT_ONCE));
      continue;
    }
    if (underWay.size === 0 && disc.listing !== 'under-way') return;
    await woken;
  }
}

function readBatch(state: IngestState, reading: Reading, files: Numbered[]): void {
  const { disc, signal, underWay } = reading;
  const work = readFiles(state, disc, files, signal)
    .catch((error: unknown) => {
      disc.waiting.push(...files);
      fail(reading, error);
    })
    .finally(() => {
      underWay.delete(work);
      reading.wake();
    });
  underWay.add(work);
}

/** Removes the files that were read from `files`. Throws TaskFault, or the reason of `signal`. */
async function readFiles(
  state: IngestState,
  disc: ChosenDisc,
  files: Numbered[],
  signal: AbortSignal,
): Promise<void> {
  const policy = policyInForce(state)?.deidentify === false ? 'identified' : 'deidentified';
  const refs = files.map(({ file: { ref, inFolder } }) => ({ ref, inFolder }));
  try {
    const said = await state.tools.pool.run({ kind: 'summarise', files: refs, policy }, signal);
    signal.throwIfAborted();
    for (const [at, file] of files.splice(0).entries()) takeSummary(state, disc, file, said[at]!);
  } catch (error) {
    if (signal.aborted || !(error instanceof TaskFault) || error.name === 'WorkerMissing') throw error;
    // One of these files killed the worker, so each is read separately to find it.
    if (files.length > 1)
      for (let one = files.splice(0, 1); one.length > 0; one = files.splice(0, 1)) {
        await readFiles(state, disc, one, signal).catch((failed: unknown) => {
          files.push(...one);
          throw failed;
        });
      }
    else
      takeSummary(state, disc, files.pop()!, {
        said: { kind: 'refused', because: 'not-parseable' },
        bytes: 0,
      });
  }
}

function takeSummary(
  state: IngestState,
  disc: ChosenDisc,
  { file, ordinal }: Numbered,
  { said, bytes }: Summarised,
): void {
  const read: ReadFile = { ...file, bytes: file.bytes ?? bytes };
  if (said.kind === 'summary') {
    state.gathering.add(said, read, ordinal);
    state.discs.noteInstance(disc, said.identifiers, read.path);
  } else if (said.kind === 'index') disc.files.noteIndex(read.path, said.index);
  else disc.rejected.add(reject(state, read, said));
  noteRead(state, disc, read.bytes);
  drawSoon(state);
}
