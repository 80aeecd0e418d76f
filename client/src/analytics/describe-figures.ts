/**
 * Describes figures of verdicts and readings; while there are too few, it says how many there are and how many are
 * needed.
 */
import {
  CALIBRATION_BINS,
  CALIBRATION_FLOOR,
  type CalibrationBin,
  type ReviewFigures,
} from '#shared/protocol/analytics.ts';
import { AGREEMENT_FLOOR } from '#shared/protocol/reviews.ts';
import { kitWords } from '../kit/kit-words.ts';
import { analyticsWords } from './analytics-words.ts';
import type { Plot } from './plot.ts';
import { shareInterval } from './share-interval.ts';

const words = analyticsWords.models;
type Bin = NonNullable<CalibrationBin['figures']>;

/** `said`: how many verdicts the chart is based on, or why there is no chart (`plot` null). */
export function describeCalibration(bins: readonly CalibrationBin[]): {
  readonly plot: Plot | null;
  readonly said: string;
} {
  const known = bins.flatMap(({ figures }) => (figures === null ? [] : [figures]));
  const verdicts = known.reduce((sum, { results }) => sum + results, 0);
  if (verdicts >= CALIBRATION_FLOOR)
    return {
      plot: calibrationPlot(known),
      said: `${words.calibrationOf(verdicts)} ${words.calibrationWhat}`,
    };
  // Some bins are withheld, so the total number of verdicts is unknown.
  if (known.length < bins.length) return { plot: null, said: words.calibrationWithheld };
  const said = verdicts === 0 ? words.noCalibration : words.tooFewVerdicts(verdicts, CALIBRATION_FLOOR);
  return { plot: null, said };
}

/** The bins' means with their confidence intervals, and the diagonal of perfect calibration. */
function calibrationPlot(known: readonly Bin[]): Plot {
  const intervals = known.map(({ results, confirmed }) => shareInterval(confirmed * results, results));
  const between = (values: readonly number[]) => [null, ...values, null];
  const x = [0, ...known.map(({ meanScore }) => meanScore), 1];
  return {
    ...{ x, isTime: false, ends: [-1 / (2 * CALIBRATION_BINS), 1 + 1 / (2 * CALIBRATION_BINS)] as const },
    ...{ formatX: analyticsWords.score, formatY: analyticsWords.score },
    lines: [
      {
        label: words.confirmed,
        form: 'points',
        values: between(known.map(({ confirmed }) => confirmed)),
      },
      { label: words.perfect, form: 'dashed', values: x },
      { label: words.least, form: 'bound', values: between(intervals.map(({ low }) => low)) },
      { label: words.most, form: 'bound', values: between(intervals.map(({ high }) => high)) },
    ],
  };
}

export const describeAccepted = (agreed: number, judged: number): string =>
  [words.acceptedOf(agreed, judged), analyticsWords.interval(shareInterval(agreed, judged))].join(
    kitWords.separator,
  );

/** A line for each type that has too few readings to show its readers' agreement. */
export const describeFewReadings = (types: ReviewFigures['types']) =>
  types
    .filter(({ readings }) => readings < AGREEMENT_FLOOR)
    .map(({ type, version, title, readings }) => ({
      key: `${type} ${version}`,
      said: analyticsWords.reviews.tooFewReadings(title, readings, AGREEMENT_FLOOR),
    }));
