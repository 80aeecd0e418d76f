/** The invariants of the device, checked after each step in its database and in the list outside it. */
import * as assert from 'uvu/assert';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { SEAL_TAG_BYTES, SEALED_RECORD_BYTES } from '#shared/transfer/seal.ts';
import { countReasons } from '../pipeline/queue/count-reasons.ts';
import { countStudy } from '../pipeline/queue/count-study.ts';
import type {
  InstanceRow,
  ParcelRow,
  RecordRow,
  ReportRow,
  StudyRow,
} from '../pipeline/queue/rows/local-database.ts';
import { checkSaid } from './check-said.ts';
import type { SimulatedDevice } from './simulated-device.ts';
import { keyOf } from '../pipeline/queue/upload-queue.ts';
import { valuesOf } from '../testing/values-of.ts';

export interface Snapshot {
  readonly studies: readonly StudyRow[];
  readonly instances: ReadonlyMap<string, readonly InstanceRow[]>;
  readonly parcels: readonly ParcelRow[];
  readonly records: readonly RecordRow[];
  readonly receipts: readonly string[];
  readonly reports: readonly ReportRow[];
  /** How many instances each lost study had. */
  readonly lost: ReadonlyMap<string, number>;
}

export async function look(device: SimulatedDevice): Promise<Snapshot> {
  const { studies, instances, parcels, records, receipts, reports } = device.database;
  const { after } = await device.lookAtRecord();
  return {
    studies: await studies.toArray(),
    instances: Map.groupBy(await instances.toArray(), ({ studyId }) => studyId),
    parcels: await parcels.toArray(),
    records: await records.toArray(),
    receipts: await receipts.toCollection().primaryKeys(),
    reports: await reports.toArray(),
    lost: new Map(after.lost.map(({ studyInstanceUID, instances }) => [studyInstanceUID, instances])),
  };
}

/** Whether the study was called safe: every byte of it is in this database. */
function isSafe({ packing, state, waiting }: StudyRow): boolean {
  return (
    !packing && waiting !== 'interrupted' && state !== 'reading' && state !== 'done' && state !== 'taken-back'
  );
}

const isOver = ({ state }: StudyRow): boolean => state === 'done' || state === 'taken-back';

/** `isCleared`: the browser cleared everything in between. */
export function check(device: SimulatedDevice, before: Snapshot, now: Snapshot, isCleared: boolean): void {
  assert.equal(device.unexpected, [], 'nothing goes wrong that nobody expected');
  assert.equal(device.broken, []);
  for (const study of now.studies) {
    assert.is.not(study.state, 'in-pacs', 'a study in the PACS is done in the same transaction');
    checkCopies(device, study, now);
    checkNumbers(study, now.instances.get(study.id) ?? []);
  }
  checkSaid(now.studies);
  checkOwners(now);
  if (isCleared) checkLost(before, now);
  else checkKept(device, before, now);
}

function checkCopies(
  { lostByPacs }: SimulatedDevice,
  study: StudyRow,
  { instances, parcels, records }: Snapshot,
): void {
  if (isOver(study)) {
    assert.is(study.trouble ?? study.waiting, null, `a study that is ${study.state} waits for nothing`);
    if (study.held.reasons.length === 0)
      assert.is(study.title, null, `a study that is ${study.state} has no title`);
    assert.equal(
      valuesOf(
        parcels.filter(({ studyId }) => studyId === study.id),
        'id',
      ),
      [],
      `nor a copy, being ${study.state}`,
    );
    return;
  }
  if (study.waiting === 'interrupted')
    assert.equal(
      valuesOf(
        parcels.filter(({ studyId }) => studyId === study.id),
        'id',
      ),
      [],
      'what is to be chosen again has no copy',
    );
  if (!isSafe(study)) return;
  for (const row of instances.get(study.id) ?? []) {
    if (
      row.inPacs ||
      isInPacs(row.state as InstanceState) ||
      row.state === 'left-out' ||
      lostByPacs.has(keyOf(row))
    )
      continue;
    const parcel = parcels.find(({ id }) => id === row.parcelId);
    assert.ok(
      parcel,
      `what was called safe is here: an instance that is ${row.state} in a study that is ${study.state}`,
    );
    const own = records.filter(({ parcelId }) => parcelId === parcel.id);
    assert.is(
      own.length,
      Math.ceil(parcel.bytes / (SEALED_RECORD_BYTES + SEAL_TAG_BYTES)),
      'with all its records',
    );
    assert.is(
      own.reduce((sum, { sealed }) => sum + sealed.length, 0),
      parcel.bytes,
      'and all their bytes',
    );
  }
}

function checkNumbers(study: StudyRow, rows: readonly InstanceRow[]): void {
  const { track, needs } = countStudy(study);
  const counts = Object.values(track);
  assert.ok(
    counts.every((count) => count >= 0),
    `no place holds less than nothing: ${JSON.stringify(track)}`,
  );
  assert.is(
    counts.reduce((sum, count) => sum + count, 0),
    study.chosen,
    `each chosen instance is at one place: ${JSON.stringify({ track, study })}`,
  );
  assert.is(
    needs.reduce((sum, { instances }) => sum + instances, 0),
    track.needsYou,
    'and the causes add up',
  );
  if (study.packing) assert.is(track.safe > study.packed, false, 'what is not packed is not called safe');
  if (study.waiting === 'interrupted' || study.state === 'taken-back') return;
  assert.is(study.instances, rows.length, 'a study counts its instances');
  assert.is(
    study.bytes,
    rows.reduce((sum, { bytes }) => sum + bytes, 0),
    'and their bytes',
  );
  assert.ok(
    study.packed <= study.instances,
    `no more are packed than there are: ${study.packed} of ${study.instances}`,
  );
  assert.equal(sorted(study.reasons), sorted(countReasons(rows)), 'and why some are not in the PACS');
}

