/**
 * A result as DICOM, beside its source: report, segmentation and heat map are built from what is kept of it and from its source in the PACS, and take the
 * road of every instance. Their UIDs derive from input and models, so whoever does it again adds nothing; killed anywhere, it is done again.
 */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { heatMap, layOver } from '#shared/models/heat-map.ts';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Shown } from '../inference/examination.ts';
import { SHOWN_SIDE_LIMIT } from '../inference/shown-size.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { insertResultInstances, instancesOfResults, lockResult, mapsOf, type NewInstance, type ResultMap, type ResultRow } from './result.store.ts';

export const VERIFIED_QUEUE = 'verified-report';
export type VerifiedReport = { readonly siteId: string; readonly resultId: string };

/** 0 or 1 for each cell of a square over the whole image. */
export type Masks = { readonly side: number; readonly right: Uint8Array; readonly left: Uint8Array };
export type HeatMap = { readonly rows: number; readonly columns: number; readonly rgb: Uint8Array };
export type WhatRadiologistSaid = {
  readonly verdict: 'agree' | 'correct';
  readonly finding: string | null;
  readonly reason: string | null;
  readonly accountId: string;
  readonly at: Date;
  readonly revision: number;
  /** Of the report that was sent last. */
  readonly follows: number;
};

/** Builds instances and sends them on their road: the stage `results` of the pipeline, as the composition root hands it over. */
export type ResultSender = {
  send(result: ResultRow, source: ParsedInstance, maps: { readonly lungs: Masks | null; readonly heatMap: HeatMap | null }, signal: AbortSignal): Promise<readonly NewInstance[]>;
  sendVerified(result: ResultRow, source: ParsedInstance, kinds: readonly ('SEG' | 'SC')[], said: WhatRadiologistSaid, signal: AbortSignal): Promise<readonly NewInstance[]>;
};

export type DeliveryTools = {
  readonly db: Kysely<Tables>;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly show: (bytes: Uint8Array, frame: number, sideLimit: number, signal: AbortSignal) => Promise<Shown>;
  readonly road: ResultSender;
};

/** Does nothing where it was done; what was promised and has not come is sent again. `source`: the instance that was looked at, whole. Throws what the road throws. */
export async function deliverResult(result: ResultRow, source: (signal: AbortSignal) => Promise<Uint8Array>, tools: DeliveryTools, signal: AbortSignal): Promise<void> {
  const there = (await instancesOfResults(tools.db, [result.id])).get(result.id) ?? [];
  if (there.length > 0 && there.every(({ state }) => state !== 'promised')) return;
  const bytes = await source(signal);
  const parsed = await parseSource(bytes, signal);
  const maps = new Map((await mapsOf(tools.db, result.id)).map((map) => [map.name, map]));
  const [right, left] = [maps.get('lung-right'), maps.get('lung-left')];
  const lungs = right && left ? masksOf(right, left) : null;
  const heat = await heatMapOf(maps.get('cam'), result.finding.input.frame, bytes, tools, signal);
  const sent = await tools.road.send(result, parsed, { lungs, heatMap: heat }, signal);
  await tools.db.transaction().execute(async (trx) => {
    await insertResultInstances(trx, result.id, 1, sent);
    // A radiologist may have been faster: their report follows the one that it completes.
    const { id: resultId, site_id: siteId } = result;
    const verdict = (await lockResult(trx, siteId, resultId))?.verdict ?? null;
    if (verdict !== null) await tools.jobs.enqueue(trx, VERIFIED_QUEUE, { siteId, resultId } satisfies VerifiedReport, { key: resultId });
  });
}

/** Throws where it is no instance: it was looked at before as one. */
export async function parseSource(bytes: Uint8Array, signal: AbortSignal): Promise<ParsedInstance> {
  const read = await readInstance(bytesSource(bytes), signal);
  if (read.kind !== 'ready') throw new Error('the source of a result cannot be parsed');
  return read.instance;
}

export const sideOf = ({ dims }: ResultMap): number => dims.at(-1)!;

export function masksOf(right: ResultMap, left: ResultMap): Masks {
  const binary = ({ data }: ResultMap): Uint8Array => Uint8Array.from(data, (value) => (value >= 0.5 ? 1 : 0));
  return { side: sideOf(right), right: binary(right), left: binary(left) };
}

/** How much of the image the strongest cell of the map hides. */
const HEAT_OPACITY = 0.6;

/** Null: there is no map to be shown over it. */
async function heatMapOf(cam: ResultMap | undefined, frame: number, bytes: Uint8Array, { show }: DeliveryTools, signal: AbortSignal): Promise<HeatMap | null> {
  if (cam === undefined) return null;
  const shown = await show(bytes, frame, SHOWN_SIDE_LIMIT, signal);
  if (shown.kind === 'refused') return null;
  const { rows, columns } = shown;
  const film = { rows, columns, grey: Float32Array.from(shown.grey, (value) => value / 255) };
  return { rows, columns, rgb: layOver(film, heatMap(cam.data, sideOf(cam), { width: columns, height: rows }), HEAT_OPACITY) };
}
