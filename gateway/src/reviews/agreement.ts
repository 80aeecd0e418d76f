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

type Reading = {
  readonly reviewId: string;
  readonly type: string;
  readonly version: number;
  readonly accountId: string | null;
  /** Null: the case could not be judged. */
  readonly answers: Answers | null;
};
type ModelSaid = { readonly reviewId: string; readonly model: string; readonly positive: boolean };
type Pair = readonly [Category, Category];

/** `own`: of this account alone. */
export async function agreementOf(db: Db, reader: CaseReader, own: boolean): Promise<Agreement> {
  const readings = await signedReadings(db, reader.siteId);
  const models = Map.groupBy(await modelsOf(db, reader.siteId), ({ reviewId }) => reviewId);
  const definitions = await definitionsOf(db, reader.siteId);
  const byType = Map.groupBy(readings, ({ type, version }) => `${type} ${version}`);
  const types = [...byType].flatMap(([key, of]) => {
    const { type, version } = of[0]!;
    const definition = definitions.get(key);
    const counted = own ? of.filter(({ accountId }) => accountId === reader.id) : of;
    if (definition === undefined || counted.length < AGREEMENT_FLOOR) return [];
    const subjects = [...Map.groupBy(of, ({ reviewId }) => reviewId).values()];
    const fields = Object.entries(definition.form.properties).flatMap(([field, about]) =>
      isCategory(about)
        ? [
            {
              field,
              title: about.title,
              ...amongReaders(subjects, field, own ? reader.id : null),
              models: withModels(counted, models, { field, about }),
            },
          ]
        : [],
    );
    return [{ type, version, title: definition.title, readings: counted.length, fields }];
  });
  return { isOwn: own, types };
}

/** Figures have no categories, and nobody compares what was typed. */
const isCategory = (field: ReviewField): boolean => ['radio', 'scale'].includes(field['x-field']);

/** Of reviews whose readers have all signed, in the order of their places. */
async function signedReadings(db: Db, siteId: string): Promise<readonly Reading[]> {
  return db
    .selectFrom('review as r')
    .innerJoin('review_place as p', 'p.review_id', 'r.id')
    .innerJoin('review_event as e', (join) =>
      join.onRef('e.review_id', '=', 'r.id').onRef('e.id', '=', 'p.decided_by_event'),
    )
    .select(['r.id as reviewId', 'r.type_name as type', 'r.type_version as version'])
    .select(['p.account_id as accountId'])
    .select(sql<Answers | null>`case when e.decision = 'reject' then null else e.answers end`.as('answers'))
    .where('r.site_id', '=', siteId)
    .where('r.state', 'in', ['settled', 'adjudication'])
    .where('p.place', '<>', ADJUDICATOR)
    .orderBy('r.number')
    .orderBy('p.place')
    .execute();
}

async function definitionsOf(db: Db, siteId: string): Promise<ReadonlyMap<string, ReviewDefinition>> {
  const rows = await db
    .selectFrom('review')
    .select(['type_name', 'type_version', 'definition'])
    .distinctOn(['type_name', 'type_version'])
    .where('site_id', '=', siteId)
    .orderBy('type_name')
    .orderBy('type_version')
    .execute();
  return new Map(rows.map((row) => [`${row.type_name} ${row.type_version}`, row.definition]));
}

/** A model found something in a case when it did in one of its images. */
async function modelsOf(db: Db, siteId: string): Promise<readonly ModelSaid[]> {
  const { rows } = await sql<ModelSaid>`
    select r.id as "reviewId", i.model_id as model, bool_or((i.finding->>'positive')::boolean) as positive
    from review r
    join case_study c on c.case_id = r.case_id
    join inference_result i on i.site_id = c.site_id and i.study_instance_uid = c.study_instance_uid
    where r.site_id = ${siteId} and r.state in ('settled', 'adjudication') and i.finding->>'positive' is not null
    group by 1, 2`.execute(db);
  return rows;
}

/** `own`: each pair holds an answer of this account, and of another reader of the same case. */
function amongReaders(subjects: readonly (readonly Reading[])[], field: string, own: string | null) {
  const answered = subjects.filter((readings) =>
    readings.every(({ answers }) => answerTo(field, answers) !== undefined),
  );
  const answerOf = ({ answers }: Reading): Category => answers![field]!;
  if (own !== null) {
    const pairs = answered.flatMap((readings) => {
      const mine = readings.find(({ accountId }) => accountId === own);
      if (mine === undefined) return [];
      return readings.filter((one) => one !== mine).map((one): Pair => [answerOf(mine), answerOf(one)]);
    });
    return { cohen: above(pairs.length, cohensKappa(pairs)), fleiss: null };
  }
  const pairs = answered.flatMap(([one, other, ...more]): Pair[] =>
    one !== undefined && other !== undefined && more.length === 0 ? [[answerOf(one), answerOf(other)]] : [],
  );
  const several = answered.filter(({ length }) => length > 1);
  return {
    cohen: above(pairs.length * 2, cohensKappa(pairs)),
    fleiss: above(several.flat().length, fleissKappa(several.map((readings) => readings.map(answerOf)))),
  };
}

function withModels(
  readings: readonly Reading[],
  models: ReadonlyMap<string, readonly ModelSaid[]>,
  { field, about }: { readonly field: string; readonly about: ReviewField },
): Agreement['types'][number]['fields'][number]['models'] {
  if (about['x-field'] !== 'radio' || about['x-positive'] === undefined) return [];
  const positive = new Set<Category>(about['x-positive']);
  const pairs = readings.flatMap(({ reviewId, answers }) => {
    const answer = answerTo(field, answers);
    if (answer === undefined) return [];
    return (models.get(reviewId) ?? []).map((said) => ({
      model: said.model,
      pair: [`${positive.has(answer)}`, `${said.positive}`] as Pair,
    }));
  });
  return [...Map.groupBy(pairs, ({ model }) => model)].flatMap(([model, of]) => {
    if (of.length < AGREEMENT_FLOOR) return [];
    return [{ model, readings: of.length, cohen: cohensKappa(of.map(({ pair }) => pair)) }];
  });
}

/** A field may have any name, and answers stand in a plain object. */
const answerTo = (field: string, answers: Answers | null): Category | undefined =>
  answers !== null && Object.hasOwn(answers, field) ? answers[field] : undefined;

const above = (readings: number, kappa: Kappa | null): Kappa | null =>
  readings < AGREEMENT_FLOOR ? null : kappa;
