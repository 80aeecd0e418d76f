/** The uploads of a period and cohort, as columns: what figures are counted from. */
import { setImmediate } from 'node:timers/promises';
import type { Db, Trx } from '../database/database.ts';
import { modalityOf, type Asked } from './asked.ts';
import { createRows, type Row, type Rows } from './tally-rows.ts';
import { readDays, type KeptDay } from './kept-days.ts';
import { uploadDays, type DayFacts } from './upload-days.ts';

/** A list of what occurs; each has its place in it. */
type Places<T> = { readonly all: T[]; of(value: T): number };

export type Refused = { readonly instances: number; readonly study: number };
export type Uploads = {
  readonly days: readonly string[];
  /** An account's id, and after a space that of the device, if any. */
  readonly senders: readonly string[];
  readonly modalities: readonly (string | null)[];
  /** A row for each upload; beside it the places of its day and sender, and its hour. */
  readonly rows: Rows;
  readonly day: readonly number[];
  readonly hour: readonly number[];
  readonly sender: readonly number[];
  /** A row for each modality of an upload, and the place of the modality. */
  readonly ofModality: Rows;
  readonly modality: readonly number[];
  /** By state and, after a space, reason. */
  readonly refused: ReadonlyMap<string, readonly Refused[]>;
};

/** Days after which other work has its turn. */
const DAYS_A_TURN = 16;

/** Of the days as they were last counted. */
export async function readUploads(db: Db | Trx, siteId: string, asked: Asked): Promise<Uploads> {
  const gathered = createGathered();
  const read = await readDays<DayFacts>(db, { of: uploadDays, siteId }, asked);
  for (const [nth, { day, facts }] of read.entries()) {
    if (nth % DAYS_A_TURN === 0) await setImmediate();
    addDay(gathered, { day, facts }, asked);
  }
  const { senders, modalities, ...rest } = gathered;
  return { ...rest, senders: senders.all, modalities: modalities.all };
}

type Gathered = ReturnType<typeof createGathered>;

const createGathered = () => ({
  days: [] as string[],
  senders: createPlaces<string>(),
  modalities: createPlaces<string | null>(),
  ...{ rows: createRows(), day: [] as number[], hour: [] as number[], sender: [] as number[] },
  ...{ ofModality: createRows(), modality: [] as number[] },
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

/** The instances of an upload that are of one modality. */
type Part = { readonly modality: string | null; instances: number; bytes: number };

function addDay(gathered: Gathered, { day, facts }: KeptDay<DayFacts>, { cohort }: Asked): void {
  const nth = gathered.days.push(day) - 1;
  const senders = facts.senders.map((sender) => gathered.senders.of(sender));
  const modalities = facts.classes.map((sopClass) => modalityOf(sopClass));
  const isOfModality = modalities.map((of) => cohort.modality === undefined || of === cohort.modality);
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
      addPart(parts, modalities[facts.class[to]!]!, { facts, row: to });
      addRefused(gathered, facts, to);
      isThere ||= facts.isThere[to] === 1;
    }
    if (parts.length === 0) continue;
    addUpload(gathered, parts, {
      ...{ study: facts.study[from]!, retries: facts.retries[from]! },
      ms: isThere ? facts.ms[from]! : null,
    });
    gathered.day.push(nth);
    gathered.hour.push(facts.hour[from]!);
    gathered.sender.push(senders[facts.sender[from]!]!);
  }
}

function addPart(
  parts: Part[],
  modality: string | null,
  { facts, row }: { readonly facts: DayFacts; readonly row: number },
): void {
  const instances = facts.instances[row]!;
  const bytes = facts.bytes[row]!;
  for (const part of parts)
    if (part.modality === modality) {
      part.instances += instances;
      part.bytes += bytes;
      return;
    }
  parts.push({ modality, instances, bytes });
}

function addRefused({ refused }: Gathered, facts: DayFacts, row: number): void {
  const why = facts.refusals[facts.refusal[row]!]!;
  if (why === null) return;
  const of = refused.get(why) ?? [];
  refused.set(why, of);
  of.push({ instances: facts.instances[row]!, study: facts.study[row]! });
}

function addUpload(
  { rows, ofModality, modality, modalities }: Gathered,
  parts: readonly Part[],
  { study, retries, ms }: Pick<Row, 'study' | 'retries' | 'ms'>,
): void {
  let instances = 0;
  let bytes = 0;
  for (const part of parts) {
    instances += part.instances;
    bytes += part.bytes;
    ofModality.add({ study, retries, ms, instances: part.instances, bytes: part.bytes });
    modality.push(modalities.of(part.modality));
  }
  rows.add({ study, retries, ms, instances, bytes });
}
