/**
 * The page's queue as the uploader sees it, over IndexedDB. Each call is one transaction. Deletes an
 * instance's bytes only in `settle`, which takes nothing but a checked receipt (I: only a receipt whose
 * signature was checked makes an instance evictable).
 */
import { liveQuery } from 'dexie';
import type { Manifest, ManifestAnswer } from '#shared/protocol/manifest.ts';
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { nextUploadState, type UploadEvent } from '#shared/protocol/upload-state.ts';
import { countReasons } from '../count-reasons.ts';
import { describeReports } from '../describe-reports.ts';
import { contentsOf, deleteParcels, deleteReports } from './drop-study.ts';
import { giveParcels } from './give-parcels.ts';
import { instancesOf, putInstances, recountReasons } from './instance-rows.ts';
import type { InstanceRow, LocalDatabase, StudyRow } from './local-database.ts';
import { createProgress } from '../progress.ts';
import { compareForSending } from '../sending-order.ts';
import {
  keyOf,
  stateOfConflict,
  type CheckedReceipt,
  type InstanceKey,
  type QueuedUpload,
  type UploadQueue,
} from '../upload-queue.ts';

export interface InstanceQueueTools {
  readonly database: LocalDatabase;
  /** Only what this account queued is sent in its name. */
  readonly account: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Resolves when nobody packs the study any more, in whichever tab. */
  readonly packerGone: (studyId: string) => Promise<void>;
  /**
   * Tells the gateway of instances of an announced study: `take-back`, they will not come; `retry`, they come
   * although they were left out once.
   */
  readonly decide: (
    uploadId: string,
    decision: 'take-back' | 'retry',
    instances: readonly InstanceKey[],
  ) => Promise<void>;
}

const WORTH_WORK = new Set(['safe', 'uploading', 'at-gateway', 'attention']);

/**
 * Whether the uploader has something to do. What is paused is not sent; what was all sent is followed whether
 * it is paused or not.
 */
function hasWork({ state, named, waiting, paused }: StudyRow): boolean {
  if (waiting === 'interrupted') return false;
  if (state === 'reading') return named && !paused;
  return WORTH_WORK.has(state) && !(paused && (state === 'safe' || state === 'uploading'));
}

export function createInstanceQueue(tools: InstanceQueueTools): UploadQueue {
  const { database, account, now } = tools;
  const progress = createProgress((id, numbers) => database.studies.update(id, { ...numbers }), now);

  async function change(id: string, event: UploadEvent, also: Partial<StudyRow> = {}): Promise<boolean> {
    return database.transaction('rw', database.studies, async () => {
      const study = await database.studies.get(id);
      const state = study && study.waiting !== 'interrupted' && nextUploadState(study.state, event);
      if (!state) return false;
      await database.studies.update(id, { ...also, state });
      return true;
    });
  }

  /**
   * A study that was interrupted says so until it is chosen again, whatever is still under way: so do
   * `change` and `settle`.
   */
  async function note(id: string, work: (row: StudyRow) => void): Promise<void> {
    await database.studies
      .where('id')
      .equals(id)
      .modify((row) => void (row.waiting !== 'interrupted' && work(row)));
  }

  return {
    async pending() {
      const rows = (await database.studies.toArray()).filter((study) => study.account === account);
      return rows
        .filter(hasWork)
        .sort(compareForSending)
        .map(
          ({ id, state, uploadId, receiptId, trouble, turn }): QueuedUpload => ({
            id,
            state,
            uploadId,
            receiptId,
            trouble,
            turn,
          }),
        );
    },
    manifestOf: (id) => manifestOf(database, id),
    announced: (id, answer) => announced(tools, id, answer),
    parcelsFor: (id, need) => giveParcels({ database, progress, packerGone: tools.packerGone }, id, need),
    async beginSending(id) {
      return change(id, 'started', { sending: true });
    },
    async parcelCreated(_id, parcelId, location) {
      await database.parcels.update(parcelId, { location });
    },
    async parcelForgotten(_id, parcelId) {
      await database.parcels.update(parcelId, { location: null });
    },
    parcelProgress: progress.note,
    async parcelSent(id, parcelId) {
      await database.transaction('rw', database.parcels, database.instances, async () => {
        await database.parcels.update(parcelId, { state: 'sent' });
        await database.instances
          .where('parcelId')
          .equals(parcelId)
          .and((row) => row.state === 'safe')
          .modify({ state: 'sent' });
      });
      await progress.write(id).catch(() => undefined);
    },
    async allSent(id) {
      await change(id, 'all-sent', { waiting: null });
    },
    async parcelsLost(id, missing) {
      const lost = new Set(missing.map(keyOf));
      await database.transaction('rw', database.instances, database.studies, async () => {
        const rows = (await instancesOf(database, id)).filter((row) => lost.has(keyOf(row)));
        await putInstances(
          database,
          rows.map((row): InstanceRow => ({ ...row, state: 'safe', reason: null, inPacs: false })),
        );
        await recountReasons(database, id);
      });
      await change(id, 'parcels-lost', { departed: 0, acknowledged: 0, counts: null });
    },
    async report(id, status) {
      const waiting = status.waiting?.because ?? null;
      await note(id, (row) => {
        Object.assign(row, { counts: status.counts, waiting });
        // What is followed again was sent whole; a receipt is believed in `settle` only.
        if (row.trouble !== 'receipt-faulty') row.trouble = null;
      });
    },
    async waiting(id, because) {
      const study = await database.studies.get(id);
      if (study && study.waiting !== because) await note(id, (row) => void (row.waiting = because));
    },
    async troubled(id, trouble) {
      await note(id, (row) => void (row.trouble = trouble));
    },
    async refused(id, code) {
      await change(id, 'refused', { problem: code, waiting: null, trouble: null });
    },
    settle: (id, checked) => settle(database, now, id, checked),
  };
}

