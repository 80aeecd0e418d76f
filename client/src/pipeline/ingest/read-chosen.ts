/** Reads the headers of chosen files in the pool, while they are still being listed. */
import type { Collected, CollectedFile, ReadFile } from './collect-files.ts';
import type { Summarised } from './device-tasks.ts';
import type { ChosenDisc } from './disc-view.ts';
import { countToStudies } from './damaged-files.ts';
import { draw, drawSoon, phaseAtRest, reject, type IngestState, type IngestTools } from './ingest-state.ts';
import { policyInForce } from './policy-in-force.ts';
import { TaskFault } from './worker-pool.ts';

/** Files in one message to a worker: each message costs the page's thread as much as several files. */
const FILES_AT_ONCE = 16;

/** A file, and its place among all that were chosen. */
type Numbered = { readonly file: CollectedFile; readonly ordinal: number; readonly disc: ChosenDisc };

/** Resolves when all of them are read, or `signal` aborts. */
export async function readChosen(
  state: IngestState,
  source: AsyncIterable<Collected>,
  signal: AbortSignal,
): Promise<void> {
  const { count, phase } = state;
  count.listing += 1;
  count.reading += 1;
  if (phase.value !== 'queueing') phase.value = 'reading';
  const underWay = new Set<Promise<void>>();
  const disc = state.discs.begin();
  try {
    await readInBatches(state, { source, disc }, underWay, signal);
    disc.isListed = !signal.aborted;
  } catch (error) {
    if (!signal.aborted && !(error instanceof TaskFault)) throw error;
    // Part of this page is gone; the files are as good as before.
    if (!signal.aborted) state.problem.value = 'device-failed';
  } finally {
    count.listing -= 1;
    await Promise.allSettled(underWay);
    countToStudies(state, disc);
    count.reading -= 1;
    if (count.reading === 0 && phase.value === 'reading') phase.value = phaseAtRest(state);
    draw(state);
  }
  if (count.reading === 0 && [...state.gathering.studies.values()].some(({ unsettled }) => unsettled[0]))
    await (await import('./compare-copies.ts')).compareCopies(state, signal);
}

async function readInBatches(
  state: IngestState,
  { source, disc }: { readonly source: AsyncIterable<Collected>; readonly disc: ChosenDisc },
  underWay: Set<Promise<void>>,
  signal: AbortSignal,
): Promise<void> {
  const { size } = state.tools.pool;
  const breathe = createBreath(state.tools);
  let batch: Numbered[] = [];
  const readBatch = (): void => {
    const reading = readFiles(state, batch, signal).finally(() => underWay.delete(reading));
    underWay.add(reading);
    batch = [];
  };
  for await (const found of source) {
    if (signal.aborted) break;
    const numbered = note(state, found, disc);
    if (numbered === null) continue;
    batch.push(numbered);
    // The first ones immediately, then all that are found while those before are read; the rest of ten thousand
    // wait as names.
    if (underWay.size < size || batch.length === FILES_AT_ONCE) readBatch();
    if (underWay.size >= size * 2) await Promise.race(underWay);
    else await breathe();
  }
  if (batch.length > 0) readBatch();
  await Promise.all(underWay);
}

/** Null where it was refused while listing. */
function note(state: IngestState, found: Collected, disc: ChosenDisc): Numbered | null {
  const { count } = state;
  disc.files.notePath(found.path);
  count.filesFound += 1;
  drawSoon(state);
  if (found.kind === 'refused') {
    disc.rejected.add(reject(state, found, found));
    count.filesRead += 1;
    return null;
  }
  const ordinal = count.ordinal;
  count.ordinal += 1;
  return { file: found, ordinal, disc };
}

async function readFiles(state: IngestState, files: readonly Numbered[], signal: AbortSignal): Promise<void> {
  const policy = policyInForce(state)?.deidentify === false ? 'identified' : 'deidentified';
  const refs = files.map(({ file: { ref, inFolder } }) => ({ ref, inFolder }));
  try {
    const said = await state.tools.pool.run({ kind: 'summarise', files: refs, policy }, signal);
    if (signal.aborted) return;
    for (const [at, file] of files.entries()) takeSummary(state, file, said[at]!);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof TaskFault) || error.name === 'WorkerMissing') throw error;
    // One of these files killed the worker: find out which one, and read the others.
    if (files.length > 1) for (const file of files) await readFiles(state, [file], signal);
    else takeSummary(state, files[0]!, { said: { kind: 'refused', because: 'not-parseable' }, bytes: 0 });
  }
}

function takeSummary(
  state: IngestState,
  { file, ordinal, disc }: Numbered,
  { said, bytes }: Summarised,
): void {
  const read: ReadFile = { ...file, bytes: file.bytes ?? bytes };
  if (said.kind === 'summary') {
    state.gathering.add(said, read, ordinal);
    state.discs.noteInstance(said.identifiers);
  } else if (said.kind === 'index') disc.files.noteIndex(read.path, said.index);
  else disc.rejected.add(reject(state, read, said));
  state.count.filesRead += 1;
  state.count.bytesRead += read.bytes;
  drawSoon(state);
}

/** Other work of the page's thread, above all a finger on the glass, gets its turn at least this often. */
const TURN_MS = 8;

/** Yields the thread when the last turn is that long ago: listed files would otherwise be taken in one task. */
function createBreath({ now, later }: Pick<IngestTools, 'now' | 'later'>): () => Promise<void> {
  let since = now();
  return async () => {
    if (Math.abs(now() - since) < TURN_MS) return;
    await new Promise<void>((resolve) => later(resolve, 0));
    since = now();
  };
}
