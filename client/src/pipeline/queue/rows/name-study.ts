/**
 * Names a study: writes a row for the study, then one for each instance, so that the gateway can be asked which
 * instances it lacks before anything is packed. A named study is not yet safe: only `finishPacking`
 * (finish-packing.ts) makes it so.
 */
import {
  charactersOf,
  REPORTS_CHARACTERS_LIMIT,
  withinRoom,
  type WireReport,
} from '#shared/protocol/deid-report.ts';
import { describeStudy } from '#shared/ingest/describe-study.ts';
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import { NO_REASONS, sumOf } from '../count-reasons.ts';
import { seal } from './device-key.ts';
import { knownUser } from './device-notes.ts';
import { contentsOf, deleteContents } from './drop-study.ts';
import { cancelledWithin } from './end-as-taken-back.ts';
import { instancesOf } from './instance-rows.ts';
import { isCovered, type KeptHeld } from './keep-held.ts';
import { makeLabel } from './make-label.ts';
import type { InstanceRow, LocalDatabase, ReportRow, StudyRow } from './local-database.ts';
import { openTitle, type SealedTitle } from './open-title.ts';
import { withheldIn } from './withheld-of.ts';
import { sealPatients, type PatientMarks } from './patient-marks.ts';
import type { StudyAbout, StudyTitle, UnreadFiles } from '../queued-study.ts';
import { CONFLICT, keyOf } from '../upload-queue.ts';

interface NewStudy {
  readonly id: string;
  readonly queuedAt: number;
  /** The account that sends the study; null: the device does not know it. */
  readonly account: string | null;
  readonly policy: StudyRow['policy'];
  readonly title: StudyTitle;
  readonly about: StudyAbout;
  /** The mark of its Study Instance UID in the files (mark-of-study.ts). */
  readonly mark?: number;
  readonly patients?: PatientMarks;
  /** How many instances a person chose and wants to send, and how many of the study that person left out. */
  readonly chosen: number;
  readonly leftOut?: number;
  readonly leftUnread?: UnreadFiles;
}

/** Thrown when the study was taken back, or its row is gone. Naming and packing stop then. */
export class StudyGone extends Error {
  constructor() {
    super('the study is no longer being queued');
    this.name = 'StudyGone';
  }
}

export async function beginStudy(database: LocalDatabase, key: CryptoKey, study: NewStudy): Promise<void> {
  const { leftOut = 0 } = study;
  const title = await sealTitle(key, study);
  const earlier = await findUnnamed(database, key, study);
  const label = await makeLabel(database, key, study);
  const site = (await knownUser(database))?.siteId ?? null;
  const patients = study.patients && { patients: await sealPatients(key, study.id, study.patients) };
  if (earlier !== null) await database.studies.delete(earlier);
  await database.studies.add({
    id: study.id,
    queuedAt: study.queuedAt,
    account: study.account,
    site,
    state: 'reading',
    named: false,
    packing: true,
    policy: study.policy,
    studyInstanceUID: null,
    title,
    ...(label === null ? {} : { label }),
    about: study.about,
    ...(study.mark !== undefined && { mark: study.mark }),
    ...patients,
    chosen: study.chosen + leftOut,
    ...(study.leftUnread && { leftUnread: study.leftUnread }),
    instances: 0,
    bytes: 0,
    packed: 0,
    uploadId: null,
    sentBytes: 0,
    neededBytes: 0,
    departed: 0,
    acknowledged: 0,
    counts: null,
    waiting: null,
    problem: null,
    reasons: NO_REASONS,
    held: { reasons: [], leftOut },
    paused: false,
    rank: null,
    score: null,
    trouble: null,
    turn: 0,
    receiptId: null,
    completedAt: null,
  });
}

/** Finds an entry that was interrupted before an instance was named. Only its title shows that it is the same study. */
async function findUnnamed(
  database: LocalDatabase,
  key: CryptoKey,
  { account, title }: NewStudy,
): Promise<string | null> {
  const isUnnamed = (row: StudyRow) =>
    row.waiting === 'interrupted' &&
    row.studyInstanceUID === null &&
    (row.account === null || row.account === account);
  for (const row of await database.studies.filter(isUnnamed).toArray()) {
    if (row.title === null) continue;
    const { described: _, ...its } = await openTitle(key, row.id, row.title);
    // Two entries with one title are two studies; this choice replaces one of them.
    if (JSON.stringify(its) === JSON.stringify(title)) return row.id;
  }
  return null;
}

