/**
 * Counts findings of models and radiologists' verdicts, from results that are kept by day. Guarded figures are sums of
 * blocks (result-blocks.ts).
 */
import { setImmediate } from 'node:timers/promises';
import {
  CALIBRATION_BINS,
  SMALLEST_CELL,
  type CalibrationBin,
  type Judged,
  type ModelFigures,
} from '#shared/protocol/analytics.ts';
import type { ModelMeasures } from '#shared/protocol/inference.ts';
import type { Db } from '../database/database.ts';
import { usesOf } from '../models/model-use.store.ts';
import { versionsOf } from '../models/model.store.ts';
import { isOfAll, laterDay, saidOf } from './asked.ts';
import { countChangedDays } from './kept-days.ts';
import {
  AGREED,
  CORRECTED,
  NONE,
  readResults,
  type Named,
  type Question,
  type Results,
} from './read-results.ts';
import { blocksOf, isSmall, type Block, type Blocks } from './result-blocks.ts';
import { resultDays } from './result-days.ts';
import { countStudies } from './study-order.ts';

type Sums = Named & {
  /** Null: the whole period. */
  readonly period: string | null;
  readonly studies: number;
  readonly results: number;
  readonly agreed: number;
  readonly corrected: number;
  readonly disagreements: number;
  readonly isSplitLarge: boolean;
  readonly isDifferenceLarge: boolean;
};
type Bin = Named & {
  readonly bin: number;
  readonly results: number;
  readonly meanScore: number;
  readonly confirmed: number;
};
/** A month of a version for which something is withheld. */
type Withheld = Named & { readonly period: string };
export type Counted = {
  readonly sums: readonly Sums[];
  readonly bins: readonly Bin[];
  readonly withheld: readonly Withheld[];
};

export async function countModels(db: Db, question: Question): Promise<ModelFigures> {
  const { caller, asked } = question;
  await countChangedDays(db, { of: resultDays, siteId: caller.siteId }, asked);
  return figuresOf(db, question, await countResults(await readResults(db, question), question.isGuarded));
}

async function countResults(results: Results, isGuarded: boolean): Promise<Counted> {
  const blocks = isGuarded ? await blocksOf(results) : null;
  const counts = rowsThatCount(results, blocks);
  await setImmediate();
  const totals = sumBy(results, counts, { periods: [null], periodAt: () => 0, blocks });
  await setImmediate();
  const { months, of } = blocks ?? { months: [], of: null };
  const bySpan = of
    ? { periods: months, periodAt: (row: number) => of(row) % months.length, blocks }
    : { periods: results.days, periodAt: (row: number) => results.columns.day[row]!, blocks };
  const sums = [...totals, ...sumBy(results, counts, bySpan)];
  await setImmediate();
  return { sums, bins: binsOf(results, counts), withheld: blocks ? withheldOf(results, blocks) : [] };
}

/** Builds the answer from the counts, however they were made. */
export async function figuresOf(
  db: Db,
  question: Question,
  { sums, bins, withheld }: Counted,
): Promise<ModelFigures> {
  const { caller, asked, isGuarded } = question;
  const range = { since: asked.from, until: asked.to };
  const versions = await versionsOf(db, caller.siteId);
  const uses = isOfAll(asked) ? await usesOf(db, caller.siteId, range) : new Map<string, ModelMeasures>();
  const models = namesOf(versions, sums, withheld).map(({ model, version }) => {
    const own = (row: Named): boolean => row.model === model && row.version === version;
    const ofModel = sums.filter(own);
    const left = withheld.filter(own);
    const toFigures = (row: Sums) => judgedOf(row, listOf(question, row));
    const [total] = ofModel.filter(({ period }) => period === null);
    const use = left.length === 0 ? uses.get(`${model} ${version}`) : undefined;
    const series = [
      ...ofModel.flatMap((row) =>
        row.period === null ? [] : [{ period: row.period, figures: toFigures(row) }],
      ),
      ...left.map(({ period }) => ({ period, figures: null })),
    ];
    return {
      ...{ id: model, version, total: total === undefined ? null : toFigures(total) },
      isPartial: left.length > 0,
      series: series.sort((one, other) => (one.period < other.period ? -1 : 1)),
      calibration: guardBins(bins.filter(own), isGuarded),
      use: use === undefined || (isGuarded && use.images < SMALLEST_CELL) ? null : toUse(use),
    };
  });
  return { ...saidOf(asked), isGuarded, by: isGuarded ? 'month' : 'day', models };
}
/** The installed versions, and other versions that still have results, in order. */
function namesOf(
  versions: readonly { readonly model_id: string; readonly version: string }[],
  ...found: readonly (readonly Named[])[]
): readonly Named[] {
  const all = [...versions.map(({ model_id: model, version }) => ({ model, version })), ...found.flat()];
  const names = new Map(all.map(({ model, version }) => [`${model} ${version}`, { model, version }]));
  return [...names].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, name]) => name);
}

/** For each row: 1 if it is in the cohort and in no block that is withheld. */
function rowsThatCount({ columns: { cell }, inside }: Results, blocks: Blocks | null): Uint8Array {
  const isCounted = (row: number): boolean =>
    cell[row] === inside && (blocks === null || blocks.all[blocks.of(row)]!.isLarge);
  const counts = new Uint8Array(cell.length);
  for (let row = 0; row < cell.length; row += 1) counts[row] = Number(isCounted(row));
  return counts;
}

