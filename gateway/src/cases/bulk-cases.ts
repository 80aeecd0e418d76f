/** Changes several cases at once. Each change stands alone: if one is refused, the others are still made. */
import type { BulkChange, BulkOutcome } from '#shared/protocol/case-bulk.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { describeError, type Log } from '../observability/log.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import type { CaseTools } from './case-tools.ts';
import { changeCase, closeCase, reopenCase } from './change-case.ts';

export type BulkTools = CaseTools & { readonly log: Log };
type Outcome = BulkOutcome['cases'][number];

/**
 * Outcomes in the order of the changes. An unexpected failure stops the rest; it is thrown only if no change has been
 * made yet.
 */
export async function changeCases(
  tools: BulkTools,
  keeper: CaseReader,
  changes: readonly BulkChange[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  try {
    for (const change of changes)
      outcomes.push({ id: change.id, ...(await changeOne(tools, keeper, change)) });
    return outcomes;
  } catch (error) {
    // The person must learn which changes have been made.
    if (outcomes.every(({ version }) => version === null)) throw error;
    tools.log({ event: 'unexpected-error', where: 'request', ...describeError(error) });
    const left = changes.slice(outcomes.length);
    return [...outcomes, ...left.map(({ id }) => ({ id, version: null, refused: 'unexpected' }))];
  }
}

async function changeOne(
  tools: CaseTools,
  keeper: CaseReader,
  { id, version, set, close, reopen }: BulkChange,
): Promise<Omit<Outcome, 'id'>> {
  const which = { id, version };
  try {
    if (set !== undefined) await changeCase(tools, keeper, { ...which, ...set });
    else if (close !== undefined) await closeCase(tools, keeper, { ...which, ...close });
    else await reopenCase(tools, keeper, { ...which, ...reopen! });
    // Each change creates one version.
    return { version: version + 1, refused: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { version: null, refused: error.code };
  }
}