/**
 * Of so many films the manifest says the population though no model looked: 100 bytes each. A study of more
 * has no chest film that a model is asked about.
 */
export const UNSEEN_FILMS_LIMIT = 1000;

async function manifestOf(database: LocalDatabase, id: string): Promise<Manifest> {
  const study = await database.studies.get(id);
  if (!study || study.studyInstanceUID === null)
    throw new Error('a study that is not queued has no manifest');
  const named = new Map<string, Manifest['instances'][number] & { reportDigest: string | null }>();
  let unseenFilms = 0;
  for (const row of await instancesOf(database, id)) {
    // A person's word stands: what was left out is not promised again.
    if (row.state === 'left-out' || named.has(keyOf(row))) continue;
    const {
      sopInstanceUID,
      seriesInstanceUID,
      sopClassUID,
      transferSyntaxUID,
      bytes,
      digest,
      originalDigest,
      report: reportDigest = null,
      triage,
    } = row;
    const original = originalDigest === undefined ? {} : { originalDigest };
    if (triage?.runtime === 'none') unseenFilms += 1;
    const isTooMuch = triage?.runtime === 'none' && unseenFilms > UNSEEN_FILMS_LIMIT;
    const looked = triage === undefined || isTooMuch ? {} : { triage };
    named.set(keyOf(row), {
      sopInstanceUID,
      seriesInstanceUID,
      sopClassUID,
      transferSyntaxUID,
      bytes,
      digest,
      ...original,
      ...looked,
      reportDigest,
    });
  }
  const reports = await database.reports.where('studyId').equals(id).toArray();
  return {
    protocolVersion: PROTOCOL_VERSION,
    policy: { name: study.policy.name, version: study.policy.version },
    studyInstanceUID: study.studyInstanceUID,
    ...describeReports([...named.values()], new Map(reports.map((report) => [report.digest, report]))),
  };
}

async function announced(
  { database, decide }: InstanceQueueTools,
  id: string,
  answer: ManifestAnswer,
): Promise<boolean> {
  const held = new Map(answer.have.map((instance) => [keyOf(instance), instance.inPacs === true]));
  const conflicts = new Map(answer.conflict.map((instance) => [keyOf(instance), instance.reason]));
  const again: InstanceKey[] = [];
  const isHere = await database.transaction('rw', database.studies, database.instances, async () => {
    const study = await database.studies.get(id);
    if (!study || study.waiting === 'interrupted' || study.state === 'taken-back' || study.state === 'done')
      return false;
    const rows = (await instancesOf(database, id)).map((row): InstanceRow => {
      const reason = conflicts.get(keyOf(row));
      // Left out once, cancelled perhaps, and chosen again since: the later word of a person counts.
      if (reason === 'left-out' && row.state === 'safe' && study.uploadId === null)
        again.push({ sopInstanceUID: row.sopInstanceUID, digest: row.digest });
      else if (reason !== undefined) return { ...row, state: stateOfConflict(reason), reason };
      const inPacs = held.get(keyOf(row));
      return inPacs !== undefined && row.state === 'safe' ? { ...row, state: 'sent', inPacs } : row;
    });
    await putInstances(
      database,
      rows.filter((row) => held.has(keyOf(row)) || conflicts.has(keyOf(row))),
    );
    const departed = rows.filter(
      (row) => row.state !== 'safe' && (held.has(keyOf(row)) || conflicts.has(keyOf(row))),
    ).length;
    await database.studies.update(id, {
      uploadId: answer.uploadId,
      departed,
      acknowledged: departed,
      waiting: null,
      problem: null,
      reasons: countReasons(rows),
    });
    return true;
  });
  if (!isHere) return false;
  if (again.length > 0) await decide(answer.uploadId, 'retry', again);
  await tellWithdrawals(database, decide, id, answer.uploadId);
  return true;
}