function sealTitle(key: CryptoKey, { id, title, policy }: NewStudy): Promise<Uint8Array<ArrayBuffer>> {
  const { modalities, bodyParts, description } = title;
  const described = describeStudy({ modalities, bodyParts, descriptions: [description] }, policy.deidentify);
  return seal(
    key,
    new TextEncoder().encode(JSON.stringify({ ...title, described } satisfies SealedTitle)),
    `title/${id}`,
  );
}

/** An instance as it will be promised to the gateway. `studyInstanceUID`: the UID of its study, as sent. */
export type NamedInstance = Omit<InstanceRow, 'studyId' | 'parcelId' | 'state' | 'reason' | 'codedBytes'> & {
  readonly studyInstanceUID: string;
};

/**
 * Writes the rows of these instances and the reports that they refer to, all or none. Throws StudyGone or
 * QuotaExceededError.
 */
export async function nameInstances(
  database: LocalDatabase,
  studyId: string,
  named: readonly NamedInstance[],
  reports: readonly WireReport[] = [],
): Promise<void> {
  if (named.length === 0) return;
  await database.transaction('rw', database.studies, database.instances, database.reports, async () => {
    const study = await database.studies.get(studyId);
    if (study?.state !== 'reading' || study.named) throw new StudyGone();
    await database.instances.bulkAdd(
      named.map(({ studyInstanceUID: _, ...instance }) => ({
        ...instance,
        studyId,
        parcelId: null,
        state: 'safe' as const,
        reason: null,
      })),
    );
    await database.studies.update(studyId, {
      studyInstanceUID: study.studyInstanceUID ?? named[0]!.studyInstanceUID,
      instances: study.instances + named.length,
      bytes: study.bytes + named.reduce((sum, { bytes }) => sum + bytes, 0),
      ...(reports.length > 0 && { reportCharacters: await keepReports(database, study, reports) }),
    });
  });
}

/** Returns the new size of the study's reports. Part of the caller's transaction. */
async function keepReports(
  database: LocalDatabase,
  { id, reportCharacters = 0 }: StudyRow,
  reports: readonly WireReport[],
): Promise<number> {
  let taken = reportCharacters;
  const known = await database.reports.bulkGet(reports.map(({ digest }): [string, string] => [id, digest]));
  const rows = reports
    .filter((_, at) => known[at] === undefined)
    .map((report): ReportRow => {
      const kept = withinRoom(report, REPORTS_CHARACTERS_LIMIT - taken);
      taken += charactersOf(kept.actions);
      return { ...kept, studyId: id };
    });
  await database.reports.bulkAdd(rows);
  return taken;
}

/**
 * Marks the study as named: every instance has its row, so the study may be announced. It replaces earlier entries of
 * the same study that can no longer be sent from here. `kept`: its instances that are held on this device. False if
 * nothing was named and the study was dropped.
 */
export async function finishNaming(
  database: LocalDatabase,
  studyId: string,
  kept: KeptHeld | null = null,
): Promise<boolean> {
  const { studies } = database;
  return database.transaction('rw', contentsOf(database), async () => {
    const study = await studies.get(studyId);
    if (study?.state !== 'reading') throw new StudyGone();
    const twice = await waitingEarlier(database, study);
    if (study.instances === twice.length) {
      await deleteContents(database, studyId);
      await studies.delete(studyId);
      return false;
    }
    await replaceUnsendable(database, study, kept);
    // These are not withdrawn at the gateway, because they are still wanted.
    await database.instances.bulkDelete(twice.map(({ position }): [string, number] => [studyId, position]));
    const instances = study.instances - twice.length;
    const bytes = twice.reduce((left, each) => left - each.bytes, study.bytes);
    const held = kept?.held ?? study.held;
    // An instance that was chosen twice is sent once.
    const chosen = instances + sumOf(held.reasons) + held.leftOut;
    const leaves = kept?.earlier.map((each) => ({ id: each.id, withheld: withheldIn(each.held) }));
    await studies.update(studyId, {
      ...{ instances, bytes, named: true, chosen, held, holds: await cancelledWithin(database, study) },
      // A receipt may contradict what the earlier entries withheld.
      ...(leaves && leaves.length > 0 && { leaves, untold: true }),
    });
    return true;
  });
}

