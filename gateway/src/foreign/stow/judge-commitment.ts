/**
 * Judges whether the gateway commits itself to instances that an account has sent. It does so only for an instance
 * that its PACS, and each required further destination, has confirmed. Instances that nobody sent, that another
 * account sent, or that were only announced all count as unknown.
 */
import { sql } from 'kysely';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import type { Db } from '../../database/database.ts';
import { shownState } from '../../uploads/upload-status.ts';
import type { CommitmentQuestion } from './commitment-request.store.ts';
import { broughtBy } from '../dicomweb/sight.ts';

/** Failure Reason (0008,1197) of PS3.3 §C.14.1.1. */
const PROCESSING_FAILURE = 0x0110;
const NO_SUCH_INSTANCE = 0x0112;
const CLASS_CONFLICT = 0x0119;

/** `null`: kept. `pending`: still on its way to the PACS. */
type Judged = number | null | 'pending';

const GONE: readonly InstanceState[] = ['refused', 'left-out'];

/**
 * For each reference, the reason why it is not kept, or null if it is kept. `pending`: one or more references are
 * still undecided.
 */
export async function judgeCommitment(
  db: Db,
  { siteId, accountId, asked, askedAt }: CommitmentQuestion,
): Promise<readonly (number | null)[] | 'pending'> {
  // Checked first, so that the query below also finds an instance whose file is opened in between.
  const isToBeOpened = await hasUnopened(db, accountId, askedAt);
  const rows = await db
    .selectFrom('instance')
    .innerJoin('study', 'study.id', 'instance.study_id')
    .select(['instance.sop_instance_uid', 'instance.sop_class_uid'])
    .select(shownState.as('state'))
    .where('instance.site_id', '=', siteId)
    .where('study.copy_of', 'is', null)
    .where(
      sql<boolean>`instance.sop_instance_uid = any(${asked.map(({ sopInstanceUID }) => sopInstanceUID)}::text[])`,
    )
    .where(broughtBy(accountId, 'instance'))
    .execute();
  const known = Map.groupBy(rows, (row) => row.sop_instance_uid);
  const judged = asked.map(({ sopClassUID, sopInstanceUID }): Judged => {
    const own = known.get(sopInstanceUID);
    if (own === undefined) return isToBeOpened ? 'pending' : NO_SUCH_INSTANCE;
    const verdict = judgeStates(own.map(({ state }) => state));
    const isOther = own.some((row) => row.sop_class_uid !== sopClassUID);
    return verdict === null && isOther ? CLASS_CONFLICT : verdict;
  });
  const settled = judged.filter((one) => one !== 'pending');
  return settled.length < judged.length ? 'pending' : settled;
}

/**
 * Judges all instances that the account sent under one UID. The request does not say which of them it means, so
 * instances that wait for a person also delay the result for the others.
 */
function judgeStates(states: readonly InstanceState[]): Judged {
  if (states.includes('quarantined')) return PROCESSING_FAILURE;
  if (states.some((state) => !isInPacs(state) && !GONE.includes(state))) return 'pending';
  return states.some(isInPacs) ? null : NO_SUCH_INSTANCE;
}

/** Whether there is an unopened file of the account that arrived before the request and may contain the instance. */
async function hasUnopened(db: Db, accountId: string, askedAt: Date): Promise<boolean> {
  const file = await db
    .selectFrom('sent_file')
    .select('id')
    .where('account_id', '=', accountId)
    .where('state', '=', 'received')
    .where('created_at', '<=', askedAt)
    .limit(1)
    .executeTakeFirst();
  return file !== undefined;
}
