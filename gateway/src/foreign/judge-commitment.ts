/**
 * Whether the gateway commits itself to instances that an account has sent: only to one that its PACS, and each
 * further destination that must have it, has confirmed. An instance that nobody has, one of another account and one
 * that was only promised are the same: not known.
 */
import { sql } from 'kysely';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import { shownState } from '../uploads/upload-status.ts';
import type { CommitmentQuestion } from './commitment-request.store.ts';
import { broughtBy } from './sight.ts';

/** Failure Reason (0008,1197) of PS3.3 §C.14.1.1. */
const PROCESSING_FAILURE = 0x0110;
const NO_SUCH_INSTANCE = 0x0112;
const CLASS_CONFLICT = 0x0119;

/** `null`: kept. `pending`: on its way to the PACS. */
type Judged = number | null | 'pending';

const GONE: readonly InstanceState[] = ['refused', 'left-out'];

/** For each reference why it is not kept, null where it is; `pending`: of one or more nothing is decided yet. */
export async function judgeCommitment(
  db: Db,
  { siteId, accountId, asked, askedAt }: CommitmentQuestion,
): Promise<readonly (number | null)[] | 'pending'> {
  // Looked at first: an instance of a file that is opened meanwhile is then among the rows.
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
 * Of all that the account has sent under one UID: which of these bytes it asks about is not said, so that those that
 * wait for a person hold the others up.
 */
function judgeStates(states: readonly InstanceState[]): Judged {
  if (states.includes('quarantined')) return PROCESSING_FAILURE;
  if (states.some((state) => !isInPacs(state) && !GONE.includes(state))) return 'pending';
  return states.some(isInPacs) ? null : NO_SUCH_INSTANCE;
}

/** A file of theirs that was here before the question, and in which the instance may be. */
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
