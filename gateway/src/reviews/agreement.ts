/**
 * How far readers agree, by type of review, its version, and question: with each other, and with models. Nobody is
 * shown a figure of fewer than 200 readings; readers are shown their own alone, administrators all of them together.
 */
import { sql } from 'kysely';
import type { Answers, ReviewField } from '#shared/protocol/review-forms.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import { AGREEMENT_FLOOR, type Agreement, type ReviewDefinition } from '#shared/protocol/reviews.ts';
import type { CaseReader } from '../cases/case-rights.ts';
import type { Db } from '../database/database.ts';
import { cohensKappa, fleissKappa, type Category, type Kappa } from './kappa.ts';

/** Null: the case could not be judged. */
type Reading = { readonly isOwn: boolean; readonly answers: Answers | null };
type Said = { readonly model: string; readonly positive: boolean };
/** Reviews in which all that is compared is the same; `readings` in the order of their places. */
type Subject = {
  readonly type: string;
  readonly version: number;
  readonly readings: readonly Reading[];
  readonly said: readonly Said[];
  readonly count: number;
};
type Pair = readonly [Category, Category];
/** So often the same. */
type Often<T> = { readonly of: T; readonly count: number };

const countOf = (all: readonly { readonly count: number }[]): number =>
  all.reduce((sum, { count }) => sum + count, 0);
const cohenOf = (pairs: readonly Often<Pair>[]): Kappa | null =>
  cohensKappa(
    pairs.map(({ of }) => of),
    pairs.map(({ count }) => count),
  );

/** `own`: of this account alone. */
export async function agreementOf(db: Db, reader: CaseReader, own: boolean): Promise<Agreement> {
  const definitions = await definitionsOf(db, reader.siteId);
  const subjects = await subjectsOf(db, reader, { own, definitions });
  const byType = Map.groupBy(subjects, ({ type, version }) => `${type} ${version}`);
  const types = [...byType].flatMap(([key, of]) => {
    const { type, version } = of[0]!;
    const definition = definitions.get(key)!;
    const counted = of.flatMap(({ readings, said, count }) =>
      readings.flatMap(({ isOwn, answers }) => (own && !isOwn ? [] : [{ of: { answers, said }, count }])),
    );
    const readings = countOf(counted);
    if (readings < AGREEMENT_FLOOR) return [];
    const fields = Object.entries(definition.form.properties).flatMap(([field, about]) =>
      isCategory(about)
        ? [
            {
              ...{ field, title: about.title, ...amongReaders(of, field, own) },
              models: withModels(counted, field, about),
            },
          ]
        : [],
    );
    return [{ type, version, title: definition.title, readings, fields }];
  });
  return { isOwn: own, types };
}

/** Figures have no categories, and nobody compares what was typed. */
const isCategory = (field: ReviewField): boolean => ['radio', 'scale'].includes(field['x-field']);

type Asked = { readonly own: boolean; readonly definitions: ReadonlyMap<string, ReviewDefinition> };

/** Of reviews whose readers have all signed. A model found something in a case when it did in one of its images. */
async function subjectsOf(
  db: Db,
  { id, siteId }: CaseReader,
  { own, definitions }: Asked,
): Promise<readonly Subject[]> {
  const isOwn = own ? sql`coalesce(p.account_id = ${id}, false)` : sql`false`;
  const others = [...definitions].map(([key, { form }]) => ({
    key,
    others: Object.entries(form.properties).flatMap(([field, about]) => (isCategory(about) ? [] : [field])),
  }));
  const { rows } = await sql<Subject>`with
  d as materialized (
    select key, array(select jsonb_array_elements_text(others)) as others
    from jsonb_to_recordset(${JSON.stringify(others)}::jsonb) as x(key text, others jsonb)),
  r as materialized (
    select r.id, r.case_id, r.type_name as type, r.type_version as version, d.others
    from review r join d on d.key = r.type_name || ' ' || r.type_version
    where r.site_id = ${siteId} and r.state in ('settled', 'adjudication')),
  readings as (
    select r.id, jsonb_agg(jsonb_build_object('isOwn', ${isOwn}, 'answers',
      case when e.decision = 'reject' then null else e.answers - r.others end) order by p.place) as readings
    from r join review_place p on p.review_id = r.id and p.place <> ${ADJUDICATOR}
    join review_event e on e.review_id = r.id and e.id = p.decided_by_event group by r.id),
  said as (
    select id, jsonb_agg(jsonb_build_object('model', model, 'positive', positive) order by model) as said
    from (select r.id, i.model_id as model, bool_or(i.positive) as positive
      from r join case_study c on c.case_id = r.case_id
      join inference_result i on i.site_id = c.site_id and i.study_instance_uid = c.study_instance_uid
      where i.positive is not null group by 1, 2) m group by id)
  select r.type, r.version, readings, coalesce(said, '[]') as said, count(*)::int as count
  from r join readings using (id) left join said using (id)
  group by 1, 2, 3, 4 order by 1, 2, 3, 4`.execute(db);
  return rows;
}

