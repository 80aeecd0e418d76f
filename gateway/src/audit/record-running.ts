/** Records the gateway's start and stop in the audit trail of its own site. */
import { defaultSiteId } from '../database/default-site.ts';
import type { Db } from '../database/database.ts';
import { recordAudit } from './audit.ts';

type RunningEvent =
  | { readonly event: 'gateway-started'; readonly version: string }
  | { readonly event: 'gateway-stopped' };
type Tools = { readonly db: Db; readonly now: () => Date };

export async function recordRunning({ db, now }: Tools, event: RunningEvent): Promise<void> {
  await db.transaction().execute(async (trx) => recordAudit(trx, await defaultSiteId(trx), event, now()));
}