const sorted = (reasons: StudyRow['reasons']) => [
  reasons.leftOut,
  ...[reasons.refused, reasons.quarantined].map((list) =>
    list.toSorted((a, b) => (a.reason < b.reason ? -1 : 1)),
  ),
];

/** No row is orphaned. */
function checkOwners({ studies, instances, parcels, records, reports }: Snapshot): void {
  const known = new Set(studies.map(({ id }) => id));
  const held = new Set(parcels.map(({ id }) => id));
  assert.equal(
    [...instances.keys()].filter((id) => !known.has(id)),
    [],
    'instances have a study',
  );
  assert.equal(
    valuesOf(
      parcels.filter(({ studyId }) => !known.has(studyId)),
      'id',
    ),
    [],
    'parcels have a study',
  );
  assert.equal(
    valuesOf(
      records.filter(({ parcelId }) => !held.has(parcelId)),
      'parcelId',
    ),
    [],
    'records have a parcel',
  );
  const going = new Set(studies.filter((study) => !isOver(study)).map(({ id }) => id));
  assert.equal(
    valuesOf(
      reports.filter(({ studyId }) => !going.has(studyId)),
      'studyId',
    ),
    [],
    'reports have a study that is not over',
  );
  const said = new Set(reports.map(({ studyId, digest }) => `${studyId} ${digest}`));
  for (const id of going)
    assert.ok(
      (instances.get(id) ?? []).every(({ report }) => report !== undefined && said.has(`${id} ${report}`)),
      'what will be announced has its report',
    );
}

/**
 * Studies that the browser cleared after they were called safe are listed as lost; studies on the device are
 * not.
 */
function checkLost(before: Snapshot, now: Snapshot): void {
  for (const study of before.studies.filter(isSafe))
    assert.ok(now.lost.has(study.studyInstanceUID!), 'what the browser took is named');
}

/**
 * A study leaves the queue through its receipt or a person; a receipt is kept for ever, and a study called
 * safe stays safe.
 */
function checkKept({ ended }: SimulatedDevice, before: Snapshot, now: Snapshot): void {
  const after = new Map(now.studies.map((study) => [study.id, study]));
  assert.equal(
    before.receipts.filter((id) => !now.receipts.includes(id)),
    [],
    'receipts are kept',
  );
  for (const was of before.studies) {
    const is = after.get(was.id);
    if (isSafe(was) && !ended.has(was.id)) {
      const isReplaced = was.trouble === 'copy-unreadable' || was.state === 'failed';
      assert.ok(is !== undefined || isReplaced, `a study that is ${was.state} does not vanish`);
      assert.ok(!is || isSafe(is) || isOver(is), `what was called safe is not ${is?.state} ${is?.waiting}`);
    }
    if (is && was.sentAt !== undefined) assert.is(is.sentAt, was.sentAt, 'what was sent is not queued again');
    if (is && isOver(was)) assert.is(is.state, was.state, 'what is over stays so');
    if (is && was.state !== 'done' && is.state === 'done') checkDone(is, now);
    for (const row of before.instances.get(was.id) ?? []) {
      const later = now.instances.get(was.id)?.find(({ position }) => position === row.position)?.state;
      if (row.state === 'left-out')
        assert.ok(later !== 'quarantined' && later !== 'refused', 'what a person left out stays so');
    }
  }
  for (const study of now.studies) {
    const isHere =
      study.waiting !== 'interrupted' && study.state !== 'taken-back' && study.studyInstanceUID !== null;
    if (isHere)
      assert.ok(
        (now.lost.get(study.studyInstanceUID!) ?? Infinity) > study.instances,
        'what is here, all of it, is not called lost',
      );
  }
}

/** Done means in the PACS, or left out by a person. */
function checkDone(study: StudyRow, { instances }: Snapshot): void {
  for (const { state } of instances.get(study.id) ?? []) {
    assert.ok(
      isInPacs(state as InstanceState) || state === 'left-out',
      `done with an instance that is ${state}`,
    );
  }
}

const needsPerson = ({ waiting, state, trouble }: StudyRow): boolean =>
  waiting === 'interrupted' || state === 'attention' || state === 'failed' || trouble !== null;

/**
 * When all goes well, no study waits that could continue automatically. Instances that another entry of the
 * same study also promised wait for the person who must choose that one again.
 */
export function checkEnd({ remote, lostByPacs }: SimulatedDevice, { studies, instances }: Snapshot): void {
  for (const study of studies) {
    const same = studies.filter(({ studyInstanceUID }) => studyInstanceUID === study.studyInstanceUID);
    const here = new Set(same.flatMap(({ id }) => (instances.get(id) ?? []).map(keyOf)));
    // The browser took it before it was sent, and it was not chosen again.
    const isAwaited = [...remote.held].some(
      ([key, one]) => one.study === study.studyInstanceUID && one.state === 'promised' && !here.has(key),
    );
    assert.ok(
      isOver(study) || isAwaited || same.some(needsPerson),
      `it comes to its end, and is not ${study.state} for ever`,
    );
    if (study.state !== 'done') continue;
    for (const row of instances.get(study.id) ?? []) {
      const there = remote.held.get(keyOf(row))?.state;
      if (isInPacs(row.state as InstanceState) && !lostByPacs.has(keyOf(row)))
        assert.ok(there !== undefined && isInPacs(there), `what is called stored is there, not ${there}`);
    }
  }
}
