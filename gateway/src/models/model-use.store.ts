/**
 * The performance of each version of each model: how often it was asked, with which outcome, how fast, and the
 * radiologists' verdicts. It is counted by day in the database, for all gateways together and across restarts. None
 * of it is image data.
 */
import { sql, type RawBuilder } from 'kysely';
import { DAY_MS } from '#shared/day.ts';
import type { METRICS_PERIODS, ModelMeasures, ModelMetrics } from '#shared/protocol/inference.ts';
import type { Db } from '../database/database.ts';
import { versionsOf, type ModelName } from './model.store.ts';

/**
 * Times are stored in steps of a twentieth of a decade (12 %), which needs few rows a day and still gives percentiles
 * for any period. Step 0 ends at 1 ms.
 */
const STEPS_A_DECADE = 20;
const stepOf = (seconds: number): number =>
  Math.max(0, Math.ceil(STEPS_A_DECADE * Math.log10(seconds * 1000)));
const endOfStepMs = (step: number): number => Math.round(10 ** (step / STEPS_A_DECADE) * 10) / 10;

/** The length of the date in the output of `toISOString`. */
const DAY_LENGTH = 10;
const dayOf = (at: Date): string => at.toISOString().slice(0, DAY_LENGTH);

/** `outcome`: `answered`, `cached`, or the code of a problem. */
type Use = { readonly name: ModelName; readonly outcome: string; readonly seconds: number };

/** Counts one more image for each of these models. */
export async function countUses(
  db: Db,
  { siteId, at }: { readonly siteId: string; readonly at: Date },
  uses: readonly Use[],
): Promise<void> {
  const rows = uses.map(({ name: { id, version }, outcome, seconds }) => ({
    site_id: siteId,
    day: dayOf(at),
    model_id: id,
    version,
    outcome,
    bucket: stepOf(seconds),
    images: 1,
  }));
  await db
    .insertInto('model_use')
    // The rows are always in the same order, so that two images counted at once cannot deadlock.
    .values(rows.toSorted((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1)))
    .onConflict((conflict) =>
      conflict
        .columns(['site_id', 'day', 'model_id', 'version', 'outcome', 'bucket'])
        .doUpdateSet({ images: sql`model_use.images + 1` }),
    )
    .execute();
}

const orderOf = (row: UseRow): string => [row.model_id, row.version, row.outcome, row.bucket].join(' ');

/** The first and the last day, both included. */
type Range = {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly by: (typeof METRICS_PERIODS)[number];
};
const PERIOD_LENGTHS = { day: DAY_LENGTH, month: 7, year: 4 } as const;
/** The default period: this many days, ending today. */
const USUAL_DAYS = 30;

type Row = { readonly model_id: string; readonly version: string; readonly day: string };
type UseRow = Row & { readonly outcome: string; readonly bucket: number; readonly images: number };
type SaidRow = Row & { readonly what: 'agree' | 'correct' | 'disagreement'; readonly count: number };

export async function modelMetrics(
  db: Db,
  siteId: string,
  { from, to, by }: Range,
  now: Date,
): Promise<ModelMetrics> {
  const until = to ?? dayOf(now);
  const since = from ?? dayOf(new Date(Date.parse(until) - (USUAL_DAYS - 1) * DAY_MS));
  const length = PERIOD_LENGTHS[by];
  const uses: readonly UseRow[] = await db
    .selectFrom('model_use')
    .select(['model_id', 'version', 'day', 'outcome', 'bucket', 'images'])
    .where('site_id', '=', siteId)
    .where('day', '>=', since)
    .where('day', '<=', until)
    .execute();
  const said = [
    ...(await saidOf(db, siteId, 'verdict', { since, until })),
    ...(await saidOf(db, siteId, 'disagreement', { since, until })),
  ];
  const versions = await versionsOf(db, siteId);
  return {
    from: since,
    to: until,
    by,
    models: versions.map(({ model_id: id, version, digest, state }) => {
      const isOwn = (row: Row): boolean => row.model_id === id && row.version === version;
      const used = uses.filter(isOwn);
      const words = said.filter(isOwn);
      const periods = [...new Set([...used, ...words].map(({ day }) => day.slice(0, length)))].sort();
      const within =
        (period: string) =>
        ({ day }: Row): boolean =>
          day.startsWith(period);
      const history = periods.map((period) => ({
        period,
        ...measuresOf(used.filter(within(period)), words.filter(within(period))),
      }));
      return { id, version, digest, state, total: measuresOf(used, words), history };
    }),
  };
}

