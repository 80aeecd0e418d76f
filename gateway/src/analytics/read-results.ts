/**
 * The columns from which figures are counted: results of models in a period, except those that the caller is to read
 * blinded.
 */
import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { blindStudies } from '../findings/blinding.ts';
import { modalityOf, type Asked, type Asking } from './asked.ts';
import { hashOf, readDays, type KeptDay } from './kept-days.ts';
import { resultDays, type ResultFacts } from './result-days.ts';
import { orderByStudy, type StudyOrder } from './study-order.ts';

export type Question = { readonly caller: Asking; readonly asked: Asked; readonly isGuarded: boolean };
export type Named = { readonly model: string; readonly version: string };
export const AGREED = 1;
export const CORRECTED = 2;
/** Used where there is no score, or no finding of a radiologist. */
export const NONE = -1;

export type Results = {
  readonly names: readonly Named[];
  readonly days: readonly string[];
  /** One row per result. If small groups are not withheld, there are rows only for results of the cohort. */
  readonly columns: Columns;
  readonly studies: StudyOrder;
  /** The number of parts: results with the same values of all filtered attributes form one part. */
  readonly parts: number;
  /** The `cell` of a result that passes every filter. It has one bit per filter. */
  readonly inside: number;
};
/** `version` and `day` are indexes into the lists. */
type Column = 'version' | 'day' | 'study' | 'cell' | 'part' | 'verdict' | 'differs' | 'confirmed' | 'score';

type Columns = Readonly<Record<Column, Float64Array>>;

/** After this many days other work gets its turn. */
const DAYS_A_TURN = 16;

/** Reads the days as they were last counted; call `countChangedDays` first. */
export async function readResults(db: Db, { caller, asked, isGuarded }: Question): Promise<Results> {
  const days = await readDays<ResultFacts>(db, { of: resultDays, siteId: caller.siteId }, asked);
  const limit = days.reduce((sum, { facts }) => sum + facts.study.length, 0);
  const gathered: Gathered = {
    ...{ names: new Map(), parts: new Map() },
    ...{ columns: createColumns(() => new Float64Array(limit)), rows: 0 },
    ...{ blind: await blindHashes(db, caller), filters: filtersOf(asked), isGuarded },
  };
  for (const [nth, day] of days.entries()) {
    if (nth % DAYS_A_TURN === 0) await setImmediate();
    addDay(gathered, nth, day);
  }
  await setImmediate();
  const { names, parts, filters } = gathered;
  const columns = createColumns((column) => gathered.columns[column].subarray(0, gathered.rows));
  return {
    names: [...names.keys()].map(namedOf),
    days: days.map(({ day }) => day),
    ...{ columns, studies: orderByStudy(columns.study), parts: parts.size, inside: insideOf(filters) },
  };
}

async function blindHashes(db: Db, caller: Asking): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ study: number }>`select distinct (${hashOf(sql.ref('uid'))})::float8 as study
    from ${blindStudies(caller)} b`.execute(db);
  return new Set(rows.map(({ study }) => study));
}

type Values = { readonly sex: string; readonly ageBand: string; readonly modality: string | null };
type Filter = { readonly value: (of: Values) => string | null; readonly wanted: string };
type Gathered = {
  readonly columns: Columns;
  rows: number;
  /** From each name to its index. */
  readonly names: Map<string, number>;
  readonly parts: Map<string, number>;
  readonly blind: ReadonlySet<number>;
  readonly filters: readonly Filter[];
  readonly isGuarded: boolean;
};

/** Columns have a fixed length: collecting into growing arrays would take longer than the counting. */
const createColumns = (create: (column: Column) => Float64Array): Columns => ({
  ...{ version: create('version'), day: create('day'), study: create('study') },
  ...{ cell: create('cell'), part: create('part'), verdict: create('verdict') },
  ...{ differs: create('differs'), confirmed: create('confirmed'), score: create('score') },
});

function filtersOf({ cohort: { sex, ageBand, modality } }: Asked): readonly Filter[] {
  const all = [
    { value: (of: Values) => of.sex, wanted: sex },
    { value: (of: Values) => of.ageBand, wanted: ageBand },
    { value: (of: Values) => of.modality, wanted: modality },
  ];
  return all.flatMap(({ value, wanted }) => (wanted === undefined ? [] : [{ value, wanted }]));
}

const insideOf = (filters: readonly Filter[]): number => 2 ** filters.length - 1;

/** The id of a model has no spaces, so the first space ends it. */
function namedOf(name: string): Named {
  const at = name.indexOf(' ');
  return { model: name.slice(0, at), version: name.slice(at + 1) };
}

function placeIn(places: Map<string, number>, name: string): number {
  const place = places.get(name) ?? places.size;
  places.set(name, place);
  return place;
}

function addDay(gathered: Gathered, nth: number, { facts }: KeptDay<ResultFacts>): void {
  const { columns, names, blind, filters, isGuarded } = gathered;
  const versions = facts.models.map((name) => placeIn(names, name));
  const groups = groupsOf(gathered, facts);
  const inside = insideOf(filters);
  for (let row = 0; row < facts.study.length; row += 1) {
    const study = facts.study[row]!;
    const { cell, part } = groups[facts.cohort[row]! * facts.classes.length + facts.class[row]!]!;
    if (blind.has(study) || (!isGuarded && cell !== inside)) continue;
    const at = gathered.rows;
    columns.version[at] = versions[facts.model[row]!]!;
    columns.day[at] = nth;
    columns.study[at] = study;
    columns.cell[at] = cell;
    columns.part[at] = part;
    columns.verdict[at] = facts.verdict[row]!;
    columns.differs[at] = facts.differs[row]!;
    columns.confirmed[at] = facts.confirmed[row] ?? NONE;
    columns.score[at] = facts.score[row] ?? NONE;
    gathered.rows += 1;
  }
}

/** The cell and the part for each combination of cohort and class. */
function groupsOf({ filters, parts }: Gathered, { cohorts, classes }: ResultFacts) {
  const modalities = classes.map((sopClass) => (sopClass === null ? null : modalityOf(sopClass)));
  return cohorts.flatMap((cohort) => {
    const [sex = '', ageBand = ''] = cohort.split(' ');
    return modalities.map((modality) => {
      const values = filters.map(({ value }) => value({ sex, ageBand, modality }));
      const cell = values.reduce((sum, value, at) => sum + (value === filters[at]!.wanted ? 2 ** at : 0), 0);
      return { cell, part: placeIn(parts, JSON.stringify(values)) };
    });
  });
}
