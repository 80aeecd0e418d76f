/** Shows a result as its caller may see it: not everybody may see other people's names and radiologists' reasons. */
import type { Role } from '#shared/protocol/api.ts';
import type { Result, ResultInstance, Verification } from '#shared/protocol/inference.ts';
import type { Db } from '../database/database.ts';
import type { Caller } from '../http/route.ts';
import { readWithoutVerdicts } from '../findings/blinding.ts';
import { standingReviews } from '../findings/compare-outcomes.ts';
import { instancesOfResults } from './result-instance.store.ts';
import { reachesAll } from '../findings/result-reach.ts';
import { firstRequests, usernamesOf, verdictsOf, type ResultRow, type VerdictRow } from './result.store.ts';
import type { ReasonSeal } from './seal-reason.ts';

/** The roles that may see the names of other accounts. */
const KNOW_ACCOUNTS: readonly Role[] = ['admin', 'auditor'];
/** RFC 9562 §5.9: stands for an account that the caller may not know. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

export async function showResults(rows: readonly ResultRow[], caller: Caller, db: Db): Promise<Result[]> {
  const ids = rows.map(({ id }) => id);
  const requests = await firstRequests(db, ids);
  const instances = await instancesOfResults(db, ids);
  const hidden = await readWithoutVerdicts(db, caller, ids);
  const accounts = [
    ...rows.map((row) => row.verified_by),
    ...[...requests.values()].map(({ accountId }) => accountId),
  ];
  const names = await namesFor(caller, accounts, db);
  const mayKnowReview = ({ id }: ResultRow) => !hidden.has(id);
  const studies = rows.filter(mayKnowReview).flatMap((row) => row.study_instance_uid ?? []);
  const reviews = await standingReviews(db, caller.siteId, [...new Set(studies)], caller);
  return rows.map((row) => {
    const request = requests.get(row.id);
    const askedBy = request?.accountId ?? null;
    const isHidden = hidden.has(row.id) && row.verified_by !== caller.id;
    const present = isHidden ? null : presentOf(row);
    const uid = row.study_instance_uid;
    return {
      id: row.id,
      jobId: request?.jobId ?? null,
      createdAt: row.created_at.toISOString(),
      requestedBy: accountFor(caller, askedBy),
      ...(names.has(askedBy) ? { requestedByName: names.get(askedBy)! } : {}),
      finding: row.finding,
      cached: false,
      disagreement: row.disagreement,
      revision: row.revision,
      instances: (instances.get(row.id) ?? [])
        .filter((instance) => !(isHidden && isVerified(instance)))
        .map((instance) => (mayRead(caller, instance) ? instance : { ...instance, isWithheld: true })),
      verification: present && verificationOf(present, caller, names),
      ...(uid !== null && mayKnowReview(row) && { review: reviews.get(uid) ?? null }),
    };
  });
}

/**
 * Shows a result with all its verdicts. The radiologists' reasons may contain names, so only callers who may see all
 * results get them.
 */
export async function showResult(
  row: ResultRow,
  caller: Caller,
  { db, seal }: { readonly db: Db; readonly seal: ReasonSeal },
): Promise<Result> {
  const [result] = await showResults([row], caller, db);
  const hidden = await readWithoutVerdicts(db, caller, [row.id]);
  const rows = (await verdictsOf(db, row.id)).filter(
    ({ by_account }) => by_account === caller.id || !hidden.has(row.id),
  );
  const accounts = rows.map(({ by_account }) => by_account);
  const names = await namesFor(caller, accounts, db);
  const reasonOf = ({ sealed_reason }: VerdictRow) =>
    reachesAll(caller) ? { reason: sealed_reason && seal.open(row.id, sealed_reason) } : {};
  const history = rows.map((said) => ({ ...verificationOf(said, caller, names), ...reasonOf(said) }));
  return {
    ...result!,
    history,
    verification: result!.verification && (history.at(-1) ?? null),
  };
}

/**
 * A verified report contains the radiologist's name and reason, so only those who may see both can read it. Others
 * are told that it exists; otherwise the report before it would look like the last one.
 */
export function mayRead(
  caller: Caller,
  { kind, revision }: Pick<ResultInstance, 'kind' | 'revision'>,
): boolean {
  return !isVerified({ kind, revision }) || reachesAll(caller);
}

/** A report with a radiologist's verdict. */
export const isVerified = ({ kind, revision }: Pick<ResultInstance, 'kind' | 'revision'>): boolean =>
  kind === 'SR' && revision > 1;

type Names = ReadonlyMap<string | null, string>;

type Said = Pick<VerdictRow, 'verdict' | 'finding' | 'by_account' | 'at'>;

function presentOf({ verdict, verified_finding, verified_by, verified_at }: ResultRow): Said | null {
  if (verdict === null) return null;
  return { verdict, finding: verified_finding, by_account: verified_by!, at: verified_at! };
}

function verificationOf(
  { verdict, finding, by_account: by, at }: Said,
  caller: Caller,
  names: Names,
): Verification {
  return {
    verdict,
    finding,
    at: at.toISOString(),
    by: accountFor(caller, by),
    ...(names.has(by) ? { byName: names.get(by)! } : {}),
  };
}

/** The names of those accounts whose names the caller may see. */
async function namesFor(caller: Caller, accounts: readonly (string | null)[], db: Db): Promise<Names> {
  const knowsAll = caller.roles.some((role) => KNOW_ACCOUNTS.includes(role));
  const known = accounts.filter(
    (account): account is string => account !== null && (knowsAll || account === caller.id),
  );
  return usernamesOf(db, [...new Set(known)]);
}

function accountFor<A extends string | null>(caller: Caller, account: A): A | string {
  const isKnown = account === null || account === caller.id || reachesAll(caller, ['auditor']);
  return isKnown ? account : NOBODY;
}
