/**
 * Removes sample data step by step: cases, files that were not opened, studies in their PACSs and here, and last the
 * accounts, which carry the mark of sample data. The removal can be interrupted anywhere and repeated, because nothing
 * is forgotten before it is gone.
 */
import { sql } from 'kysely';
import { gatherLeft, type SampleRemoval } from '#shared/protocol/sample.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import { updateAccount } from '../auth/account.store.ts';
import { endRightsOf } from '../auth/device-right.ts';
import { endFamiliesOf } from '../auth/refresh-token.store.ts';
import { lockTurn } from '../reviews/choose-readers.ts';
import { deleteCase } from '../cases/change-case.ts';
import { handBack } from '../reviews/hand-back.ts';
import type { Caller } from '../http/route.ts';
import { destroyFile } from '../pipeline/spool/file-spool.ts';
import { removeStudy, type Left } from './remove-study.ts';
import { countSample, sampleAccounts, sampleCases, sampleStudies } from './sample.store.ts';
import type { SampleTools } from './sample-tools.ts';

/** Tables whose rows belong to the account alone. */
const OWN = [
  'refresh_token',
  'api_key',
  'device',
  'reading',
  'case_reading',
  'study_reading',
  'reading_waiver',
  'case_view',
  'case_import',
  'commitment_request',
];
/** SQLSTATE of a foreign key violation. */
const NAMED = '23503';
/** How many studies are removed in one step: a PACS deletes a study within a second, and a person waits. */
const STUDIES_A_STEP = 5;

/** `after`: `next` of the previous step, or an empty text. */
export async function removeSample(
  tools: SampleTools,
  caller: Caller,
  { after, signal }: { readonly after: string; readonly signal: AbortSignal },
): Promise<SampleRemoval> {
  const { db } = tools;
  const { siteId, id: by } = caller;
  const accounts = await sampleAccounts(db, siteId);
  // From here on, nobody can create anything with these accounts.
  for (const { id, disabled_at: disabledAt } of accounts)
    if (disabledAt === null) await endAccount(tools, { id, siteId, by });
  const cases = await removeCases(tools, caller);
  // If a person has also sent the study of a case, the case is no longer sample data. It may have been assigned to
  // sample readers before.
  for (const { id } of accounts) await handBack(tools, { siteId, accountId: id, by });
  const left: Left[] = await removeFiles(tools, siteId);
  const uids = await sampleStudies(db, siteId, { after, limit: STUDIES_A_STEP });
  let studies = 0;
  for (const uid of uids) {
    const because = await removeStudy(tools, caller, { studyInstanceUID: uid, signal });
    if (because === null) studies += 1;
    else left.push(because);
  }
  const removed = { accounts: 0, studies, cases };
  if (uids.length === STUDIES_A_STEP) return { removed, left: gatherLeft(left), next: uids.at(-1)! };
  const rest = await countSample(db, siteId);
  if (rest.studies + rest.cases > 0 || left.length > 0)
    return { removed, left: gatherLeft(left), next: null };
  const kept = await removeAccounts(tools, caller);
  return {
    removed: { ...removed, accounts: rest.accounts - kept.length },
    left: gatherLeft(kept),
    next: null,
  };
}

type Account = { readonly id: string; readonly siteId: string; readonly by: string };

async function endAccount({ db, now, forget }: SampleTools, { id, siteId, by }: Account): Promise<void> {
  const devices = await db.transaction().execute(async (trx) => {
    await updateAccount(trx, id, { disabledAt: now() });
    await endFamiliesOf(trx, id, now());
    await recordAudit(trx, siteId, { event: 'user-disabled', accountId: id, by }, now());
    await lockTurn(trx);
    return endRightsOf(trx, { id, siteId }, 'user-disabled', now());
  });
  forget(id, devices);
}

async function removeCases(tools: SampleTools, caller: Caller): Promise<number> {
  let removed = 0;
  for (const which of await sampleCases(tools.db, caller.siteId))
    try {
      await deleteCase(tools, caller, which);
      removed += 1;
    } catch (error) {
      // Somebody has changed or deleted the case in the meantime. The next removal finds it if it was only changed.
      if (!(error instanceof Problem)) throw error;
    }
  return removed;
}

/**
 * Removes files that the sample accounts sent and that were not opened. Files that are being opened have to finish
 * first.
 */
async function removeFiles({ db, spool }: SampleTools, siteId: string): Promise<Left[]> {
  const files = await db
    .selectFrom('sent_file')
    .innerJoin('sample_account', 'sample_account.account_id', 'sent_file.account_id')
    .select(['sent_file.id', 'sent_file.state', 'sent_file.problem', 'sent_file.wrapped_key'])
    .where('sent_file.site_id', '=', siteId)
    .execute();
  const left: Left[] = [];
  for (const file of files) {
    if (file.state === 'received' && file.problem === null)
      left.push({ because: 'on-the-road', name: null, count: 1 });
    else {
      await db.deleteFrom('sent_file').where('id', '=', file.id).execute();
      await destroyFile(spool, file);
    }
  }
  return left;
}

async function removeAccounts(tools: SampleTools, { siteId, id: by }: Caller): Promise<Left[]> {
  const left: Left[] = [];
  for (const { id, username } of await sampleAccounts(tools.db, siteId))
    if (!(await deleteAccount(tools, { id, siteId, by })))
      left.push({ because: 'named-elsewhere', name: username, count: 1 });
  return left;
}

/** False: something other than sample data refers to the account, and it stays as it was. */
async function deleteAccount({ db, now }: SampleTools, { id, siteId, by }: Account): Promise<boolean> {
  try {
    await db.transaction().execute(async (trx) => {
      for (const table of OWN)
        await sql`delete from ${sql.table(table)} where account_id = ${id}::uuid`.execute(trx);
      await trx.deleteFrom('account').where('id', '=', id).execute();
      await recordAudit(trx, siteId, { event: 'user-deleted', accountId: id, by }, now());
    });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === NAMED) return false;
    throw error;
  }
}