/**
 * Deleted only when the gateway has heard of it; a gateway that cannot be told now is told with the next
 * announcement.
 */
async function tellWithdrawals(
  database: LocalDatabase,
  decide: InstanceQueueTools['decide'],
  id: string,
  uploadId: string,
): Promise<void> {
  const withdrawn = await database.withdrawals.where('studyId').equals(id).toArray();
  if (withdrawn.length === 0) return;
  await decide(
    uploadId,
    'take-back',
    withdrawn.map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest })),
  );
  await database.withdrawals.bulkDelete(
    withdrawn.map(({ studyId, sopInstanceUID, digest }): [string, string, string] => [
      studyId,
      sopInstanceUID,
      digest,
    ]),
  );
}

/**
 * Nothing more has to be done about it on this device. `inPacs`: UIDs of what the receipt says the PACS
 * holds.
 */
function isSettledForUs(
  { state, reason, sopInstanceUID }: InstanceRow,
  inPacs: ReadonlySet<string>,
): boolean {
  if (state === 'safe' || state === 'sent') return false;
  // The other one may have been promised only, and never have come.
  if (reason === 'already-here-other-policy') return inPacs.has(sopInstanceUID);
  return isInPacs(state as InstanceState) || state === 'left-out';
}

async function settle(
  database: LocalDatabase,
  now: () => number,
  id: string,
  { jws, receipt }: CheckedReceipt,
): Promise<void> {
  const named = new Map(receipt.instances.map((instance) => [keyOf(instance), instance]));
  await database.transaction('rw', [...contentsOf(database), database.receipts], async () => {
    const study = await database.studies.get(id);
    if (!study) return;
    const rows = (await instancesOf(database, id)).map((row): InstanceRow => {
      const said = named.get(keyOf(row));
      // A person's word stands against a receipt that was issued before it.
      if (row.state === 'left-out' && said && !isInPacs(said.state)) return row;
      return said ? { ...row, state: said.state, reason: said.reason ?? null } : row;
    });
    await putInstances(database, rows);
    await database.receipts.put({
      id: receipt.jti,
      studyId: id,
      jws,
      issuedAt: receipt.iat * 1000,
      revision: receipt.revision,
      root: receipt.root,
    });
    const inPacs = new Set(
      receipt.instances
        .filter((instance) => isInPacs(instance.state))
        .map((instance) => instance.sopInstanceUID),
    );
    const kept = rows.filter((row) => !isSettledForUs(row, inPacs));
    await deleteParcels(
      database,
      id,
      new Set(kept.map(({ parcelId }) => parcelId).filter((parcelId) => parcelId !== null)),
    );
    const outcome = outcomeOf(study, kept.length === 0, now());
    if (outcome.state === 'done') await deleteReports(database, id);
    await database.studies.update(id, {
      receiptId: receipt.jti,
      waiting: study.waiting === 'interrupted' ? 'interrupted' : null,
      trouble: null,
      reasons: countReasons(rows),
      ...outcome,
    });
  });
}

/** The receipt was checked; with nothing left on the device the study is done and its title is erased. */
function outcomeOf(study: StudyRow, isComplete: boolean, at: number): Partial<StudyRow> {
  const checked = nextUploadState(study.state, isComplete ? 'receipt-checked' : 'receipt-names-refusals');
  if (checked === null) return {};
  if (!isComplete) return { state: checked };
  return {
    state: nextUploadState(checked, 'evicted') ?? checked,
    packing: false,
    title: null,
    completedAt: at,
  };
}

/** Calls `onChange` whenever the studies in the queue change, in whichever tab; returns how to stop that. */
export function watchQueue(database: LocalDatabase, onChange: () => void): () => void {
  const watched = liveQuery(async () =>
    (await database.studies.toArray())
      .map(({ id, state, named, waiting, paused, rank, score, trouble, turn }) =>
        [id, state, named, waiting === 'interrupted', paused, rank, score, trouble, turn].join(' '),
      )
      .join(),
  );
  let last = '';
  const subscription = watched.subscribe((states) => {
    if (states === last) return;
    last = states;
    onChange();
  });
  return () => subscription.unsubscribe();
}