type Span = {
  readonly periods: readonly (string | null)[];
  readonly periodAt: (row: number) => number;
  readonly blocks: Blocks | null;
};

/** Sums by version and period. Combinations without results are left out. */
function sumBy(results: Results, counts: Uint8Array, { periods, periodAt, blocks }: Span): readonly Sums[] {
  const { names, columns, studies } = results;
  const { version, verdict, differs } = columns;
  const groupOf = (row: number): number => version[row]! * periods.length + periodAt(row);
  const groups = names.length * periods.length;
  const ofStudies = countStudies(studies, (row) => (counts[row] === 1 ? groupOf(row) : NONE), groups);
  const sums = names.flatMap(({ model, version: of }) =>
    periods.map((period) => ({
      ...{ model, version: of, period },
      ...{ studies: 0, results: 0, agreed: 0, corrected: 0, disagreements: 0 },
      ...{ isSplitLarge: true, isDifferenceLarge: true },
    })),
  );
  for (let row = 0; row < counts.length; row += 1) {
    if (counts[row] === 0) continue;
    const sum = sums[groupOf(row)]!;
    sum.results += 1;
    if (verdict[row] === AGREED) sum.agreed += 1;
    if (verdict[row] === CORRECTED) sum.corrected += 1;
    sum.disagreements += differs[row]!;
    const block = blocks?.all[blocks.of(row)];
    if (block?.isSplitLarge === false) sum.isSplitLarge = false;
    if (block?.isDifferenceLarge === false) sum.isDifferenceLarge = false;
  }
  for (const [group, sum] of sums.entries()) sum.studies = ofStudies[group]!;
  return sums.filter((sum) => sum.results > 0);
}

function binsOf({ names, columns }: Results, counts: Uint8Array): readonly Bin[] {
  const { version, score, confirmed } = columns;
  const groups = names.length * CALIBRATION_BINS;
  const ofResults = new Float64Array(groups);
  const ofScores = new Float64Array(groups);
  const ofConfirmed = new Float64Array(groups);
  for (let row = 0; row < counts.length; row += 1) {
    if (counts[row] === 0 || score[row] === NONE || confirmed[row] === NONE) continue;
    const bin = Math.min(CALIBRATION_BINS - 1, Math.floor(score[row]! * CALIBRATION_BINS));
    const group = version[row]! * CALIBRATION_BINS + bin;
    ofResults[group]! += 1;
    ofScores[group]! += score[row]!;
    ofConfirmed[group]! += confirmed[row]!;
  }
  return names.flatMap((name, at) =>
    Array.from({ length: CALIBRATION_BINS }, (_, bin) => {
      const group = at * CALIBRATION_BINS + bin;
      const results = ofResults[group]!;
      const meanScore = ofScores[group]! / results;
      return { ...name, bin, results, meanScore, confirmed: ofConfirmed[group]! / results };
    }).filter(({ results }) => results > 0),
  );
}

const withheldOf = ({ names }: Results, { months, all }: Blocks): readonly Withheld[] =>
  all.flatMap((block: Block | undefined, at) =>
    block === undefined || block.isLarge
      ? []
      : [{ ...names[Math.floor(at / months.length)]!, period: months[at % months.length]! }],
  );

/**
 * A count that is withheld for one month is withheld for the whole period too, since the other months would reveal it.
 */
function judgedOf(
  { studies, results, agreed, corrected, disagreements, isSplitLarge, isDifferenceLarge }: Sums,
  shows: string | null,
): Judged {
  return {
    ...{ studies, results, shows },
    agreed: isSplitLarge ? agreed : null,
    corrected: isSplitLarge ? corrected : null,
    disagreements: isDifferenceLarge ? disagreements : null,
  };
}

/**
 * If only one bin is withheld, or the withheld bins have few results together, the sum of the others reveals them. The
 * next bin is then withheld too.
 */
export function guardBins(
  bins: readonly Omit<Bin, 'model' | 'version'>[],
  isGuarded: boolean,
): CalibrationBin[] {
  const withheld = new Set<(typeof bins)[number]>();
  let together = 0;
  for (const bin of bins.toSorted((one, other) => one.results - other.results)) {
    const isAlone = withheld.size === 1 || (together > 0 && together < SMALLEST_CELL);
    if (!isGuarded || !(isSmall(bin.results) || isAlone)) break;
    withheld.add(bin);
    together += bin.results;
  }
  return bins.map((one) => {
    const { bin, results, meanScore, confirmed } = one;
    return { bin, figures: withheld.has(one) ? null : { results, meanScore, confirmed } };
  });
}

function toUse({ images, answered, cached, failures, latencyMs }: ModelMeasures) {
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  return { images, answered, cached, failed, durationMs: latencyMs };
}

/** The list of results cannot filter by cohort, and shows researchers only some results. */
function listOf({ asked, isGuarded }: Question, { model, version, period }: Sums): string | null {
  if (isGuarded || !isOfAll(asked)) return null;
  const [from, last] = period === null ? [asked.from, asked.to] : [period, period];
  return `/results?${new URLSearchParams({ model, version, from, to: laterDay(last, 1) })}`;
}
