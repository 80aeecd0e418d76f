/** Changes of several cases at once. Each is one of its own: a case that refuses holds up no other. */
import type { BulkChange, BulkOutcome } from '#shared/protocol/case-bulk.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { CaseReader } from './case-rights.ts';
import type { CaseTools } from './case-tools.ts';
import { changeCase, closeCase, reopenCase } from './change-case.ts';

/** In the order of the changes. */
export async function changeCases(
  tools: CaseTools,
  keeper: CaseReader,
  changes: readonly BulkChange[],
): Promise<BulkOutcome['cases']> {
  const outcomes: BulkOutcome['cases'] = [];
  for (const change of changes) outcomes.push({ id: change.id, ...(await changeOne(tools, keeper, change)) });
  return outcomes;
}

async function changeOne(
  tools: CaseTools,
  keeper: CaseReader,
  { id, version, set, close, reopen }: BulkChange,
): Promise<Omit<BulkOutcome['cases'][number], 'id'>> {
  const which = { id, version };
  try {
    if (set !== undefined) await changeCase(tools, keeper, { ...which, ...set });
    else if (close !== undefined) await closeCase(tools, keeper, { ...which, ...close });
    else await reopenCase(tools, keeper, { ...which, ...reopen! });
    // Each change is one version.
    return { version: version + 1, refused: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { version: null, refused: error.code };
  }
}