async function definitionsOf(db: Db, siteId: string): Promise<ReadonlyMap<string, ReviewDefinition>> {
  const { rows } = await sql<{ key: string; definition: ReviewDefinition }>`
    select t.type_name || ' ' || t.type_version as key, r.definition
    from (select type_name, type_version, max(number) as number from review where site_id = ${siteId}
      group by 1, 2 order by 1, 2) t
    join review r on r.site_id = ${siteId} and r.number = t.number`.execute(db);
  return new Map(rows.map(({ key, definition }) => [key, definition]));
}

/** `own`: each pair holds an answer of this account, and of another reader of the same case. */
function amongReaders(subjects: readonly Subject[], field: string, own: boolean) {
  const answered = subjects.filter(({ readings }) =>
    readings.every(({ answers }) => answerTo(field, answers) !== undefined),
  );
  const answerOf = ({ answers }: Reading): Category => answers![field]!;
  if (own) {
    const pairs = answered.flatMap(({ readings, count }) => {
      const mine = readings.find(({ isOwn }) => isOwn);
      if (mine === undefined) return [];
      const others = readings.filter((one) => one !== mine);
      return others.map((one) => ({ of: [answerOf(mine), answerOf(one)] as Pair, count }));
    });
    return { cohen: above(countOf(pairs), cohenOf(pairs)), fleiss: null };
  }
  const pairs = answered.flatMap(({ readings: [one, other, ...more], count }) =>
    one !== undefined && other !== undefined && more.length === 0
      ? [{ of: [answerOf(one), answerOf(other)] as Pair, count }]
      : [],
  );
  const several = answered.filter(({ readings }) => readings.length > 1);
  const fleiss = fleissKappa(
    several.map(({ readings }) => readings.map(answerOf)),
    several.map(({ count }) => count),
  );
  const readings = several.reduce((sum, one) => sum + one.readings.length * one.count, 0);
  return { cohen: above(countOf(pairs) * 2, cohenOf(pairs)), fleiss: above(readings, fleiss) };
}

type Compared = { readonly answers: Answers | null; readonly said: readonly Said[] };

function withModels(
  readings: readonly Often<Compared>[],
  field: string,
  about: ReviewField,
): Agreement['types'][number]['fields'][number]['models'] {
  if (about['x-field'] !== 'radio' || about['x-positive'] === undefined) return [];
  const positive = new Set<Category>(about['x-positive']);
  const pairs = readings.flatMap(({ of: { answers, said }, count }) => {
    const answer = answerTo(field, answers);
    if (answer === undefined) return [];
    const read = `${positive.has(answer)}`;
    return said.map((one) => ({ model: one.model, of: [read, `${one.positive}`] as Pair, count }));
  });
  return [...Map.groupBy(pairs, ({ model }) => model)].flatMap(([model, of]) => {
    const count = countOf(of);
    return count < AGREEMENT_FLOOR ? [] : [{ model, readings: count, cohen: cohenOf(of) }];
  });
}

/** A field may have any name, and answers stand in a plain object. */
const answerTo = (field: string, answers: Answers | null): Category | undefined =>
  answers !== null && Object.hasOwn(answers, field) ? answers[field] : undefined;

const above = (readings: number, kappa: Kappa | null): Kappa | null =>
  readings < AGREEMENT_FLOOR ? null : kappa;
