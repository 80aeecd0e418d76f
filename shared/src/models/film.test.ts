/**
 * A film that should be repeated is pointed out while the patient is there, and a good one is left alone: on
 * drawn films, and counted on real ones.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { blurred, cropped, drawnFilm, stripes, turnedPicture } from '#testing/drawn-film.ts';
import { IS_WHOLE_PROOF, skipped } from '#testing/environment.ts';
import { openEvaluation, openModels } from '#testing/open-models.ts';
import type { GreyPicture } from '../pixels/picture.ts';
import { filmMarks, type FilmMark } from './film.ts';
import { imageKind } from './image-kind.ts';
import { lungFields, lungsOfTurned } from './lung-fields.ts';

const test = suite('the film check');
let opened: ReturnType<typeof openModels>;

test.before(() => {
  opened = openModels();
});
test.after(() => opened.engine.close());

const turned = (film: GreyPicture, degrees: 0 | 90 | 180 | 270, isInverted = false): GreyPicture =>
  turnedPicture(film, { degrees, isInverted });

async function marksOf(picture: GreyPicture): Promise<FilmMark[]> {
  return lookAt(picture).then(({ marks }) => marks);
}

async function lookAt(picture: GreyPicture): Promise<{ isChest: boolean; marks: FilmMark[] }> {
  const kind = await imageKind(picture, opened.models['image-kind']);
  const find = (film: GreyPicture) => lungFields(film, opened.models['lung-fields']);
  const lungs = kind.isChestFilm ? await find(picture) : await lungsOfTurned(picture, kind.turn, find);
  return { isChest: kind.isChestFilm || kind.turn !== null, marks: filmMarks(picture, kind, lungs) };
}

test('a good film, and an image that is not a chest film, get no finding', async () => {
  assert.equal(await marksOf(drawnFilm()), []);
  assert.equal(await marksOf(drawnFilm(300, 240)), []);
  assert.equal(await marksOf(stripes()), []);
});

test('a turned or inverted film is recognized, with the turn that makes it upright', async () => {
  const film = drawnFilm();
  for (const [degrees, back] of [
    [90, 270],
    [180, 180],
    [270, 90],
  ] as const) {
    assert.equal(await marksOf(turned(film, degrees)), [{ finding: 'rotated', degrees: back }]);
  }
  assert.equal(await marksOf(turned(film, 0, true)), [{ finding: 'inverted' }]);
  assert.equal(await marksOf(turned(film, 90, true)), [
    { finding: 'rotated', degrees: 270 },
    { finding: 'inverted' },
  ]);
});

test('a blurred film is recognized, unless it is too small to tell', async () => {
  assert.is((await marksOf(blurred(drawnFilm(224, 224), 3)))[0]?.finding, 'blurred');
  assert.equal(await marksOf(blurred(drawnFilm(200, 200), 3)), []);
});

test('lungs that leave the picture are noticed, with the edge and the place', async () => {
  const [mark] = await marksOf(cropped(drawnFilm(), { left: 0.3 }));
  assert.is(mark?.finding, 'lungs-cut-off');
  const edges = mark?.finding === 'lungs-cut-off' ? mark.edges : [];
  assert.equal(
    edges.map(({ edge }) => edge),
    ['left'],
  );
  for (const { from, to } of edges) assert.ok(from < to && from >= 0 && to <= 1);
});

const evaluation = await openEvaluation();
if (!evaluation) skipped('how often a spoilt film is warned of', 'no ../shared/models/eval');
else {
  /** A change to a film, the finding that must follow, and for how many in a hundred at least. */
  const spoilt: readonly [string, (film: GreyPicture) => GreyPicture, FilmMark['finding'], number][] = [
    ['turned by 90°', (film) => turned(film, 90), 'rotated', 100],
    ['upside down', (film) => turned(film, 180), 'rotated', 100],
    ['turned by 270°', (film) => turned(film, 270), 'rotated', 100],
    ['inverted', (film) => turned(film, 0, true), 'inverted', 100],
    ['blurred, 2 pixels of 224', (film) => blurred(film, 2), 'blurred', 100],
    ['a third cut off at a side', (film) => cropped(film, { left: 0.33 }), 'lungs-cut-off', 85],
    ['the left half cut off', (film) => cropped(film, { left: 0.5 }), 'lungs-cut-off', 75],
    ['the right half cut off', (film) => cropped(film, { right: 0.5 }), 'lungs-cut-off', 95],
    [
      'on its side, the lower third cut off',
      (film) => cropped(turned(film, 90), { left: 0.33 }),
      'lungs-cut-off',
      85,
    ],
    ['a third cut off below', (film) => cropped(film, { bottom: 0.33 }), 'lungs-cut-off', 85],
    ['a third cut off above', (film) => cropped(film, { top: 0.33 }), 'lungs-cut-off', 85],
  ];
  const all = evaluation.images.filter((row) => row.expected.pneumonia);
  /** By day one in six, and the one whose apices are cut off. */
  const radiographs = all.filter(
    ({ file }, at) => IS_WHOLE_PROOF || at % 6 === 0 || file === 'lungs/03355.png',
  );
  for (const [what, spoil, finding, least] of spoilt) {
    test(`real films: ${what}`, async () => {
      let chest = 0;
      let warned = 0;
      for (const row of radiographs) {
        const film = spoil(await evaluation.picture(row.file));
        const { isChest, marks } = await lookAt(film);
        // A crop may no longer be a chest film: then there is no finding, and none was promised.
        if (!isChest) continue;
        chest += 1;
        warned += marks.some((mark) => mark.finding === finding) ? 1 : 0;
      }
      process.stdout.write(
        `  ${what}: ${warned} of ${chest} that are still known as chest films, of ${radiographs.length}\n`,
      );
      // A sample of few films may miss some more.
      const share = IS_WHOLE_PROOF ? least : least / 2;
      assert.ok(warned >= (share / 100) * chest && warned > 0);
    });
  }

  test('real films: a whole one is not called cut off, whatever way it lies', async () => {
    const isCutOff = async (film: GreyPicture) =>
      (await lookAt(film)).marks.some(({ finding }) => finding === 'lungs-cut-off');
    const cutOff: string[] = [];
    for (const row of radiographs) {
      const film = await evaluation.picture(row.file);
      if (await isCutOff(film)) cutOff.push(row.file);
      for (const degrees of [90, 180, 270] as const)
        if (await isCutOff(turned(film, degrees))) cutOff.push(`${row.file}, turned by ${degrees}`);
    }
    // The film's apices are cut off.
    assert.equal(
      [...new Set(cutOff.map((said) => said.split(',')[0]))],
      ['lungs/03355.png'],
      cutOff.join('; '),
    );
  });
}

test.run();
