/** Results of models in a period, but those that the caller is reading blinded: the columns that figures count. */
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
/** In place of a score, and of what a radiologist found. */
export const NONE = -1;

export type Results = {
  readonly names: readonly Named[];
  readonly days: readonly string[];
  /** A row for each result. Where no small groups are kept back, for those alone that are of the cohort. */
  readonly columns: Columns;
  readonly studies: StudyOrder;
  /** How many parts the results are in, by the values of what is filtered. */
  readonly parts: number;
  /** The cell of a result that is inside every filter: a bit for each. */
  readonly inside: number;
};
/** `version` and `day` are places in the lists. */
type Column = 'version' | 'day' | 'study' | 'cell' | 'part' | 'verdict' | 'differs' | 'confirmed' | 'score';

type Columns = Readonly<Record<Column, Float64Array>>;

/** Days after which other work has its turn. */
const DAYS_A_TURN = 16;

/** Reads the days as they were last counted. */
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
  /** Places. */
  readonly names: Map<string, number>;
  readonly parts: Map<string, number>;
  readonly blind: ReadonlySet<number>;
  readonly filters: readonly Filter[];
  readonly isGuarded: boolean;
};

/** Arrays that grow would take longer to collect than to count. */
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

/** Ids have no spaces. */
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

/** By cohort and class: the cell and the part of the results that have them. */
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
