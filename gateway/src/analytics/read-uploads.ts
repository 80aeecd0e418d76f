/** The uploads of a period and cohort as columns, from which figures are counted. */
import { setImmediate } from 'node:timers/promises';
import type { Db, Trx } from '../database/database.ts';
import { modalityOf, type Asked } from './asked.ts';
import { createRows, type Row, type Rows } from './tally-rows.ts';
import { readDays, type KeptDay } from './kept-days.ts';
import { uploadDays, type DayFacts } from './upload-days.ts';

/** A list of distinct values; `of` returns the index of a value. */
type Places<T> = { readonly all: T[]; of(value: T): number };

type Refused = { readonly instances: number; readonly study: number };
export type Uploads = {
  readonly days: readonly string[];
  /** The id of an account and, if there is a device, a space and the id of the device. */
  readonly senders: readonly string[];
  readonly modalities: readonly (string | null)[];
  /** One row per upload. `day` and `sender` hold indexes for each row, and `hour` its hour. */
  readonly rows: Rows;
  readonly day: Uint32Array;
  readonly hour: Uint32Array;
  readonly sender: Uint32Array;
  /** One row per modality of an upload; `modality` holds the index of the modality. */
  readonly ofModality: Rows;
  readonly modality: Uint32Array;
  /** By state, followed by a space and the reason. */
  readonly refused: ReadonlyMap<string, readonly Refused[]>;
};

/** After this many days other work gets its turn. */
const DAYS_A_TURN = 16;

/** Reads the days as they were last counted; call `countChangedDays` first. */
export async function readUploads(db: Db | Trx, siteId: string, asked: Asked): Promise<Uploads> {
  const days = await readDays<DayFacts>(db, { of: uploadDays, siteId }, asked);
  const gathered = createGathered(days.reduce((sum, { facts }) => sum + facts.upload.length, 0));
  for (const [nth, day] of days.entries()) {
    if (nth % DAYS_A_TURN === 0) await setImmediate();
    addDay(gathered, day, asked);
  }
  const { senders, modalities, uploads, parts, day, hour, sender, modality, ...rest } = gathered;
  return {
    ...{ ...rest, senders: senders.all, modalities: modalities.all },
    ...{
      day: day.subarray(0, uploads),
      hour: hour.subarray(0, uploads),
      sender: sender.subarray(0, uploads),
    },
    modality: modality.subarray(0, parts),
  };
}

type Gathered = ReturnType<typeof createGathered>;

/** `limit`: the most uploads, and the most parts of uploads. */
const createGathered = (limit: number) => ({
  days: [] as string[],
  senders: createPlaces<string>(),
  modalities: createPlaces<string | null>(),
  ...{ rows: createRows(limit), uploads: 0, ofModality: createRows(limit), parts: 0 },
  ...{ day: new Uint32Array(limit), hour: new Uint32Array(limit), sender: new Uint32Array(limit) },
  modality: new Uint32Array(limit),
  refused: new Map<string, Refused[]>(),
});

function createPlaces<T>(): Places<T> {
  const all: T[] = [];
  const places = new Map<T, number>();
  return {
    all,
    of(value) {
      const known = places.get(value) ?? all.push(value) - 1;
      places.set(value, known);
      return known;
    },
  };
}

/** The instances of an upload that have one modality. `modality`: its index. */
type Part = { readonly modality: number; instances: number; bytes: number };

function addDay(gathered: Gathered, { day, facts }: KeptDay<DayFacts>, { cohort }: Asked): void {
  const nth = gathered.days.push(day) - 1;
  const senders = facts.senders.map((sender) => gathered.senders.of(sender));
  const named = facts.classes.map((sopClass) => modalityOf(sopClass));
  const modalities = named.map((of) => gathered.modalities.of(of));
  const isOfModality = named.map((of) => cohort.modality === undefined || of === cohort.modality);
  const isOfCohort = facts.cohorts.map((text) => {
    const [sex, ageBand] = text.split(' ');
    return (cohort.sex ?? sex) === sex && (cohort.ageBand ?? ageBand) === ageBand;
  });
  const counts = (row: number): boolean =>
    isOfCohort[facts.cohort[row]!]! && isOfModality[facts.class[row]!]!;
  const { upload } = facts;
  const parts: Part[] = [];
  for (let from = 0, to = 0; from < upload.length; from = to) {
    parts.length = 0;
    let isThere = false;
    for (to = from; to < upload.length && upload[to] === upload[from]; to += 1) {
      if (!counts(to)) continue;
      addPart(parts, {
        modality: modalities[facts.class[to]!]!,
        instances: facts.instances[to]!,
        bytes: facts.bytes[to]!,
      });
      addRefused(gathered, facts, to);
      isThere ||= facts.isThere[to] === 1;
    }
    if (parts.length === 0) continue;
    gathered.day[gathered.uploads] = nth;
    gathered.hour[gathered.uploads] = facts.hour[from]!;
    gathered.sender[gathered.uploads] = senders[facts.sender[from]!]!;
    addUpload(gathered, parts, {
      ...{ study: facts.study[from]!, retries: facts.retries[from]! },
      ms: isThere ? facts.ms[from]! : null,
    });
  }
}

function addPart(parts: Part[], more: Part): void {
  for (const part of parts)
    if (part.modality === more.modality) {
      part.instances += more.instances;
      part.bytes += more.bytes;
      return;
    }
  parts.push(more);
}

function addRefused({ refused }: Gathered, facts: DayFacts, row: number): void {
  const why = facts.refusals[facts.refusal[row]!]!;
  if (why === null) return;
  const of = refused.get(why) ?? [];
  refused.set(why, of);
  of.push({ instances: facts.instances[row]!, study: facts.study[row]! });
}

function addUpload(
  gathered: Gathered,
  parts: readonly Part[],
  { study, retries, ms }: Pick<Row, 'study' | 'retries' | 'ms'>,
): void {
  const { rows, ofModality, modality } = gathered;
  let instances = 0;
  let bytes = 0;
  for (const part of parts) {
    instances += part.instances;
    bytes += part.bytes;
    ofModality.add({ study, retries, ms, instances: part.instances, bytes: part.bytes });
    modality[gathered.parts] = part.modality;
    gathered.parts += 1;
  }
  rows.add({ study, retries, ms, instances, bytes });
  gathered.uploads += 1;
}