/**
 * Instances that wait for a decision in an earlier entry, because another instance has their identifier. They get no
 * second entry: the gateway's answer settles an instance in every entry.
 */
async function waitingEarlier(
  database: LocalDatabase,
  { id, studyInstanceUID, account }: StudyRow,
): Promise<readonly InstanceRow[]> {
  const earlier = await database.studies
    .filter(
      (row) =>
        row.id !== id &&
        row.studyInstanceUID === studyInstanceUID &&
        (row.account === null || row.account === account) &&
        row.removed !== true &&
        !isUnsendable(row) &&
        row.reasons.quarantined.some(({ reason }) => reason === CONFLICT),
    )
    .toArray();
  if (earlier.length === 0) return [];
  const waiting = new Set<string>();
  for (const row of earlier)
    for (const each of await instancesOf(database, row.id))
      if (each.state === 'quarantined' && each.reason === CONFLICT) waiting.add(keyOf(each));
  return (await instancesOf(database, id)).filter((each) => waiting.has(keyOf(each)));
}

/**
 * True if the page was closed midway, the key is no longer known, the policy was changed or a part of the copy is
 * missing. The study continues when it is chosen again.
 */
function isUnsendable({ waiting, state, problem, trouble }: StudyRow): boolean {
  return (
    waiting === 'interrupted' ||
    trouble === 'copy-unreadable' ||
    (state === 'failed' && problem !== null && CHOOSE_AGAIN.has(problem))
  );
}
const CHOOSE_AGAIN = new Set<string>(['policy-withdrawn', 'reason-missing', 'seal-key-unknown']);

/**
 * Removes unsendable earlier entries of the study. The gateway is told that instances which they promised and this
 * choice lacks will not come. An entry stays if it can still send instances that are not in this choice, or holds
 * such instances for a person.
 */
async function replaceUnsendable(
  database: LocalDatabase,
  study: StudyRow,
  kept: KeptHeld | null,
): Promise<void> {
  const isEarlier = (row: StudyRow) =>
    row.id !== study.id &&
    row.studyInstanceUID === study.studyInstanceUID &&
    (row.account === null || row.account === study.account) &&
    isCovered(row, kept);
  const earlier = await database.studies.filter((row) => isEarlier(row) && isUnsendable(row)).toArray();
  if (earlier.length === 0) return;
  const chosen = new Set((await instancesOf(database, study.id)).map(keyOf));
  for (const row of earlier) {
    const missing = (await instancesOf(database, row.id)).filter((instance) => !chosen.has(keyOf(instance)));
    const isStillWanted =
      row.trouble === 'copy-unreadable' && row.waiting !== 'interrupted' && missing.length > 0;
    if (isStillWanted) continue;
    await database.withdrawals.bulkPut(
      missing.map(({ sopInstanceUID, digest }) => ({ studyId: study.id, sopInstanceUID, digest })),
    );
    await database.withdrawals.where('studyId').equals(row.id).modify({ studyId: study.id });
    await deleteContents(database, row.id);
    await database.studies.delete(row.id);
  }
}

/**
 * Withdraws instances whose files no longer contain what was named. The study starts over with the remaining
 * manifest; if nothing remains, `finishPacking` drops it.
 */
export async function withdrawInstances(
  database: LocalDatabase,
  studyId: string,
  positions: readonly number[],
): Promise<void> {
  await database.transaction('rw', database.studies, database.instances, database.withdrawals, async () => {
    const study = await database.studies.get(studyId);
    if (!study || nextUploadState(study.state, 'taken-back') === null) throw new StudyGone();
    const keys = positions.map((position): [string, number] => [studyId, position]);
    const rows = (await database.instances.bulkGet(keys)).filter((row) => row !== undefined);
    await database.instances.bulkDelete(rows.map((row): [string, number] => [studyId, row.position]));
    await database.withdrawals.bulkPut(
      rows.map(({ sopInstanceUID, digest }) => ({ studyId, sopInstanceUID, digest })),
    );
    await database.studies.update(studyId, {
      chosen: study.chosen - rows.length,
      instances: study.instances - rows.length,
      bytes: study.bytes - rows.reduce((sum, row) => sum + row.bytes, 0),
      turn: study.turn + 1,
      ...(study.holds && { holds: await cancelledWithin(database, study) }),
    });
  });
}
