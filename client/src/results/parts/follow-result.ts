/**
 * Follows the result on an open page: at short intervals while its reports are under way, otherwise now and then for
 * verdicts of other readers. Reading a result is recorded in the audit trail. A page that is merely open therefore
 * polls the list, and reads the result only if the list has a later revision.
 */
import { effect, untracked, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { resultSchema, type Result } from '#shared/protocol/inference.ts';
import type { ApiClient } from '../../net/api-client.ts';
import type { Clock } from '../../net/clock.ts';
import { resultListSchema } from './answers.ts';
import { isUnderWay, waitBefore } from './await-reports.ts';

/** A reader judges a result in about a minute, and each open page asks once in this time. */
export const STILL_MS = 15_000;
/** The most results of one study by one model that are listed; a result beyond them is not followed. */
const LISTED = 100;

interface FollowedResult {
  readonly api: Pick<ApiClient, 'json'>;
  readonly clock: Clock;
  readonly id: string;
  /** Null while no result is shown. */
  readonly result: ReadonlySignal<Result | null>;
  readonly signal: AbortSignal;
  /** Receives a newer state of the result. */
  readonly onNews: (result: Result) => void;
}

/** Returns a function that stops it. The page keeps what it shows until there is news. */
export function followResult(followed: FollowedResult): () => void {
  const { result } = followed;
  const waiting = () => (result.value !== null && isUnderWay(result.value) ? result.value : null);
  const awaiting = { isOn: false, waiting };
  void ignoreFailure(followOthers(followed), 'following ends only by abort');
  return effect(() => {
    if (waiting() !== null && !awaiting.isOn) untracked(() => void awaitReports(followed, awaiting));
  });
}

/** `waiting`: returns the shown result while it has reports under way. */
type Awaiting = { isOn: boolean; readonly waiting: () => Result | null };

async function awaitReports(followed: FollowedResult, awaiting: Awaiting): Promise<void> {
  const { clock, signal } = followed;
  const { waiting } = awaiting;
  awaiting.isOn = true;
  let revision = 0;
  for (let turn = 0, known = waiting(); known && !signal.aborted; turn += 1, known = waiting()) {
    if (known.revision !== revision) turn = 0;
    revision = known.revision;
    const aborted = await clock.sleep(waitBefore(turn), signal).then(
      () => false,
      () => true,
    );
    const latest = aborted ? null : waiting();
    if (latest) await ignoreFailure(read(followed, latest), 'it is asked again');
  }
  awaiting.isOn = false;
}

async function read({ api, id, result, signal, onNews }: FollowedResult, known: Result): Promise<void> {
  const latest = await api.json(`/results/${id}`, resultSchema, { signal });
  // A verdict may have been given during the request.
  if (latest.revision < known.revision || result.peek() === null) return;
  if (JSON.stringify(latest) !== JSON.stringify(known)) onNews(latest);
}

async function followOthers(followed: FollowedResult): Promise<void> {
  const { clock, signal } = followed;
  while (!signal.aborted) {
    await clock.sleep(STILL_MS, signal);
    await ignoreFailure(lookForVerdict(followed), 'it is asked again');
  }
}

/** Nobody else can judge a single file, because its image is gone. */
async function lookForVerdict(followed: FollowedResult): Promise<void> {
  const { api, id, result, signal } = followed;
  const known = result.peek();
  const study = known?.finding.input.studyInstanceUID;
  if (known === null || study === undefined) return;
  const query = new URLSearchParams({ study, model: known.finding.model.id, limit: `${LISTED}` });
  const { results } = await api.json(`/results?${query}`, resultListSchema, { signal });
  const listed = results.find((one) => one.id === id);
  const latest = result.peek();
  if (listed && latest && listed.revision > latest.revision) await read(followed, latest);
}
