/**
 * What the models are expected to say of the labelled images, out of the product's own worker in Chromium: wrapped as radiographs, read, decoded,
 * reduced and run as any study is. How accurate they are on them and how long it took is printed.
 */
import { join } from 'node:path';
import { readdir, readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openApp, signIn, type AppUnderTest } from '#testing/app-under-test.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { evalImages, filmOf, readEvalImage, resized } from '#testing/films.ts';
import { examineInChromium, percentile, type Answer } from '#testing/models-in-chromium.ts';
import { CARDS } from '#shared/models/card.ts';
import { findOrthanc } from '../../scripts/orthanc.ts';

const { chromium, corpus } = testEnvironment();
const evaluation = await evalImages();
const test = suite('expected outputs in Chromium');
const why = chromium === null ? 'there is no Chromium' : evaluation === null ? 'the labelled images are not here' : (await findOrthanc()) === null ? 'Orthanc is not installed' : null;

/** DESIGN §6 is said of a frame of so many pixels. */
const TWO_MEGAPIXELS = { rows: 1600, columns: 1250 };
const WARM = 10;

const within = (actual: readonly number[], expected: readonly number[], tolerance: number): boolean =>
  actual.length === expected.length && actual.every((value, at) => Math.abs(value - expected[at]!) <= tolerance);

if (why !== null || chromium === null || evaluation === null) {
  skipped('expected outputs in Chromium', why ?? 'the labelled images are not here');
} else {
  let app: AppUnderTest;
  test.before(async () => {
    app = await openApp(chromium);
  });
  test.after(async () => app.close());

  test('every labelled image gets what is expected, within the tolerance that is stated with it', async () => {
    const page = await (await app.openBrowser()).newPage();
    await page.goto(app.address);
    await signIn(page);
    const { images, tolerance } = evaluation;
    const films = await Promise.all(images.map(async ({ file }, seed) => filmOf(await readEvalImage(evaluation, file), { seed: 1000 + seed }).bytes));
    const answers = await examineInChromium(page, films);
    const faults = images.flatMap(({ file, expected }, at) => {
      const { readings } = answers[at]!;
      const isChest = readings.lungs !== null;
      return [
        ...(within(readings.kind, expected['image-kind'], tolerance.probabilities) ? [] : [`${file}: kind ${readings.kind.join()}`]),
        ...(!isChest || !expected.pneumonia || within(readings.probabilities!, expected.pneumonia.probabilities, tolerance.probabilities) ? [] : [`${file}: ${readings.probabilities!.join()}`]),
        ...(!isChest || !expected.pneumonia || within(readings.camPeak!, expected.pneumonia.camPeak, tolerance.camPeak) ? [] : [`${file}: peak ${readings.camPeak!.join()}`]),
        ...(!isChest || !expected['lung-fields'] || within([readings.lungs!], [expected['lung-fields'].fraction], tolerance.fraction) ? [] : [`${file}: lungs ${readings.lungs}`]),
      ];
    });
    assert.equal(faults, []);
    assert.is(images.filter(({ expected }, at) => expected.pneumonia && answers[at]!.readings.lungs === null).length, 0, 'no labelled radiograph is kept from the models by the gate');
    report(answers);
  });

  function report(answers: readonly Answer[]): void {
    const { images } = evaluation!;
    const classes = CARDS['image-kind'].classes!;
    const kinds = images.filter(({ kind }, at) => classes[indexOfMost(answers[at]!.readings.kind)] === kind).length;
    const scored = images.flatMap(({ finding }, at) => (finding === undefined ? [] : [{ isSick: finding !== 'normal', isFirst: answers[at]!.triage.first }]));
    const right = scored.filter(({ isSick, isFirst }) => isSick === isFirst).length;
    const outside = images.map((_, at) => answers[at]!.triage.film.length).filter((count) => count > 0).length;
    process.stdout.write(`\nin Chromium: kind ${kinds} of ${images.length}, pneumonia ${right} of ${scored.length}, film warnings on ${outside} of ${images.length} images as they are\n`);
    for (const id of ['image-kind', 'pneumonia', 'lung-fields'] as const) {
      const ms = answers.slice(WARM).flatMap(({ readings }) => readings.ms.models[id] ?? []);
      process.stdout.write(`${id}: p50 ${percentile(ms, 0.5).toFixed(1)} ms, p95 ${percentile(ms, 0.95).toFixed(1)} ms (${ms.length} runs)\n`);
    }
  }

  test('how long a full-size film takes is printed', async () => {
    const page = await (await app.openBrowser()).newPage();
    await page.goto(app.address);
    const [film] = evaluation.images;
    const { bytes } = filmOf(resized(await readEvalImage(evaluation, film!.file), TWO_MEGAPIXELS), { seed: 2000 });
    const native = await examineInChromium(page, Array.from({ length: WARM }, () => bytes));
    const say = (what: string, answers: readonly Answer[]) => {
      const ms = answers.slice(1).map(({ readings }) => readings.ms.picture);
      process.stdout.write(`${what}: decoded and reduced in p50 ${percentile(ms, 0.5).toFixed(0)} ms, p95 ${percentile(ms, 0.95).toFixed(0)} ms\n`);
    };
    say('\n2 megapixels, native', native);
    if (corpus === null) return skipped('the time of a JPEG 2000 film', 'the corpus is not here');
    const folder = join(corpus, 'dev/cr-chest-philips');
    const coded = await readFile(join(folder, (await readdir(folder))[0]!));
    say('3.6 megapixels, JPEG 2000', await examineInChromium(page, Array.from({ length: 5 }, () => coded)));
  });
}

function indexOfMost(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

test.run();
