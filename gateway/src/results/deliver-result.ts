/**
 * Delivers a result as DICOM to the study of its source. Report, segmentation and heat map are built from the result
 * and from its source in the PACS, and sent like every other instance. Their UIDs derive from the image and the
 * models, so repeating the work adds nothing. If the process is killed at any point, the work is repeated.
 */
import type { LungMasks } from '#shared/models/lung-fields.ts';
import type { Db } from '../database/database.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { insertResultInstances, instancesOfResults, type NewInstance } from './result-instance.store.ts';
import { mapOf, masksOf, sideOf } from './result-map.store.ts';
import { lockResult, type ResultRow } from './result.store.ts';

export const VERIFIED_QUEUE = 'verified-report';
export type VerifiedReport = { readonly siteId: string; readonly resultId: string };

/** The maps of an image. `cam` has `side` × `side` values that cover the whole image. */
type MapsOfImage = {
  readonly lungs: LungMasks | null;
  readonly cam: { readonly data: Float32Array; readonly side: number } | null;
};
export type WhatRadiologistSaid = {
  readonly verdict: 'agree' | 'correct';
  readonly finding: string | null;
  readonly reason: string | null;
  readonly accountId: string;
  readonly at: Date;
  readonly isDisputed: boolean;
  readonly revision: number;
  /** The revision of the report that was sent last. */
  readonly follows: number;
};

/** A report to send: the result, the radiologist's verdict, and the kinds of the result's maps in the PACS. */
type ReportToSend = {
  readonly result: ResultRow;
  readonly kinds: readonly ('SEG' | 'SC')[];
  readonly said: WhatRadiologistSaid;
};

/**
 * Builds instances and sends them to the PACS (dicom-results/). `source`: the whole instance that the model examined.
 * Both functions take over its bytes, so the caller can no longer use them.
 */
export type ResultSender = {
  send(
    result: ResultRow,
    source: Uint8Array,
    maps: MapsOfImage,
    signal: AbortSignal,
  ): Promise<readonly NewInstance[]>;
  sendVerified(
    report: ReportToSend,
    source: Uint8Array,
    signal: AbortSignal,
  ): Promise<readonly NewInstance[]>;
};

type DeliveryTools = {
  readonly db: Db;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly road: ResultSender;
};

/**
 * Delivers the result, or does nothing if that is done. Instances that were promised and have not arrived are sent
 * again. `source`: reads the whole examined instance into bytes that nothing else uses. Throws the errors of `road`.
 */
export async function deliverResult(
  result: ResultRow,
  source: (signal: AbortSignal) => Promise<Uint8Array>,
  tools: DeliveryTools,
  signal: AbortSignal,
): Promise<void> {
  const there = (await instancesOfResults(tools.db, [result.id])).get(result.id) ?? [];
  if (there.length > 0 && there.every(({ state }) => state !== 'promised')) return;
  const lungs = await mapOf(tools.db, result.id, 'lungs');
  const cam = await mapOf(tools.db, result.id, 'cam');
  const maps: MapsOfImage = {
    lungs: lungs ? masksOf(lungs) : null,
    cam: cam ? { data: cam.data, side: sideOf(cam) } : null,
  };
  const sent = await tools.road.send(result, await source(signal), maps, signal);
  await tools.db.transaction().execute(async (trx) => {
    await insertResultInstances(trx, result.id, 1, sent);
    // A radiologist may have given a verdict before this; then the verified report follows the one that it completes.
    const { id: resultId, site_id: siteId } = result;
    const verdict = (await lockResult(trx, siteId, resultId))?.verdict ?? null;
    if (verdict !== null)
      await tools.jobs.enqueue(trx, VERIFIED_QUEUE, { siteId, resultId } satisfies VerifiedReport, {
        key: resultId,
      });
  });
}
