/** A policy that keeps names and asks why. */
import { defaultSiteId } from '../database/default-site.ts';
import { insertPolicy } from '../policies/policy.store.ts';
import { audited } from './audited.ts';
import type { TestGateway } from './open-gateway.ts';

export const ASKING_POLICY = 'names-with-reason';

export async function addAskingPolicy({ database: { db } }: TestGateway, accountId: string): Promise<void> {
  const document = {
    ...{ name: ASKING_POLICY, title: 'With names', deidentify: false, options: [], asksReason: true },
    roles: ['technician' as const],
  };
  const by = { siteId: await defaultSiteId(db), by: accountId, now: new Date() };
  await db.transaction().execute((trx) => insertPolicy(trx, document, by));
}

/** Why studies were sent with names, as the audit trail keeps it. */
export async function auditedReasons({ database: { db } }: TestGateway): Promise<readonly unknown[]> {
  const opened = await audited(db, 'upload-opened');
  return opened.map(({ fields }) => fields['reason'] ?? null);
}
