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
import { lockHolds } from '../database/holds-lock.ts';
import { describeError, type Log } from '../observability/log.ts';
import { removeOldLogs } from '../observability/old-logs.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';
import { removeParcelBlobs } from '../pipeline/stores/parcel-blobs.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { compactDue } from './compact-tables.ts';
import { DELETES, lockRows, NOTHING } from './delete-rows.ts';
import { findDue, type Rows } from './due.ts';
import { askPacsOfHeld, heldNow, type HeldTools, type Told } from './find-held.ts';
import { insertProof, noteRun, noteToCompact, readDays } from './retention.store.ts';
import { resultsStillThere, studiesStillThere } from './still-there.ts';

export type RetentionTools = HeldTools & {
  readonly auditHeads: Pick<AuditHeads, 'last' | 'archivedTo' | 'signArchived'>;
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

const FOUND_AT_ONCE = 1_000;
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
  await compactDue(tools);
  await noteRun(db, siteId, now(), trouble);
}

type Rule<Kind = Retained> = { readonly kind: Kind; readonly days: number; readonly before: Date };

async function runKind(
  tools: RetentionTools,
  { kind, ...rule }: Rule,
  signal: AbortSignal,
): Promise<Retention['trouble']> {
  if (kind === 'audit') {
    if ((await archiveAudit(tools, rule.before, signal)) > 0)
      await tools.db.transaction().execute((trx) => noteToCompact(trx, tools.siteId, kind));
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
  const told = await askPacsOfHeld(tools, siteId);
  if (told === null) return 'holds-unknown';
  const without: string[] = [];
  for (;;) {
    const held = await heldNow(db, tools, siteId, told);
    // Somebody has set or ended a hold: the next run begins again.
    if (held === null) return null;
    const due = await findDue(db, { ...rule, siteId, held }, { limit: FOUND_AT_ONCE, without });
    if (due.length === 0) return null;
    for (let from = 0; from < due.length; from += AT_ONCE[rule.kind]) {
      signal.throwIfAborted();
      const ids = due.slice(from, from + AT_ONCE[rule.kind]);
      const there = await stillThere(tools, rule.kind, ids, signal);
      const deleted = there.length === 0 ? [] : await deleteBatch(tools, rule, { told, ids: there });
      if (deleted === null) return null;
      without.push(...ids.filter((id) => !deleted.includes(id)));
    }
  }
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

/** Returns what was deleted. Null: somebody has set or ended a hold meanwhile, and nothing was. */
async function deleteBatch(
  tools: RetentionTools,
  { kind, days, before }: Rule<Rows>,
  { told, ids }: { readonly told: Told; readonly ids: readonly string[] },
): Promise<readonly string[] | null> {
  const { db, siteId, newId, now, signDeletion } = tools;
  const done = await db.transaction().execute(async (trx) => {
    await lockHolds(trx);
    const which = { siteId, ids, now: now() };
    await lockRows(trx, kind, which);
    const held = await heldNow(trx, tools, siteId, told);
    if (held === null) return null;
    const due = await findDue(trx, { kind, before, siteId, held, among: ids }, { limit: ids.length });
    if (due.length === 0) return { due, ...NOTHING };
    const deleted = await DELETES[kind](trx, { ...which, ids: due });
    const id = newId();
    const count = deleted.items.length;
    const said = {
      id,
      at: now().toISOString(),
      kind,
      days,
      before: before.toISOString(),
      items: deleted.items,
    };
    await insertProof(trx, { id, siteId, kind, count, jws: await signDeletion(said), at: now() });
    await noteToCompact(trx, siteId, kind);
    const event = { event: 'retention-deleted', deletionId: id, kind, count, days } as const;
    await recordAudit(trx, siteId, event, now());
    return { due, ...deleted };
  });
  if (done === null) return null;
  for (const key of done.caseKeys) await tools.caseSeal.destroy(key);
  for (const key of done.studyKeys) await tools.pipeline.keys.destroy(key);
  await removeParcelBlobs(tools.pipeline.blobs, done.parcels);
  return done.due;
}
