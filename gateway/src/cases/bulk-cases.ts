/** Changes of several cases at once. Each is one of its own: a case that refuses holds up no other. */
import type { BulkChange, BulkOutcome } from '#shared/protocol/case-bulk.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { describeError, type Log } from '../observability/log.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import type { CaseTools } from './case-tools.ts';
import { changeCase, closeCase, reopenCase } from './change-case.ts';

export type BulkTools = CaseTools & { readonly log: Log };
type Outcome = BulkOutcome['cases'][number];

/** In the order of the changes. An unexpected failure ends them; it is thrown only where none is done yet. */
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
    // The person must learn which are done.
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
    // Each change is one version.
    return { version: version + 1, refused: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { version: null, refused: error.code };
  }
}
