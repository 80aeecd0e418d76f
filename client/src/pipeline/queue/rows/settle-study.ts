/**
 * Settles a study with a checked receipt. This is the only place where copies are deleted because the PACS has the
 * instances.
 */
import { isAlreadyHere } from '#shared/protocol/reason-kinds.ts';
import { decidedFirstOnly } from '#shared/protocol/first-only.ts';
import { givenUpIn, lackingAt, type Receipt, type ReceiptInstance } from '#shared/protocol/receipt.ts';
import { notStoredIn } from '#shared/protocol/same-uid.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import { isSameWithheld } from '#shared/protocol/withheld.ts';
import { countReasons } from '../count-reasons.ts';
import { keyOf, type CheckedReceipt } from '../upload-queue.ts';
import { contentsOf, deleteParcels, deleteReports } from './drop-study.ts';
import { instancesOf, putInstances } from './instance-rows.ts';
import { titleAtEnd } from './keep-held.ts';
import { announceAgain } from './note-announcement.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from './local-database.ts';
import { withheldOf } from './withheld-of.ts';

export async function settleStudy(
  database: LocalDatabase,
  now: () => number,
  id: string,
  { jws, receipt }: CheckedReceipt,
): Promise<void> {
  await database.transaction('rw', [...contentsOf(database), database.receipts], async () => {
    const study = await database.studies.get(id);
    if (!study) return;
    const instances = await instancesOf(database, id);
    if (study.resumed && study.state === 'at-gateway' && leavesOutWanted(instances, receipt))
      return void (await database.studies.where('id').equals(id).modify(announceAgain));
    const firstOnly = decidedFirstOnly(receipt);
    const givenUp = [...new Set([...givenUpIn(receipt), ...firstOnly.missingAt])];
    const isTold = isSameWithheld(receipt.withheld, await withheldOf(database, study));
    const rows = asReceiptSays(instances, receipt, firstOnly.instances);
    await putInstances(database, rows);
    await database.receipts.put({
      id: receipt.jti,
      studyId: id,
      jws,
      issuedAt: receipt.iat * 1000,
      revision: receipt.revision,
      root: receipt.root,
    });
    const kept = rows.filter((row) => !isSettledHere(row));
    const keptParcels = kept.map(({ parcelId }) => parcelId).filter((parcelId) => parcelId !== null);
    await deleteParcels(database, id, new Set(keptParcels));
    const outcome = outcomeOf(study, kept.length === 0, now());
    if (outcome.state === 'done') await deleteReports(database, id);
    await database.studies.update(id, {
      receiptId: receipt.jti,
      waiting: study.waiting === 'interrupted' ? 'interrupted' : null,
      trouble: null,
      reasons: countReasons(rows),
      givenUpAt: givenUp.length > 0 ? givenUp : undefined,
      ...(isTold && { untold: undefined }),
      ...outcome,
    });
  });
}

/**
 * True if the receipt leaves out instances that are wanted: the request that cancelled the study arrived after the
 * study was resumed.
 */
function leavesOutWanted(rows: readonly InstanceRow[], { instances }: Receipt): boolean {
  const leftOut = new Set(instances.filter(({ state }) => state === 'left-out').map(keyOf));
  return rows.some((row) => (row.state === 'safe' || row.state === 'sent') && leftOut.has(keyOf(row)));
}

/** `firstOnly`: instances that the first PACS has and that another PACS need not have (first-only.ts). */
function asReceiptSays(
  rows: readonly InstanceRow[],
  receipt: Receipt,
  firstOnly: ReadonlySet<ReceiptInstance>,
): InstanceRow[] {
  const inFirst = new Set([...firstOnly].map(keyOf));
  const named = new Map(receipt.instances.map((instance, at) => [keyOf(instance), { ...instance, at }]));
  const versions = new Set(notStoredIn(receipt.instances).map(keyOf));
  // If the study consists only of other images under known UIDs, those images do not put it in the PACS.
  const there = rows.filter((row) => isInPacs(named.get(keyOf(row))?.state ?? 'promised'));
  // The PACS has one image under each UID. If several instances here share a UID, only one counts as being there, and
  // a stored one comes first.
  const counted = new Set(there.map(({ sopInstanceUID }) => sopInstanceUID));
  return rows.map((row): InstanceRow => {
    const said = named.get(keyOf(row));
    if (!said) return row;
    if (inFirst.has(keyOf(row)))
      return { ...row, state: 'stored', reason: null, pacsCode: null, destination: null, stands: undefined };
    const isThere = there.length > 0 || isAlreadyHere(said.reason ?? null);
    const isVersion = versions.has(keyOf(row)) && isThere && !counted.has(row.sopInstanceUID);
    const stands = isVersion ? true : undefined;
    if (isVersion) counted.add(row.sopInstanceUID);
    // A person's decision overrides a receipt issued before it.
    if (row.state === 'left-out' && !isInPacs(said.state)) return { ...row, stands };
    const lacking = lackingAt(receipt, said.at);
    return {
      ...row,
      state: said.state,
      reason: said.reason ?? null,
      pacsCode: lacking?.pacsCode ?? said.pacsCode ?? null,
      destination: lacking?.name ?? null,
      stands,
    };
  });
}

/**
 * Whether this device has nothing more to do for the instance. Refused ones are not settled: countStudy counts them
 * as needing a person.
 */
function isSettledHere({ state }: InstanceRow): boolean {
  return isInPacs(state as InstanceState) || state === 'left-out';
}

/** Once nothing is left on the device, the study is done. Its title is erased, unless a person must still decide. */
function outcomeOf(study: StudyRow, isComplete: boolean, at: number): Partial<StudyRow> {
  const checked = nextUploadState(study.state, isComplete ? 'receipt-checked' : 'receipt-names-refusals');
  if (checked === null) return {};
  if (!isComplete) return { state: checked };
  return {
    state: nextUploadState(checked, 'evicted') ?? checked,
    packing: false,
    title: titleAtEnd(study),
    vault: undefined,
    completedAt: at,
  };
}
