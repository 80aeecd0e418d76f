// test:all: some hundred gradients a film take long; maps.test.ts guards their sum by day
/**
 * The attributions of every radiograph of the evaluation set add up. Slow: some hundred gradients each, half
 * a minute in all.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped } from '#testing/environment.ts';
import { openEvaluation, openModels } from '#testing/open-models.ts';
import { integratedGradients, isComplete } from './integrated-gradients.ts';

const evaluation = await openEvaluation();
const complete = suite('completeness of integrated gradients');

/** Each takes half a second; `RELAY_EVALUATION=all` examines every one. */
const EVERY = 4;

if (!evaluation) skipped('completeness of integrated gradients', 'no ../shared/models/eval');
else {
  complete('the sum equals the difference of the log odds within 1 % or 1e-3', async () => {
    const { models, engine } = openModels();
    const all = evaluation.images.filter((row) => row.expected.pneumonia);
    const radiographs =
      process.env.RELAY_EVALUATION === 'all' ? all : all.filter((_, at) => at % EVERY === 0);
    let relative = 0;
    let absolute = 0;
    let most = 0;
    for (const row of radiographs) {
      const { sum, difference, gradients } = await integratedGradients(
        await evaluation.picture(row.file),
        models['pneumonia-gradient'],
      );
      assert.ok(isComplete({ sum, difference }), `${row.file}: ${sum}, not ${difference}`);
      const error = Math.abs(sum - difference);
      relative = Math.max(relative, error / Math.max(0.1, Math.abs(difference)));
      absolute = Math.max(absolute, error);
      most = Math.max(most, gradients);
    }
    await engine.close();
    const figures = `${(100 * relative).toFixed(2)} % (of 0.1 at least), ${absolute.toExponential(1)} absolute`;
    process.stdout.write(
      `  completeness: largest error ${figures}, of ${radiographs.length} radiographs, ${most} gradients at most\n`,
    );
  });
}

complete.run();
