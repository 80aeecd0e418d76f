/** How exports end: somebody cancels one, or it expires. Then its file and its key are destroyed. */
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Caller } from '../http/route.ts';
import { destroyFile, sweepFiles } from './export-files.ts';
import type { ExportTools } from './export-tools.ts';
import {
  endExport,
  exportsOfDeleted,
  fileOf,
  lockExport,
  outdatedExports,
  type ExportFile,
  type ExportRow,
} from './export.store.ts';

/** Cancels an export, even one whose file is ready. @throws Problem not-found; job-ended: it has failed or expired. */
export async function cancelExport(
  tools: ExportTools,
  caller: Pick<Caller, 'id' | 'siteId' | 'roles'>,
  id: string,
): Promise<void> {
  const { db, now } = tools;
  const file = await db.transaction().execute(async (trx) => {
    const row = await lockExport(trx, id);
    if (row === undefined || !mayKnow(caller, row)) throw new Problem('not-found');
    if (row.state === 'cancelled') return null;
    if (row.state === 'failed' || isExpired(row, now())) throw new Problem('job-ended');
    await endExport(trx, row, { state: 'cancelled', trouble: null, now: now() });
    const event = { event: 'export-cancelled', ...saidOf(row), by: caller.id } as const;
    await recordAudit(trx, row.site_id, event, now());
    return fileOf(row);
  });
  await destroyFile(tools, file);
}

/** Administrators may see everybody's exports. */
export const mayKnow = (
  { id, siteId, roles }: Pick<Caller, 'id' | 'siteId' | 'roles'>,
  { account_id, site_id }: ExportRow,
): boolean => site_id === siteId && (account_id === id || roles.includes('admin'));

/** Whether the export's time is over, even if its file is still there. */
export const isExpired = ({ state, expires_at }: ExportRow, now: Date): boolean =>
  state === 'expired' || (state === 'ready' && expires_at !== null && expires_at <= now);

/** The details of an export in its audit events. */
export const saidOf = ({ id, template_name, template_version, definition, done }: ExportRow) => ({
  exportId: id,
  template: template_name,
  version: template_version,
  redaction: definition.redaction,
  cases: done,
});

/**
 * When a case is deleted, its words are destroyed, so the file of every export that contains it (or of the given export
 * only) is destroyed too. Returns false if there was none.
 */
export async function endOfDeleted(tools: ExportTools, exportId: string | null): Promise<boolean> {
  const ids = await exportsOfDeleted(tools.db, exportId);
  for (const id of ids)
    await destroyFile(tools, await expire(tools, id, { state: 'failed', trouble: 'case-deleted' }));
  return ids.length > 0;
}

/** Destroys expired files, those with deleted cases, and those that no export names. */
export async function expireExports(tools: ExportTools): Promise<void> {
  for (const id of await outdatedExports(tools.db, tools.now()))
    await destroyFile(tools, await expire(tools, id));
  await endOfDeleted(tools, null);
  await sweepFiles(tools);
}

async function expire(
  { db, now }: ExportTools,
  id: string,
  to: Pick<Parameters<typeof endExport>[2], 'state' | 'trouble'> = { state: 'expired', trouble: null },
): Promise<ExportFile | null> {
  return db.transaction().execute(async (trx) => {
    const row = await lockExport(trx, id);
    if (row?.state !== 'ready') return null;
    await endExport(trx, row, { ...to, now: now() });
    await recordAudit(trx, row.site_id, { event: 'export-expired', ...saidOf(row), by: null }, now());
    return fileOf(row);
  });
}