/**
 * Radiologists' verdicts, counted on the day of the verdict, and devices' disagreements, counted on the day of the
 * result.
 */
async function saidOf(
  db: Db,
  siteId: string,
  what: 'verdict' | 'disagreement',
  { since, until }: { readonly since: string; readonly until: string },
): Promise<SaidRow[]> {
  const at = sql.ref(what === 'verdict' ? 'verified_at' : 'created_at');
  const day: RawBuilder<string> = sql`to_char(${at} at time zone 'UTC', 'YYYY-MM-DD')`;
  const word: RawBuilder<SaidRow['what']> = what === 'verdict' ? sql`verdict` : sql`'disagreement'`;
  const rows = await db
    .selectFrom('inference_result')
    .select([
      'model_id',
      'version',
      day.as('day'),
      word.as('what'),
      sql<string | number>`count(*)`.as('count'),
    ])
    .where('site_id', '=', siteId)
    .where(what, 'is not', null)
    .where(sql<boolean>`${at} >= ${`${since}T00:00:00Z`}::timestamptz`)
    .where(sql<boolean>`${at} < ${`${until}T00:00:00Z`}::timestamptz + interval '1 day'`)
    .groupBy(['model_id', 'version', sql`3`, sql`4`])
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
}

function measuresOf(uses: readonly UseRow[], said: readonly SaidRow[]): ModelMeasures {
  const failures: Record<string, number> = {};
  let answered = 0;
  let cached = 0;
  for (const { outcome, images } of uses) {
    if (outcome === 'answered') answered += images;
    else if (outcome === 'cached') cached += images;
    else failures[outcome] = (failures[outcome] ?? 0) + images;
  }
  const sumOf = (what: SaidRow['what']): number =>
    said.filter((row) => row.what === what).reduce((sum, { count }) => sum + count, 0);
  return {
    images: uses.reduce((sum, { images }) => sum + images, 0),
    answered,
    cached,
    failures,
    latencyMs: answered === 0 ? null : latencyOf(uses, answered),
    agreed: sumOf('agree'),
    corrected: sumOf('correct'),
    disagreements: sumOf('disagreement'),
  };
}

const latencyOf = (uses: readonly UseRow[], answered: number) => ({
  p50: percentileMs(uses, 0.5 * answered),
  p95: percentileMs(uses, 0.95 * answered),
  p99: percentileMs(uses, 0.99 * answered),
});

/** The measures of each version that was used in these days, by `id version`. The database sums them. */
export async function usesOf(
  db: Db,
  siteId: string,
  { since, until }: { readonly since: string; readonly until: string },
): Promise<ReadonlyMap<string, ModelMeasures>> {
  const rows: readonly UseRow[] = await db
    .selectFrom('model_use')
    .select(['model_id', 'version', sql<string>`''`.as('day'), 'outcome', 'bucket'])
    .select(sql<number>`sum(images)::int`.as('images'))
    .where('site_id', '=', siteId)
    .where('day', '>=', since)
    .where('day', '<=', until)
    .groupBy(['model_id', 'version', 'outcome', 'bucket'])
    .execute();
  const byVersion = Map.groupBy(rows, ({ model_id: id, version }) => `${id} ${version}`);
  return new Map([...byVersion].map(([name, used]) => [name, measuresOf(used, [])]));
}

/** The upper end of the step that contains the answer of this rank. */
function percentileMs(uses: readonly UseRow[], rank: number): number {
  const times = uses
    .filter(({ outcome }) => outcome === 'answered')
    .sort((left, right) => left.bucket - right.bucket);
  let seen = 0;
  for (const { images, bucket } of times) {
    seen += images;
    if (seen >= rank) return endOfStepMs(bucket);
  }
  throw new RangeError('no answer has this rank');
}
