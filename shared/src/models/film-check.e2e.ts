// test:all: some thirty forms of each film take long; film.test.ts guards the rules by day
/**
 * The film check on real films, as a table: how often it warns of films that are only taken differently, and
 * from which strength on it notices what spoils one. Its thresholds come from here. Slow: some thirty forms
 * of each film.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { blurred, cropped, turnedPicture } from '#testing/drawn-film.ts';
import { skipped } from '#testing/environment.ts';
import { openEvaluation, openModels } from '#testing/open-models.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import type { GreyPicture } from '../pixels/picture.ts';
import { FILM_FINDINGS, type FilmFinding } from '../protocol/inference.ts';
import { filmMarks } from './film.ts';
import { imageKind, type Turn } from './image-kind.ts';
import { lungFields } from './lung-fields.ts';

type Change = (film: GreyPicture) => GreyPicture;
/** The change to the film and the expected finding: none, this one, or any. */
type Case = readonly [what: string, change: Change, expected: FilmFinding | 'nothing' | 'anything'];

const evaluation = await openEvaluation();
const table = suite('the film check on real films');
/** `RELAY_EVALUATION=all` examines every one. */
const EVERY = process.env.RELAY_EVALUATION === 'all' ? 1 : 4;
/**
 * The most warnings allowed for films that were only taken differently; one of the 64 really has its apices
 * cut off.
 */
const WRONGLY_AT_MOST = 0.05;
const NOTICED_AT_LEAST = 0.85;

const grey =
  (of: (value: number) => number): Change =>
  (film) => ({ ...film, grey: film.grey.map((value) => Math.min(1, Math.max(0, of(value)))) });
const turned =
  (degrees: Turn['degrees'], isInverted: boolean): Change =>
  (film) =>
    turnedPicture(film, { degrees, isInverted });
const mirrored: Change = ({ rows, columns, grey: values }) => ({
  rows,
  columns,
  grey: values.map((_, at) => values[at - (at % columns) + columns - 1 - (at % columns)]!),
});

const noisy: Change = (film) => {
  const random = seededRandom(5);
  return grey((value) => value + 0.1 * (random() + random() - 1))(film);
};

/** Adds a black border, as on a plate that is larger than the field of X-rays. */
const bordered =
  (part: number): Change =>
  ({ rows, columns, grey: values }) => {
    const top = Math.round(rows * part);
    const left = Math.round(columns * part);
    const width = columns + 2 * left;
    const wide = new Float32Array((rows + 2 * top) * width);
    for (let row = 0; row < rows; row += 1)
      wide.set(values.subarray(row * columns, (row + 1) * columns), (row + top) * width + left);
    return { rows: rows + 2 * top, columns: width, grey: wide };
  };

const CASES: readonly Case[] = [
  ['as it is', (film) => film, 'nothing'],
  ['mirrored', mirrored, 'nothing'],
  ['softer contrast', grey((value) => 0.25 + value / 2), 'nothing'],
  ['brighter', grey(Math.sqrt), 'nothing'],
  ['darker', grey((value) => value ** 2), 'nothing'],
  ['noisy', noisy, 'nothing'],
  ...[0.05, 0.1, 0.2].map((part): Case => [`a black border of ${100 * part} %`, bordered(part), 'anything']),
  ...([90, 180, 270] as const).flatMap((degrees): Case[] => [
    [`turned by ${degrees}°`, turned(degrees, false), 'rotated'],
    [`turned by ${degrees}° and inverted`, turned(degrees, true), 'rotated'],
  ]),
  ['inverted', turned(0, true), 'inverted'],
  ...(
    [
      [0.5, 'nothing'],
      [1, 'anything'],
      [1.5, 'blurred'],
      [2, 'blurred'],
      [4, 'blurred'],
    ] as const
  ).map(([sigma, expected]): Case => [`blurred, ${sigma} of 224`, (film) => blurred(film, sigma), expected]),
  ...(['left', 'right', 'top', 'bottom'] as const).flatMap((edge) =>
    (
      [
        [0.05, 'nothing'],
        [0.1, 'anything'],
        [0.2, 'anything'],
        [0.25, 'lungs-cut-off'],
      ] as const
    ).map(
      ([part, expected]): Case => [
        `${100 * part} % cut off, ${edge}`,
        (film) => cropped(film, { [edge]: part }),
        expected,
      ],
    ),
  ),
];

if (!evaluation) skipped('the film check on real films', 'no ../shared/models/eval');
else {
  table('films that were only taken differently are left alone, and spoilt ones are noticed', async () => {
    const { models, engine } = openModels();
    const files = evaluation.images
      .filter((row) => row.expected.pneumonia)
      .filter((_, at) => at % EVERY === 0)
      .map(({ file }) => file);
    const faults: string[] = [];
    process.stdout.write(
      `\n  of ${files.length} films             known as chest films | ${FILM_FINDINGS.join(' | ')} | any\n`,
    );
    for (const [what, change, expected] of CASES) {
      const counts = {
        known: 0,
        any: 0,
        ...(Object.fromEntries(FILM_FINDINGS.map((finding) => [finding, 0])) as Record<FilmFinding, number>),
      };
      for (const file of files) {
        const film = change(await evaluation.picture(file));
        const kind = await imageKind(film, models['image-kind']);
        const marks = filmMarks(
          film,
          kind,
          kind.isChestFilm ? await lungFields(film, models['lung-fields']) : null,
        );
        counts.known += kind.isChestFilm || kind.turn ? 1 : 0;
        counts.any += marks.length > 0 ? 1 : 0;
        for (const { finding } of marks) counts[finding] += 1;
      }
      process.stdout.write(
        `  ${what.padEnd(32)} ${[counts.known, ...FILM_FINDINGS.map((finding) => counts[finding]), counts.any].map((count) => String(count).padStart(4)).join(' | ')}\n`,
      );
      if (expected === 'nothing' && counts.any > Math.max(1, WRONGLY_AT_MOST * files.length))
        faults.push(`${what}: ${counts.any} are warned of`);
      if (
        expected !== 'nothing' &&
        expected !== 'anything' &&
        counts[expected] < NOTICED_AT_LEAST * files.length
      )
        faults.push(`${what}: ${counts[expected]} are noticed`);
    }
    await engine.close();
    assert.equal(faults, []);
  });
}

table.run();
