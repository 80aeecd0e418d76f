/**
 * `POST /upload/{id}/complete`: the device says that everything was sent and is told what is missing. It may
 * ask while its last pieces are still on their way, and spares a round trip. Parcels that are being received
 * or were not verified yet are waited for, for a while; instances still unverified then are not called
 * missing. A device that is told nothing is missing, but sees the study stay in `receiving`, asks again.
 */
import type { CompleteAnswer } from '#shared/protocol/api.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { findStudy } from '../pipeline/study.store.ts';
import { unfinishedParcels, unverifiedParcels, type UploadRow } from '../pipeline/parcel.store.ts';
import type { Sender } from '../pipeline/upload-owner.ts';
import { auditStudy } from '../pipeline/audit-study.ts';
import type { UploadTools } from './upload-tools.ts';
import { missingInstances } from './upload-status.ts';

/**
 * Verify reads some 500 MB/s: this is enough for the queue when the last parcel of a large study comes; a
 * proxy waits 60 s.
 */
const PATIENCE_MS = 20_000;
/**
 * A change of another gateway's making may go unheard while the database is away: it is seen at the next
 * look.
 */
const LOOK_AGAIN_MS = 500;
/**
 * The question may overtake the last piece, which comes over another connection: an unfinished parcel is
 * given so long to be seen.
 */
const OVERTAKEN_MS = 1_000;

/** The parcels that come in, as the pipeline's intake knows them. */
export type Arrivals = {
  /** A parcel is complete: verify takes over. `sender`: who says so; null: the gateway itself. */
  arrived(parcelId: string, sender: Sender | null): Promise<void>;
  /** This gateway is receiving something of this upload right now. */
  isReceiving(uploadId: string): boolean;
};

/** `isReceiving`: a piece of this upload is coming in at this moment. */
export async function completeUpload(
  tools: UploadTools,
  upload: UploadRow,
  isReceiving: () => boolean,
  signal: AbortSignal,
): Promise<CompleteAnswer> {
  const isNews = await tools.db.transaction().execute(async (trx) => {
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
        { event: 'upload-completed', uploadId: upload.id },
      );
    return numUpdatedRows > 0n;
  });
  const answer = await whenVerified(tools, upload, isReceiving, signal);
  if (isNews) tools.changes.emit(upload.study_id);
  return answer;
}

/**
 * The missing instances once all are verified; nothing if some are still unverified when the wait ends.
 * Throws `upload-not-found`.
 */
async function whenVerified(
  tools: UploadTools,
  upload: UploadRow,
  isReceiving: () => boolean,
  signal: AbortSignal,
): Promise<CompleteAnswer> {
  const began = performance.now();
  const end = began + PATIENCE_MS;
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const unsubscribe = tools.changes.subscribe((studyId) => void (studyId === upload.study_id && resolve()));
    const timer = setTimeout(resolve, LOOK_AGAIN_MS);
    try {
      const isOnItsWay =
        isReceiving() ||
        (performance.now() - began < OVERTAKEN_MS &&
          (await unfinishedParcels(tools.db, upload.id)).length > 0);
      const isOver = performance.now() > end || signal.aborted;
      const answer = isOnItsWay && !isOver ? null : await lookNow(tools, upload, { isOnItsWay, isOver });
      if (answer !== null) return answer;
      await promise;
    } finally {
      clearTimeout(timer);
      unsubscribe();
    }
  }
}

/**
 * In one transaction: the embedded database does one after the other, and the study's next stages begin at
 * this very moment. Null: not everything is verified, and that is still waited for.
 */
function lookNow(
  tools: UploadTools,
  upload: UploadRow,
  { isOnItsWay, isOver }: { isOnItsWay: boolean; isOver: boolean },
): Promise<CompleteAnswer | null> {
  return tools.db.transaction().execute(async (trx) => {
    const isVerified = !isOnItsWay && (await unverifiedParcels(trx, { uploadId: upload.id })).length === 0;
    if (!isVerified && !isOver) return null;
    const study = await findStudy(trx, upload.study_id);
    if (study === undefined) throw new Problem('upload-not-found');
    return {
      uploadId: upload.id,
      state: study.state,
      missing: isVerified ? await missingInstances(trx, upload.id) : [],
    };
  });
}
