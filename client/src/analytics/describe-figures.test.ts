import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CalibrationBin } from '#shared/protocol/analytics.ts';
import { recordedReviewFigures } from '../testing/recorded-figures.ts';
import { describeAccepted, describeCalibration, describeFewReadings } from './describe-figures.ts';

const test = suite('figures of few');

/** The first: 4 of 20 were found positive. */
const binsOf = (...results: readonly number[]): CalibrationBin[] =>
  results.map((count, bin) => ({
    bin,
    figures: { results: count, meanScore: (bin + 0.5) / 10, confirmed: bin === 0 ? 0.2 : 1 },
  }));
const hidden: CalibrationBin = { bin: 9, figures: null };

test('of verdicts say how many there are of 50; from there on a chart says of how many, and how sure it is', () => {
  const none = (bins: readonly CalibrationBin[]) => {
    const { plot, said } = describeCalibration(bins);
    assert.is(plot, null);
    return said;
  };
  assert.is(none([]), 'There are no verdicts on scores yet.');
  assert.match(none(binsOf(20, 29)), 'too few verdicts for calibration: 49 of 50.');
  for (const bins of [[hidden], [...binsOf(20, 29), hidden]])
    assert.match(none(bins), 'is not shown', 'verdicts that nobody may count are not none');

  const { plot, said } = describeCalibration(binsOf(20, 30));
  assert.match(said, 'Based on 50 verdicts. The band shows the 95 % interval.');
  const [found, , least, most] = plot!.lines;
  assert.equal(found!.values, [null, 0.2, 1, null]);
  // NIST §7.2.4.1, of 4 of 20.
  assert.equal(
    [least, most].map((line) => [line!.form, line!.values[1]!.toFixed(3)]),
    [
      ['bound', '0.081'],
      ['bound', '0.416'],
    ],
  );
});

test('of accepted results say of how many, and how sure it is', () => {
  assert.is(describeAccepted(4, 20), '4 of 20 verdicts · 95 % interval 8 to 42 %');
});

test('of readings say how many there are of 200, for each type of review', () => {
  const [type] = recordedReviewFigures().types;
  const few = [0, 199, 200].map((readings) => ({ ...type!, readings }));
  assert.equal(
    describeFewReadings(few).map(({ said }) => said),
    ['Chest film: too few readings, 0 of 200.', 'Chest film: too few readings, 199 of 200.'],
  );
});

test.run();
