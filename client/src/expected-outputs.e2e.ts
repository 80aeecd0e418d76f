// test:all: All labelled images take minutes; film.test.ts guards the path of a film by day.
/**
 * The models' expected outputs for the labelled images, from the product's own worker in Chromium: wrapped as
 * radiographs, then read, decoded, reduced and run like any study. Prints their accuracy and the difference
 * between WebAssembly and the gateway's runtime; `npm run bench` measures their speed.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAccount } from '#testing/accounts.ts';
import { signIn } from '#testing/app-page.ts';
import { skip, skipped, testEnvironment } from '#testing/environment.ts';
import { evalImages, filmOf, readEvalImage } from '#testing/films.ts';
import { examineInChromium, type Answer } from '#testing/models-in-chromium.ts';
import { openModels } from '#testing/open-models.ts';
import { noWorldBecause, openWorld, type World } from '#testing/world.ts';
import { CARDS } from '#shared/models/card.ts';
import { SCORE_TOLERANCE } from '#shared/models/disagreement.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { createExaminer } from './pipeline/triage/examine-instance.ts';

const { corpus } = testEnvironment();
const evaluation = await evalImages();
const test = suite('expected outputs in Chromium');
const why = evaluation === null ? 'the labelled images are not here' : await noWorldBecause();

/** Radiographs of the corpus. */
const RADIOGRAPHS = [
  'cr-chest-philips/RG1_J2KI.dcm',
  'cr-modality-lut/CR-ModalitySequenceLUT.dcm',
  'dx-small/dx_image.dcm',
  'dicomdir-set/77654033/CR1/6154',
  'dicomdir-set/77654033/CR3/6278',
];

const largest = (ours: readonly number[], theirs: readonly number[]): number =>
  ours.length === theirs.length
    ? Math.max(0, ...ours.map((value, at) => Math.abs(value - theirs[at]!)))
    : Infinity;
const within = (actual: readonly number[], expected: readonly number[], tolerance: number): boolean =>
  actual.length === expected.length &&
  actual.every((value, at) => Math.abs(value - expected[at]!) <= tolerance);

if (why !== null || evaluation === null) {
  skipped('expected outputs in Chromium', why ?? 'the labelled images are not here');
} else {
  let world: World;
  let visitor: BrowserContext;
  let page: Page;
  test.before(async () => {
    world = await openWorld();
    const { username } = await createAccount(world.gateway, 'tess', ['technician']);
    visitor = await world.openVisitor();
    page = await visitor.newPage();
    await page.goto(world.address);
    await signIn(page, username);
  });
  test.after(async () => {
    await visitor.close();
    await world.close();
  });

  test('every labelled image gets its expected output, within the stated tolerance', async () => {
    const { images, tolerance } = evaluation;
    const films = await Promise.all(
      images.map(
        async ({ file }, seed) => filmOf(await readEvalImage(evaluation, file), { seed: 1000 + seed }).bytes,
      ),
    );
    const answers = await examineInChromium(page, films);
    assert.equal(await differencesFromNode(films, answers), []);
    const faults = images.flatMap(({ file, expected }, at) => {
      const { readings } = answers[at]!;
      const isChest = readings.lungs !== null;
      return [
        ...(within(readings.kind, expected['image-kind'], tolerance.probabilities)
          ? []
          : [`${file}: kind ${readings.kind.join()}`]),
        ...(!isChest ||
        !expected.pneumonia ||
        within(readings.probabilities!, expected.pneumonia.probabilities, tolerance.probabilities)
          ? []
          : [`${file}: ${readings.probabilities!.join()}`]),
        ...(!isChest ||
        !expected.pneumonia ||
        within(readings.camPeak!, expected.pneumonia.camPeak, tolerance.camPeak)
          ? []
          : [`${file}: peak ${readings.camPeak!.join()}`]),
        ...(!isChest ||
        !expected['lung-fields'] ||
        within([readings.lungs!], [expected['lung-fields'].fraction], tolerance.fraction)
          ? []
          : [`${file}: lungs ${readings.lungs}`]),
      ];
    });
    assert.equal(faults, []);
    assert.is(
      images.filter(({ expected }, at) => expected.pneumonia && answers[at]!.readings.lungs === null).length,
      0,
      'the gate keeps no labelled radiograph from the models',
    );
    report(answers);
  });

  test('the device and the gateway’s runtime agree on real radiographs', async () => {
    if (corpus === null) skip('radiographs in WebAssembly and in Node', 'the corpus is not here');
    const films = await Promise.all(RADIOGRAPHS.map((path) => readFile(join(corpus, 'dev', path))));
    const answers = await examineInChromium(page, films);
    assert.equal(await differencesFromNode(films, answers), []);
  });

  /**
   * Prints the largest difference of each number, and returns those beyond the tolerance of the gateway's
   * disagreement report.
   */
  async function differencesFromNode(
    films: readonly Uint8Array[],
    answers: readonly Answer[],
  ): Promise<string[]> {
    const { engine, models } = openModels();
    const examine = createExaminer({
      run: (id) => models[id],
      runtime: 'Node',
      codecs: loadCodecs(),
      now: () => performance.now(),
    });
    const most = { kind: 0, probabilities: 0, lungs: 0, score: 0 };
    const faults: string[] = [];
    for (const [at, bytes] of films.entries()) {
      const { triage, readings } = await examine({
        kind: 'file',
        file: new File([new Uint8Array(bytes)], 'a film'),
      });
      const theirs = answers[at]!;
      const apart = {
        kind: largest(readings.kind, theirs.readings.kind),
        probabilities: largest(readings.probabilities ?? [], theirs.readings.probabilities ?? []),
        lungs: largest([readings.lungs ?? -1], [theirs.readings.lungs ?? -1]),
        score: largest([triage.score ?? -1], [theirs.triage.score ?? -1]),
      };
      for (const name of Object.keys(most) as (keyof typeof most)[])
        most[name] = Math.max(most[name], apart[name]);
      const said = ({ film, population, first }: Answer['triage']) => [...film, population, first].join();
      if (Math.max(...Object.values(apart)) > SCORE_TOLERANCE || said(triage) !== said(theirs.triage))
        faults.push(`film ${at}: ${JSON.stringify(apart)} ${said(triage)} ${said(theirs.triage)}`);
    }
    await engine.close();
    process.stdout.write(
      `\nWebAssembly and Node on ${films.length} films: ${Object.entries(most)
        .map(([name, value]) => `${name} ± ${value.toExponential(1)}`)
        .join(', ')}\n`,
    );
    return faults;
  }

  function report(answers: readonly Answer[]): void {
    const { images } = evaluation!;
    const classes = CARDS['image-kind'].classes!;
    const kinds = images.filter(
      ({ kind }, at) => classes[indexOfMost(answers[at]!.readings.kind)] === kind,
    ).length;
    const scored = images.flatMap(({ finding }, at) =>
      finding === undefined ? [] : [{ isSick: finding !== 'normal', isFirst: answers[at]!.triage.first }],
    );
    const right = scored.filter(({ isSick, isFirst }) => isSick === isFirst).length;
    const outside = images
      .map((_, at) => answers[at]!.triage.film.length)
      .filter((count) => count > 0).length;
    process.stdout.write(
      `\nin Chromium: kind ${kinds} of ${images.length}, pneumonia ${right} of ${scored.length}, film warnings on ${outside} of ${images.length} images as they are\n`,
    );
  }
}

function indexOfMost(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

test.run();
