// test:all: accuracy of models on all their films; film.test.ts and inference.e2e.ts guard the path by day
/**
 * The models' answers through the product's own path equal those measured when they were made. Prints how
 * often they are right.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped } from '#testing/environment.ts';
import { openEvaluation, openModels, type EvalRow } from '#testing/open-models.ts';
import { CARDS } from './card.ts';
import { checkFilm } from './film.ts';
import { imageKind } from './image-kind.ts';
import { lungFields, markedLungs } from './lung-fields.ts';
import { CAM_SIDE, scorePneumonia } from './pneumonia.ts';

const evaluation = await openEvaluation();
const test = suite('expected outputs of the models');
type Opened = ReturnType<typeof openModels>;
let opened: Opened;

test.before(() => {
  opened = openModels();
});
test.after(() => opened.engine.close());

const say = (line: string): void => void process.stdout.write(`  ${line}\n`);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

if (!evaluation) skipped('the expected outputs of the models', 'no ../shared/models/eval');
else {
  const { tolerance, images, picture } = evaluation;
  const radiographs = images.filter((row) => row.expected.pneumonia);
  const near = (actual: number, wanted: number, within: number, what: string): void =>
    assert.ok(Math.abs(actual - wanted) <= within, `${what}: ${actual}, not ${wanted}`);

  test('image-kind: every probability, and the kind', async () => {
    let right = 0;
    for (const row of images) {
      const { probabilities, kind, isChestFilm } = await imageKind(
        await picture(row.file),
        opened.models['image-kind'],
      );
      for (const [index, value] of [...probabilities.values()].entries())
        near(value, row.expected['image-kind'][index]!, tolerance.probabilities, row.file);
      right += kind === row.kind ? 1 : 0;
      assert.is(isChestFilm, row.kind === 'CXR', row.file);
    }
    say(`image-kind ${right}/${images.length}`);
    assert.is(right, images.length);
  });

  test('pneumonia: probabilities, score and the peak of the map', async () => {
    let right = 0;
    let labelled = 0;
    for (const row of radiographs) {
      const { probabilities, score, camPeak } = await scorePneumonia(
        await picture(row.file),
        opened.models.pneumonia,
      );
      const wanted = row.expected.pneumonia!;
      for (const [index, { probability }] of probabilities.entries())
        near(probability, wanted.probabilities[index]!, tolerance.probabilities, row.file);
      near(score, wanted.score, tolerance.score, row.file);
      for (const [index, place] of camPeak.entries())
        near(place, wanted.camPeak[index]!, tolerance.camPeak, row.file);
      labelled += row.finding ? 1 : 0;
      right += row.finding && score >= CARDS.pneumonia.threshold! === (row.finding !== 'normal') ? 1 : 0;
    }
    say(`pneumonia ${right}/${labelled}`);
    assert.ok(right >= 45);
  });

  test('lung-fields: how much of the picture, and the overlap with the masks that people drew', async () => {
    const dices: number[] = [];
    for (const row of radiographs) {
      const lungs = await lungFields(await picture(row.file), opened.models['lung-fields']);
      const wanted = row.expected['lung-fields']!;
      near(lungs.fraction, wanted.fraction, tolerance.fraction, row.file);
      if (row.mask) dices.push(await diceOf(row, lungs.mask, lungs.side));
      if (row.mask) near(dices.at(-1)!, wanted.dice!, tolerance.dice, row.mask);
    }
    say(`lung-fields Dice mean ${mean(dices).toFixed(4)} of ${dices.length}`);
  });

  test('the overlap of the map with the lungs, of all that is positive', async () => {
    const insides: number[] = [];
    const peaks: number[] = [];
    for (const row of radiographs.filter(
      ({ expected: { pneumonia } }) => pneumonia!.score >= CARDS.pneumonia.threshold!,
    )) {
      const film = await picture(row.file);
      const lungs = await lungFields(film, opened.models['lung-fields']);
      const {
        map,
        camPeak: [column, y],
      } = await scorePneumonia(film, opened.models.pneumonia);
      insides.push(markedLungs(map, CAM_SIDE, lungs).inside!);
      const cell = (place: number): number => Math.floor(((place + 0.5) * lungs.side) / CAM_SIDE);
      peaks.push(lungs.mask[cell(y) * lungs.side + cell(column)]! >= 0.5 ? 1 : 0);
    }
    say(
      `CAM and lung fields: of what the map marks ${mean(insides).toFixed(3)} lies in a lung, its peak in ${mean(peaks).toFixed(3)} of ${insides.length} positive films (lungs cover ${mean(
        radiographs.map((row) => row.expected['lung-fields']!.fraction),
      ).toFixed(3)} of a film)`,
    );
    assert.ok(mean(insides) > 0);
  });

  test('no sound film is warned of', async () => {
    for (const row of radiographs) {
      const film = await picture(row.file);
      const kind = await imageKind(film, opened.models['image-kind']);
      const warned = checkFilm(film, kind, await lungFields(film, opened.models['lung-fields']));
      // The film's apices and the left costophrenic angle are beyond the picture's edge.
      assert.equal(warned, row.file === 'lungs/03355.png' ? ['lungs-cut-off'] : [], row.file);
    }
  });

  /** The drawn mask by its nearest pixel in the size of the answer, as the expected figures were made. */
  async function diceOf({ mask }: EvalRow, probabilities: Float32Array, side: number): Promise<number> {
    const { rows, columns, grey } = await picture(mask!);
    const place = (at: number, length: number): number => Math.floor((at * length) / side);
    const drawn = probabilities.map(
      (_, at) => grey[place(Math.floor(at / side), rows) * columns + place(at % side, columns)]!,
    );
    let both = 0;
    let sum = 0;
    drawn.forEach((value, at) => {
      const one = value > 0;
      const other = probabilities[at]! >= 0.5;
      both += one && other ? 1 : 0;
      sum += (one ? 1 : 0) + (other ? 1 : 0);
    });
    return (2 * both) / sum;
  }
}

test.run();
