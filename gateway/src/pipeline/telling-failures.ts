/**
 * A stage of a study that fails where nobody expected it is run again by its job, for as long as it takes:
 * nothing is lost. Here it is told: after some runs the study says that it waits, and for what. Verify is not
 * among these: it settles a parcel that it cannot verify.
 */
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { countFailures, forgetFailures, setWaiting, type StudyRow } from './study.store.ts';
import type { PipelineTools } from './pipeline-tools.ts';

/**
 * With the pauses of the jobs between them some three minutes: what a restart of the database or a disk mends
 * by itself is mended by then.
 */
const FAILURES_TOLD_AFTER = 8;

type Run = (study: StudyRow, tools: PipelineTools, signal: AbortSignal) => Promise<string>;

/** The stage, as it is: its outcome is returned and its error thrown. */
export function tellingFailures(run: Run): Run {
  return async (study, tools, signal) => {
    try {
      const outcome = await run(study, tools, signal);
      if (study.failures > 0) await forgetFailures(tools.db, study.id);
      return outcome;
    } catch (error) {
      // A PACS that does not answer is told as such; a gateway that stops is no failure; where the database
      // fails, so does the count.
      if (!(error instanceof PacsUnreachable) && !signal.aborted)
        await tell(study, tools).catch(() => undefined);
      throw error;
    }
  };
}

async function tell(study: StudyRow, tools: PipelineTools): Promise<void> {
  if ((await countFailures(tools.db, study.id)) < FAILURES_TOLD_AFTER) return;
  if (await setWaiting(tools.db, study.id, 'gateway-failed', tools.now())) tools.changes.emit(study.id);
}
