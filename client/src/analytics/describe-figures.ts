/** Figures of verdicts and readings in words: while they are few, how many there are of how many. */
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

/** `said`: the number behind the chart, or why there is none (`plot` null). */
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
  // The verdicts of withheld bins are not known: nobody can say how many there are.
  if (known.length < bins.length) return { plot: null, said: words.calibrationWithheld };
  const said = verdicts === 0 ? words.noCalibration : words.tooFewVerdicts(verdicts, CALIBRATION_FLOOR);
  return { plot: null, said };
}

/** The bins' own means with their intervals, between the ends of a perfect line. */
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

/** A line for each type whose readers' agreement is not told yet. */
export const describeFewReadings = (types: ReviewFigures['types']) =>
  types
    .filter(({ readings }) => readings < AGREEMENT_FLOOR)
    .map(({ type, version, title, readings }) => ({
      key: `${type} ${version}`,
      said: analyticsWords.reviews.tooFewReadings(title, readings, AGREEMENT_FLOOR),
    }));
