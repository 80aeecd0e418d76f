/**
 * Gives studies to an administrator whose owner can no longer send them from here (the account was disabled, or this
 * device's right has ended). The gateway is told first, for its audit trail. The studies start over as the
 * administrator's own. Nothing promised or sent under the other account counts, except that bytes have left and under
 * which upload, so that a later cancellation also covers that upload. This module is loaded on demand, because the
 * gateway has to be asked then anyway.
 */
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { countReasons } from '../count-reasons.ts';
import { contentsOf, dropStudy } from './drop-study.ts';
import { instancesOf, putInstances } from './instance-rows.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from './local-database.ts';
import { waitsForOwner } from './waits-for-owner.ts';

export interface TakeOverTools {
  readonly database: LocalDatabase;
  /** Tells the gateway. Throws like the API client; nothing is taken over then. */
  noteTakeOver(owner: string, studies: number): Promise<void>;
  /** Wakes this tab's uploader, if the tab leads. */
  wake(): void;
}

/** `which`: true for the studies that the screen has counted. Throws like the API client. */
export async function takeOver(
  { database, noteTakeOver, wake }: TakeOverTools,
  account: string,
  which: (row: StudyRow) => boolean,
): Promise<void> {
  const isTaken = (row: StudyRow) => which(row) && waitsForOwner(row);
  const rows = (await database.studies.toArray()).filter(isTaken);
  for (const [owner, ofOwner] of Map.groupBy(rows, (row) => row.account)) {
    if (owner === null || owner === account) continue;
    await noteTakeOver(owner, ofOwner.length);
    for (const { id } of ofOwner) await take(database, { id, owner, account });
  }
  wake();
}

/** Deletes these studies from the device. */
export async function drop(database: LocalDatabase, which: (row: StudyRow) => boolean): Promise<void> {
  for (const row of await database.studies.toArray()) if (which(row)) await dropStudy(database, row.id);
}

type Taken = { readonly id: string; readonly owner: string; readonly account: string };

/** Does nothing if the study has changed meanwhile, for instance because its owner signed in. */
function take(database: LocalDatabase, { id, owner, account }: Taken): Promise<void> {
  return database.transaction('rw', contentsOf(database), async () => {
    const study = await database.studies.get(id);
    if (!study || study.account !== owner || !waitsForOwner(study)) return;
    const rows = await instancesOf(database, id);
    const kept = new Set(await database.parcels.where('studyId').equals(id).primaryKeys());
    // The PACS has these instances, so no copy is here any more, and their receipt belongs to the owner.
    const gone = rows.filter((row) => isThere(row) && !kept.has(row.parcelId ?? ''));
    if (gone.length === rows.length) return;
    await database.instances.bulkDelete(gone.map(({ studyId, position }) => [studyId, position]));
    const left = rows.filter((row) => !gone.includes(row)).map(asNamed);
    await putInstances(database, left);
    await database.parcels.where('studyId').equals(id).modify({ state: 'waiting', location: null });
    await database.withdrawals.where('studyId').equals(id).delete();
    await database.studies.update(id, {
      account,
      state: 'safe',
      waiting: null,
      uploadId: null,
      ...(study.uploadId !== null && { formerUploads: [...(study.formerUploads ?? []), study.uploadId] }),
      instances: study.instances - gone.length,
      bytes: study.bytes - gone.reduce((sum, { bytes }) => sum + bytes, 0),
      turn: study.turn + 1,
      packed: Math.min(study.packed, left.length),
      reasons: countReasons(left),
      ...NOTHING_SENT,
    });
  });
}

const isThere = ({ inPacs, state }: InstanceRow): boolean =>
  inPacs === true || isInPacs(state as InstanceState);

const NOTHING_SENT = {
  sentBytes: 0,
  neededBytes: 0,
  departed: 0,
  acknowledged: 0,
  counts: null,
  problem: null,
  trouble: null,
} as const;

/** An instance that the gateway refused, or that a person left out, keeps its state. */
const asNamed = (row: InstanceRow): InstanceRow =>
  ['refused', 'quarantined', 'left-out'].includes(row.state)
    ? row
    : { ...row, state: 'safe', reason: null, inPacs: false };
