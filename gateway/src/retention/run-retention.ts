/**
 * Carries out the rules of retention: kind by kind, some rows at a time, each batch with its signed proof in one
 * transaction. Nothing is deleted that is under hold, or that the PACS does not show just before.
 */
import { DAY_MS } from '#shared/day.ts';
import { type Deletion, RETAINED, type Retained, type Retention } from '#shared/protocol/retention.ts';
import type { AuditHeads } from '../audit/audit-heads.ts';
import { archiveAudit } from '../audit/archive-audit.ts';
import { recordAudit } from '../audit/audit.ts';
import type { CaseSeal } from '../cases/case-seal.ts';
import { describeError, type Log } from '../observability/log.ts';
import { removeOldLogs } from '../observability/old-logs.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';
import { removeParcelBlobs } from '../pipeline/stores/parcel-blobs.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { compactTables } from './compact-tables.ts';
import { type Deleted, DELETES, lockRows } from './delete-rows.ts';
import { findDue, type Rows } from './due.ts';
import { findHeld, type Held, type HeldTools } from './find-held.ts';
import { holdsInForce, lockHolds } from './hold.store.ts';
import { insertProof, noteRun, readDays } from './retention.store.ts';
import { resultsStillThere, studiesStillThere } from './still-there.ts';

export type RetentionTools = HeldTools & {
  readonly auditHeads: Pick<AuditHeads, 'last'>;
  readonly caseSeal: Pick<CaseSeal, 'print' | 'destroy'>;
  readonly pipeline: Pick<PipelineTools, 'blobs' | 'keys'>;
  readonly signDeletion: (deletion: Omit<Deletion, 'iss'>) => Promise<string>;
  readonly dataDir: string;
  readonly logFile: string | null;
  readonly siteId: string;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
};

/** A study may have 20 000 instances, which are deleted in one transaction with it. */
const AT_ONCE: Readonly<Record<Rows, number>> = {
  ...{ receipts: 500, results: 200, studies: 10, cases: 200, exports: 500 },
};

export async function runRetention(tools: RetentionTools, signal: AbortSignal): Promise<void> {
  const { db, siteId, now, log } = tools;
  const days = await readDays(db, siteId);
  let trouble: Retention['trouble'] = null;
  for (const kind of RETAINED) {
    const kept = days[kind];
    if (kept === null) continue;
    const before = new Date(now().getTime() - kept * DAY_MS);
    try {
      trouble = (await runKind(tools, { kind, days: kept, before }, signal)) ?? trouble;
    } catch (error) {
      if (signal.aborted) throw error;
      trouble = error instanceof PacsUnreachable ? 'pacs-unreachable' : 'failed';
      log({ event: 'retention-stopped', kind, ...describeError(error) });
    }
  }
  await noteRun(db, siteId, now(), trouble);
}

type Rule<Kind = Retained> = { readonly kind: Kind; readonly days: number; readonly before: Date };

async function runKind(
  tools: RetentionTools,
  { kind, ...rule }: Rule,
  signal: AbortSignal,
): Promise<Retention['trouble']> {
  if (kind === 'audit') {
    await archiveAudit(tools, rule.before, signal);
    return null;
  }
  if (kind === 'logs') {
    await removeOldLogs(tools, rule.before);
    return null;
  }
  return deleteAll(tools, { kind, ...rule }, signal);
}

async function deleteAll(
  tools: RetentionTools,
  rule: Rule<Rows>,
  signal: AbortSignal,
): Promise<Retention['trouble']> {
  const { db, siteId } = tools;
  const without: string[] = [];
  let count = 0;
  for (;;) {
    signal.throwIfAborted();
    const held = await findHeld(tools, siteId);
    if (held === null) return 'holds-unknown';
    const due = await findDue(db, { ...rule, siteId, held }, { limit: AT_ONCE[rule.kind], without });
    if (due.length === 0) break;
    const there = await stillThere(tools, rule.kind, due, signal);
    without.push(...due.filter((id) => !there.includes(id)));
    if (there.length > 0) count += await deleteBatch(tools, rule, { held, ids: there });
  }
  if (count > 0) await compactTables(db, rule.kind, tools);
  return null;
}

function stillThere(
  tools: RetentionTools,
  kind: Rows,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (kind === 'studies') return studiesStillThere(tools, tools.siteId, ids, signal);
  if (kind === 'results') return resultsStillThere(tools, tools.siteId, ids, signal);
  return Promise.resolve(ids);
}

/** Returns how many were deleted: none where somebody has set or ended a hold meanwhile. */
async function deleteBatch(
  tools: RetentionTools,
  { kind, days, before }: Rule<Rows>,
  { held, ids }: { readonly held: Held; readonly ids: readonly string[] },
): Promise<number> {
  const { db, seal, siteId, newId, now, signDeletion } = tools;
  const deleted = await db.transaction().execute(async (trx): Promise<Deleted | null> => {
    await lockHolds(trx);
    const { ids: holds } = await holdsInForce(trx, seal, siteId);
    if (holds.join() !== held.holds.join()) return null;
    const which = { siteId, ids, now: now(), before };
    await lockRows(trx, kind, which);
    const due = await findDue(trx, { kind, before, siteId, held }, { among: ids });
    if (due.length === 0) return null;
    const done = await DELETES[kind](trx, { ...which, ids: due });
    const id = newId();
    const said = { id, at: now().toISOString(), kind, days, before: before.toISOString(), items: done.items };
    const jws = await signDeletion(said);
    const count = done.items.length;
    await insertProof(trx, { id, siteId, kind, count, jws, at: now() });
    const event = { event: 'retention-deleted', deletionId: id, kind, count, days } as const;
    await recordAudit(trx, siteId, event, now());
    return done;
  });
  if (deleted === null) return 0;
  for (const key of deleted.caseKeys) await tools.caseSeal.destroy(key);
  for (const key of deleted.studyKeys) await tools.pipeline.keys.destroy(key);
  await removeParcelBlobs(tools.pipeline.blobs, deleted.parcels);
  return deleted.items.length;
}
