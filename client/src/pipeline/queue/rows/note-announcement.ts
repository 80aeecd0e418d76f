/** Writes the gateway's answer to an announcement into the rows of the study. */
import type { ManifestAnswer } from '#shared/protocol/manifest.ts';
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import { ApiProblem } from '../../../net/api-client.ts';
import { countReasons } from '../count-reasons.ts';
import { keyOf, stateOfConflict, type InstanceKey } from '../upload-queue.ts';
import { instancesOf, putInstances } from './instance-rows.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from './local-database.ts';

/**
 * Tells the gateway about instances of an announced study. `take-back`: they will not be sent; `retry`: they will be
 * sent although they were left out before.
 */
type DecideAtGateway = (
  uploadId: string,
  decision: 'take-back' | 'retry',
  instances: readonly InstanceKey[],
) => Promise<void>;

export interface AnnouncementTools {
  readonly database: LocalDatabase;
  readonly decide: DecideAtGateway;
  readonly locks: Pick<LockManager, 'request'>;
}

/**
 * The lock that is held while the gateway is asked for instances that it had left out. A later decision in any tab
 * waits for it.
 */
export const retryLock = (studyId: string): string => `relaypacs-retry-${studyId}`;

/** False if the study was taken back meanwhile, or is gone. */
export async function noteAnnouncement(
  tools: AnnouncementTools,
  id: string,
  answer: ManifestAnswer,
): Promise<boolean> {
  const isNoted = await tools.locks.request(retryLock(id), () => noteAnswer(tools, id, answer));
  if (!isNoted) return false;
  await tellWithdrawals(tools, id, answer.uploadId);
  return true;
}

async function noteAnswer(
  { database, decide }: AnnouncementTools,
  id: string,
  answer: ManifestAnswer,
): Promise<boolean> {
  const written = await database.transaction('rw', database.studies, database.instances, async () => {
    const study = await database.studies.get(id);
    if (!study || study.waiting === 'interrupted' || study.state === 'taken-back' || study.state === 'done')
      return null;
    return { turn: study.turn, again: await writeAnswer(database, study, answer) };
  });
  if (written === null) return false;
  if (written.again.length > 0) {
    await decide(answer.uploadId, 'retry', written.again).catch(unlessImpossible);
    await database.studies.filter((row) => row.id === id && row.turn === written.turn).modify(noteAskedFor);
  }
  return true;
}

/**
 * Ignores a refusal because the PACS has another image under the UID. The gateway would refuse again, so the instance
 * stays left out.
 */
function unlessImpossible(error: unknown): void {
  if (!(error instanceof ApiProblem) || error.code !== 'decision-not-possible') throw error;
}

/**
 * Lets the next announcement ask for the instances that the gateway has left out although a person has resumed the
 * study.
 */
export function announceAgain(row: StudyRow): void {
  row.state = nextUploadState(row.state, 'parcels-lost') ?? row.state;
  row.resumed = true;
  row.turn += 1;
}

/** Does not include instances that a person has left out one by one. */
const WANTED: ReadonlySet<InstanceRow['state']> = new Set(['safe', 'sent']);

function noteAskedFor(row: StudyRow): void {
  row.resumed = undefined;
}

/**
 * Returns the instances that the gateway leaves out although a person has since chosen or resumed them again. Part of
 * the caller's transaction.
 */
async function writeAnswer(
  database: LocalDatabase,
  study: StudyRow,
  { uploadId, have, conflict }: ManifestAnswer,
): Promise<readonly InstanceKey[]> {
  const held = new Map(have.map((instance) => [keyOf(instance), instance.inPacs === true]));
  const conflicts = new Map(conflict.map((instance) => [keyOf(instance), instance.reason]));
  const again: InstanceKey[] = [];
  const isWanted = ({ state }: InstanceRow): boolean =>
    !study.cancelling &&
    ((state === 'safe' && study.uploadId === null) || (study.resumed === true && WANTED.has(state)));
  const rows = (await instancesOf(database, study.id)).map((row): InstanceRow => {
    const reason = conflicts.get(keyOf(row));
    // Left out or cancelled before, and chosen again since: the person's later decision counts.
    if (reason === 'left-out' && isWanted(row)) {
      again.push({ sopInstanceUID: row.sopInstanceUID, digest: row.digest });
      return { ...row, state: 'safe' };
    }
    if (reason !== undefined) return { ...row, state: stateOfConflict(reason), reason };
    const inPacs = held.get(keyOf(row));
    return inPacs !== undefined && row.state === 'safe' ? { ...row, state: 'sent', inPacs } : row;
  });
  const answered = rows.filter((row) => held.has(keyOf(row)) || conflicts.has(keyOf(row)));
  // If nothing was left out yet, a request that cancels the study may still be on its way, so `resumed` stays set.
  const resumed = study.resumed ?? (again.length > 0 || undefined);
  await putInstances(database, answered);
  const departed = answered.filter((row) => row.state !== 'safe').length;
  await database.studies.update(study.id, {
    uploadId,
    departed,
    acknowledged: departed,
    waiting: null,
    problem: null,
    reasons: countReasons(rows),
    resumed,
    // The gateway may already have bytes of the study, so taking back the promises would no longer stop it.
    ...(again.length > 0 && { hasLeft: true, state: nextUploadState(study.state, 'started') ?? study.state }),
  });
  return again;
}

/**
 * Deletes withdrawals only after the gateway has been told; if that fails now, the next announcement tells
 * it.
 */
async function tellWithdrawals(
  { database, decide }: AnnouncementTools,
  id: string,
  uploadId: string,
): Promise<void> {
  const withdrawn = await database.withdrawals.where('studyId').equals(id).toArray();
  if (withdrawn.length === 0) return;
  const named = withdrawn.map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest }));
  await decide(uploadId, 'take-back', named);
  await database.withdrawals.bulkDelete(
    withdrawn.map((row): [string, string, string] => [row.studyId, row.sopInstanceUID, row.digest]),
  );
}
