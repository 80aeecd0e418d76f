/**
 * A stage that fails unexpectedly is run again by its job for as long as it takes, so nothing is lost. After some runs
 * the study says that it waits for the gateway. Verify does not need this, because it settles a parcel that it can't
 * verify.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import type { PipelineTools } from './plan/pipeline-tools.ts';
import { countFailures, forgetFailures, setWaiting, type StudyRow } from './stores/study.store.ts';

/**
 * With the jobs' pauses between the runs this takes some three minutes: a database or disk that was restarted is back
 * by then.
 */
const REPORTED_AFTER = 8;

type Tools = Pick<PipelineTools, 'db' | 'now' | 'changes'>;

/** Runs a stage; returns what it returns and throws what it throws. */
export async function reportFailures<T>(
  study: StudyRow,
  tools: Tools,
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<T> {
  try {
    const outcome = await run();
    if (study.failures > 0) await forgetFailures(tools.db, study.id);
    return outcome;
  } catch (error) {
    // A PACS that does not answer has a reason of its own, and a gateway that is stopping is no failure.
    if (!(error instanceof PacsUnreachable) && !signal.aborted)
      await ignoreFailure(report(study, tools), 'if the database fails, so does the count');
    throw error;
  }
}

async function report(study: StudyRow, tools: Tools): Promise<void> {
  if ((await countFailures(tools.db, study.id)) < REPORTED_AFTER) return;
  if (await setWaiting(tools.db, study.id, 'gateway-failed', tools.now())) tools.changes.emit(study.id);
}
