/**
 * Receipt: signs the outcome of each instance that an upload promised, once for each upload and revision. A signature
 * takes a moment, so the study may have moved on meanwhile; then the signed text is thrown away. Every change of an
 * instance moves the study first, so while state and revision are the same, the instances are those that were signed.
 */
import { isInPacs, isSettled, SETTLED } from '#shared/protocol/study-state.ts';
import { findPolicy } from '../../policies/policies.ts';
import { copyOutcomes, withoutRequired } from './copy-outcomes.ts';
import { instancesOf, isAsHandedOver, type InstanceRow } from '../stores/instance.store.ts';
import { promisesOf } from '../stores/parcel.store.ts';
import type { StudyTools } from '../plan/pipeline-tools.ts';
import type { IssuedReceipt } from '../stores/receipt.store.ts';
import { reportsOf } from '../stores/report.store.ts';
import { nothingToDo, type LockedStudy, type Plan, type Planner } from '../plan/study-plan.ts';
import type { StudyRow } from '../stores/study.store.ts';
import { issueReceipt, policyKey } from './issue-receipt.ts';

type Tools = Pick<StudyTools, 'db' | 'pacs' | 'issuer' | 'signReceipt' | 'now' | 'newId'> & {
  /** Carries out the plan of a step on a copy now. */
  readonly apply: (planner: Planner, studyId: string) => Promise<unknown>;
};

/** `firstOnly`: instances that the first destination has, but another required one does not. */
type ReceiptSaid = { receiptId: string; root: string; inPacs: number; firstOnly?: number };

export async function signRevision(study: StudyRow, tools: Tools): Promise<Planner> {
  const instances = await instancesOf(tools.db, study.id);
  // This should not happen. If a fault leads here, the study starts its way again instead of standing still.
  if (!instances.every(({ state }) => isSettled(state))) return async (locked) => startAgain(locked, study);
  // A row that was changed behind the gateway's back is not signed. Nor is an instance that was seen in another PACS
  // than the receipt names, because the address has changed meanwhile: it is looked for at the new address.
  const there = tools.pacs.describe();
  const unproven = instances.filter(
    (row) => (isInPacs(row.state) || row.proof !== null) && (!isAsHandedOver(row) || row.proven_at !== there),
  );
  if (unproven.length > 0) return async (locked) => startAgain(locked, study, unproven);
  if (study.copy_of !== null) return planner(study, () => endCopy(study));
  const copies = await copyOutcomes(tools.db, study.id);
  for (const { study: copy, unproven: changed } of copies)
    if (changed.length > 0) await tools.apply(async (locked) => startAgain(locked, copy, changed), copy.id);
  const without = withoutRequired(instances, copies, study);
  if (without !== null) return planner(study, () => without);
  const of = {
    study,
    copies,
    reports: await reportsOf(tools.db, study.id),
    deidentifying: await deidentifyingOf(study, instances, tools),
  };
  const issued: { receipt: IssuedReceipt; said: ReceiptSaid }[] = [];
  for (const [uploadId, { ids, withheld }] of await promisesOf(tools.db, study.id)) {
    const subject = { ...of, instances: instances.filter(({ id }) => ids.has(id)), withheld };
    const receipt = await issueReceipt(subject, { ...tools, describePacs: () => there });
    if (receipt.kind === 'unsettled') return async (locked) => startAgain(locked, study);
    const { id, jws, issuedAt, root, firstOnly } = receipt;
    const inPacs = subject.instances.filter(({ state }) => isInPacs(state)).length;
    const said = { receiptId: id, root, inPacs, ...(firstOnly > 0 && { firstOnly }) };
    issued.push({ receipt: { id, uploadId, jws, issuedAt }, said });
  }
  const { id: studyId, revision } = study;
  return planner(study, () => ({
    outcome: 'issued',
    changes: issued.map(({ receipt }) => ({ ...receipt, kind: 'insert-receipt' })),
    event: 'receipt-issued',
    next: [
      { queue: 'eviction', studyId },
      { queue: 'inference', studyId },
    ],
    audit: issued.map(({ said }) => ({ event: 'receipt-issued', revision, ...said })),
  }));
}

/** The plan, provided that the study is still as it was when it was looked at. */
const planner =
  (seen: StudyRow, toPlan: () => Plan): Planner =>
  async ({ study }) =>
    study.revision === seen.revision && study.state === seen.state ? toPlan() : nothingToDo('elsewhere');

/** A copy has no receipt of its own: its original's receipt says what became of it. */
const endCopy = ({ id, copy_of: original, need }: StudyRow): Plan => ({
  outcome: 'copied',
  event: 'receipt-issued',
  next: [
    { queue: 'eviction', studyId: id },
    ...(need === 'required' && original !== null ? [{ queue: 'receipt', studyId: original } as const] : []),
  ],
});

async function startAgain(
  { study }: LockedStudy,
  seen: Pick<StudyRow, 'state' | 'revision'>,
  unproven: readonly Pick<InstanceRow, 'id' | 'state'>[] = [],
): Promise<Plan> {
  if (study.revision !== seen.revision || study.state !== seen.state) return nothingToDo('elsewhere');
  return {
    outcome: 'unsettled',
    changes: [
      {
        kind: 'change-instances',
        from: SETTLED,
        // An instance that is not in the PACS stays for a person to decide: it is not offered to the new address.
        changes: unproven.map(({ id, state }) => ({
          ...{ id, proof: null },
          state: isInPacs(state) ? 'posted' : state,
        })),
      },
    ],
    event: 'late-instance',
    next: [{ queue: 'assembly', studyId: study.id }],
    audit: { event: 'study-unsettled', revision: study.revision },
  };
}

async function deidentifyingOf(
  study: StudyRow,
  instances: readonly InstanceRow[],
  { db }: Pick<Tools, 'db'>,
): Promise<ReadonlySet<string>> {
  const named = new Map(
    instances.map((row) => [policyKey(row), { name: row.policy_name, version: row.policy_version }]),
  );
  const found = await Promise.all(
    [...named].map(async ([key, policy]) =>
      (await findPolicy(db, study.site_id, policy))?.deidentify === true ? key : null,
    ),
  );
  return new Set(found.filter((key) => key !== null));
}
