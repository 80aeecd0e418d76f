/**
 * `POST /upload/{id}/complete`: the device says that everything was sent, and is told what is missing. It may ask while
 * its last pieces are still on their way, which saves a round trip. The answer waits, for a limited time, for parcels
 * that are being received or were not verified yet. Instances still unverified then are not reported as missing. A
 * device that is told that nothing is missing, but sees the study stay in `receiving`, asks again.
 */
import type { CompleteAnswer } from '#shared/protocol/api.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { createPlaces } from '../http/places.ts';
import { findStudy } from '../pipeline/stores/study.store.ts';
import { unfinishedParcels, unverifiedParcels, type UploadRow } from '../pipeline/stores/parcel.store.ts';
import type { Sender } from '../pipeline/stores/upload-owner.ts';
import { auditStudy, byWhom } from '../pipeline/plan/audit-study.ts';
import type { UploadTools } from './upload-tools.ts';
import { missingInstances } from './upload-status.ts';

/**
 * Verify reads some 500 MB/s, so this is enough for the queue when the last parcel of a large study comes. A proxy
 * waits 60 s.
 */
const PATIENCE_MS = 20_000;
/** A change made by another gateway may go unnoticed while the database is away; the next look shows it. */
const LOOK_AGAIN_MS = 500;
/**
 * The request may overtake the last piece, which comes over another connection. An unfinished parcel has this long to
 * show progress.
 */
const OVERTAKEN_MS = 1_000;

/** The incoming parcels, as the pipeline's intake knows them. */
export type Arrivals = {
  /** A parcel is complete: verify takes over. `sender`: who says so; null: the gateway itself. */
  arrived(parcelId: string, sender: Sender | null): Promise<void>;
  /** Whether this gateway is receiving anything of this upload right now. */
  isReceiving(uploadId: string): boolean;
};

/**
 * Waiting requests, in all and of one account: a device asks about one study at a time, and all tablets of a ward may
 * share an account. Further requests wait for a place, and are then told to come back.
 */
const PLACES = { atOnce: 256, ofOne: 16 };

type Asking = Pick<Sender, 'accountId' | 'keyId'> & Partial<Pick<Sender, 'deviceId'>>;

type Completion = {
  /**
   * `isReceiving`: whether a piece of this upload is being received at this moment. @throws Problem rate-limited: too
   * many requests of the account wait; upload-not-found; called-off: by the signal.
   */
  complete(
    upload: UploadRow,
    sender: Asking,
    isReceiving: () => boolean,
    signal: AbortSignal,
  ): Promise<CompleteAnswer>;
};

/** Requests about the same upload share their looks at the database, however many they are. */
export function createCompletion(tools: UploadTools): Completion {
  const places = createPlaces(PLACES);
  const lookAt = lookTogether(tools);
  return {
    async complete(upload, sender, isReceiving, signal) {
      const isNews = await setComplete(tools, upload, sender);
      const answer = await whenVerified({
        lookAt: () => lookAt(upload),
        isReceiving,
        enter: () => places.enter(sender.accountId, signal),
        signal,
      });
      if (isNews) tools.changes.emit(upload.study_id);
      return answer;
    },
  };
}

/** Returns whether this is the first request that says so. */
function setComplete(tools: UploadTools, upload: UploadRow, sender: Asking): Promise<boolean> {
  return tools.db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('upload')
      .set({ completed_at: tools.now() })
      .where('id', '=', upload.id)
      .where('completed_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows > 0n)
      await auditStudy(
        trx,
        tools,
        { ...upload, id: upload.study_id },
        { event: 'upload-completed', uploadId: upload.id, ...byWhom(sender) },
      );
    return numUpdatedRows > 0n;
  });
}

/**
 * The missing instances once all are verified; none if some are still unverified when the wait ends. Throws
 * `upload-not-found`.
 */
async function whenVerified({ lookAt, isReceiving, enter, signal }: Waiting): Promise<CompleteAnswer> {
  const began = performance.now();
  let leave: (() => void) | null = null;
  try {
    for (;;) {
      const look = lookAt();
      const { isVerified, isUnfinished, answer } = await look.seen;
      const waitedMs = performance.now() - began;
      const isOnItsWay = isReceiving() || (isUnfinished && waitedMs < OVERTAKEN_MS);
      if (isVerified && !isOnItsWay) return answer;
      if (waitedMs > PATIENCE_MS || signal.aborted)
        return { ...answer, missing: isReceiving() ? [] : answer.missing };
      leave ??= await enter();
      await look.over;
    }
  } finally {
    leave?.();
  }
}

type Waiting = {
  readonly lookAt: () => Look;
  readonly isReceiving: () => boolean;
  /** Takes a place among the waiting requests; returns the function that frees it. */
  readonly enter: () => Promise<() => void>;
  readonly signal: AbortSignal;
};

type Seen = {
  readonly isVerified: boolean;
  /** Some parcel is not complete. */
  readonly isUnfinished: boolean;
  /** Contains the missing instances once everything is verified. */
  readonly answer: CompleteAnswer;
};
type Look = {
  readonly seen: Promise<Seen>;
  /** Resolves when the study has changed since, or a while has passed. */
  readonly over: Promise<void>;
};

function lookTogether(tools: UploadTools): (upload: UploadRow) => Look {
  const looks = new Map<string, Look>();
  return (upload) => {
    const begun = looks.get(upload.id);
    if (begun !== undefined) return begun;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      clearTimeout(timer);
      unsubscribe();
      if (looks.get(upload.id) === look) looks.delete(upload.id);
      resolve();
    };
    const timer = setTimeout(end, LOOK_AGAIN_MS);
    const unsubscribe = tools.changes.subscribe((studyId) => void (studyId === upload.study_id && end()));
    const look: Look = { seen: lookNow(tools, upload), over };
    looks.set(upload.id, look);
    void ignoreFailure(look.seen, 'it is for those who wait').then((seen) => {
      // An answer or a failure is only for those who have asked so far; the next request looks again.
      if ((seen === undefined || seen.isVerified) && looks.get(upload.id) === look) looks.delete(upload.id);
    });
    return look;
  };
}

/**
 * In one transaction: the embedded database runs one transaction after the other, and the study's next stages begin at
 * this very moment.
 */
function lookNow(tools: UploadTools, upload: UploadRow): Promise<Seen> {
  return tools.db.transaction().execute(async (trx) => {
    const isUnfinished = (await unfinishedParcels(trx, upload.id)).length > 0;
    const isVerified = (await unverifiedParcels(trx, { uploadId: upload.id })).length === 0;
    const study = await findStudy(trx, upload.study_id);
    if (study === undefined) throw new Problem('upload-not-found');
    const missing = isVerified ? await missingInstances(trx, upload.id) : [];
    return { isVerified, isUnfinished, answer: { uploadId: upload.id, state: study.state, missing } };
  });
}
