/** Checks an account's announced uploads against its quota. */
import { Problem } from '#shared/protocol/problem.ts';
import type { Trx } from '../database/database.ts';
import { openFiles } from '../pipeline/stores/sent-file.store.ts';
import { quotaUse } from '../policies/quota.store.ts';
import type { Sender } from './known-instances.ts';

/**
 * Throws `quota-exceeded` where the account has now announced more than its quota; then none of this upload is kept.
 * The gateway itself has no quota. `opensFile`: the bytes were already counted when the file was announced.
 */
export async function requireQuota(
  trx: Trx,
  { accountId }: Sender,
  { now, opensFile }: { readonly now: Date; readonly opensFile: boolean },
): Promise<void> {
  if (accountId === null) return;
  const use = await quotaUse(trx, accountId, now);
  if (use === undefined) return;
  const { quota, used } = use;
  const bytes = used.bytes + (opensFile ? 0 : (await openFiles(trx, accountId)).ofAccount);
  const isExceeded = used.uploads > quota.uploads || used.instances > quota.instances || bytes > quota.bytes;
  if (isExceeded) throw new Problem('quota-exceeded');
}
