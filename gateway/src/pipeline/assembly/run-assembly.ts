/** Assembly, applied: a study that is all there goes to the PACS. */
import { countStates } from '../instance.store.ts';
import { applyStudyEvent, lockStudy, type StudyRow } from '../study.store.ts';
import { tellingFailures } from '../telling-failures.ts';
import { auditStudy } from '../audit-study.ts';
import type { PipelineTools } from '../pipeline-tools.ts';
import { enqueueStage } from '../stages.ts';
import { assembleStudy } from './assemble-study.ts';

export const runAssembly = tellingFailures(assembleOnce);

async function assembleOnce(study: StudyRow, tools: PipelineTools): Promise<string> {
  return tools.db.transaction().execute(async (trx) => {
    const locked = await lockStudy(trx, study.id);
    if (locked === undefined) return 'gone';
    const counts = await countStates(trx, study.id);
    const outcome = assembleStudy(counts);
    if (outcome.kind === 'incomplete') return 'incomplete';
    const moved = await applyStudyEvent(trx, locked, 'all-settled', tools.now());
    if (moved === null) return 'elsewhere';
    await enqueueStage(trx, tools, { queue: 'forward', studyId: study.id });
    await auditStudy(trx, tools, study, {
      event: 'study-assembled',
      revision: moved.revision,
      ...Object.fromEntries(counts),
    });
    return 'assembled';
  });
}
