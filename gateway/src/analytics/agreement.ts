/**
 * How far readers agree with each other and with models, by review type, version and question. With fewer than 200
 * readings, only their number is shown. Readers see their own agreement, administrators that of all readers together.
 */
import { sql } from 'kysely';
import type { Answers, ReviewField } from '#shared/protocol/review-forms.ts';
import { AGREEMENT_FLOOR, type Agreement, type ReviewDefinition } from '#shared/protocol/reviews.ts';
import type { Db } from '../database/database.ts';
import { cohensKappa, fleissKappa, type Category, type Kappa } from '../reviews/kappa.ts';
import type { Asking } from './asked.ts';
import { readSubjects, type Reading, type Said, type Subject } from './read-subjects.ts';

type Pair = readonly [Category, Category];
/** `count`: how often the same thing occurs. */
type Often<T> = { readonly of: T; readonly count: number };

const countOf = (all: readonly { readonly count: number }[]): number =>
  all.reduce((sum, { count }) => sum + count, 0);
const cohenOf = (pairs: readonly Often<Pair>[]): Kappa | null =>
  cohensKappa(
    pairs.map(({ of }) => of),
    pairs.map(({ count }) => count),
  );

/** `own`: only of this account. */
export async function agreementOf(
  db: Db,
  reader: Pick<Asking, 'id' | 'siteId'>,
  own: boolean,
): Promise<Agreement> {
  const subjects = await readSubjects(db, reader, own);
  const byType = Map.groupBy(subjects, ({ type, version }) => `${type} ${version}`);
  const definitions = await definitionsOf(db, reader.siteId, [...byType.values()]);
  const types = [...byType].flatMap(([key, of]) => {
    const { type, version } = of[0]!;
    const definition = definitions.get(key);
    if (definition === undefined) return [];
    const counted = of.flatMap(({ readings, said, count }) =>
      readings.flatMap(({ isOwn, answers }) => (own && !isOwn ? [] : [{ of: { answers, said }, count }])),
    );
    const readings = countOf(counted);
    const about = { type, version, title: definition.title, readings };
    if (readings === 0) return [];
    if (readings < AGREEMENT_FLOOR) return [{ ...about, fields: [] }];
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
    return [{ ...about, fields }];
  });
  return { isOwn: own, types };
}

/** Agreement is computed for categories only: figures have none, and typed text cannot be compared. */
const isCategory = (field: ReviewField): boolean => ['radio', 'scale'].includes(field['x-field']);

async function definitionsOf(
  db: Db,
  siteId: string,
  types: readonly (readonly Subject[])[],
): Promise<ReadonlyMap<string, ReviewDefinition>> {
  const names = types.map(([first]) => first!.type);
  const versions = types.map(([first]) => first!.version);
  const { rows } = await sql<{ key: string; definition: ReviewDefinition }>`
    select t.name || ' ' || t.version as key, r.definition
    from unnest(${names}::text[], ${versions}::int[]) as t(name, version), lateral (select definition from review
      where site_id = ${siteId} and type_name = t.name and type_version = t.version order by number desc limit 1) r`.execute(
    db,
  );
  return new Map(rows.map(({ key, definition }) => [key, definition]));
}

/** `own`: each pair holds an answer of this account and one of another reader of the same case. */
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
  const byModel = [...Map.groupBy(pairs, ({ model }) => model)].sort(([one], [other]) =>
    one < other ? -1 : 1,
  );
  return byModel.flatMap(([model, of]) => {
    const count = countOf(of);
    return count < AGREEMENT_FLOOR ? [] : [{ model, readings: count, cohen: cohenOf(of) }];
  });
}

/** A field may have any name, such as one that every object inherits, so this asks for own properties. */
const answerTo = (field: string, answers: Answers | null): Category | undefined =>
  answers !== null && Object.hasOwn(answers, field) ? answers[field] : undefined;

const above = (readings: number, kappa: Kappa | null): Kappa | null =>
  readings < AGREEMENT_FLOOR ? null : kappa;
