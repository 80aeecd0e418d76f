/**
 * The device's triage of an instance, by the real models on drawn films: the instances it leaves alone, and
 * that a single word is all that it passes on from the header.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SimpleElement } from '#shared/dicom/build-instance.ts';
import { CARDS } from '#shared/models/card.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import type { GreyPicture } from '#shared/pixels/picture.ts';
import { deviceTriageSchema } from '#shared/protocol/inference.ts';
import { blurred, drawnFilm, stripes, turnedPicture } from '#testing/drawn-film.ts';
import { filmOf } from '#testing/films.ts';
import { ODD_FILES } from '#testing/odd-files.ts';
import { openModels } from '#testing/open-models.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { sampleStudyFiles } from '../ingest/choose/sample-study.ts';
import { createExaminer } from './examine-instance.ts';

const films = suite('an instance before the models of the device');
let opened: ReturnType<typeof openModels>;
films.before(() => {
  opened = openModels();
});
films.after(() => opened.engine.close());

/** Odd instances with a whole picture in their first frame: a model would be asked. */
const SEEN = new Set([
  'pixel-data-long',
  'frame-missing',
  'rle-in-pieces',
  'uid-leading-zero',
  'odd-length',
  'second-header',
  'explicit-items-in-un',
]);
const noModel = async (): Promise<never> => {
  throw new Error('a model was asked');
};
const tools = { runtime: 'a runtime', codecs: loadCodecs(), now: () => 0 };
const examine = createExaminer({ ...tools, run: () => noModel });
const look = (film: GreyPicture, elements: readonly SimpleElement[] = []) =>
  createExaminer({ ...tools, run: (id) => opened.models[id] })(
    fileOf(filmOf(film, { seed: 7, elements }).bytes),
  );
const fileOf = (bytes: Uint8Array<ArrayBuffer>) => ({
  kind: 'file' as const,
  file: new File([bytes], 'a film'),
});

films(
  'a film that cannot be drawn here still counts as an adult’s, and is not reported as examined',
  async () => {
    const { bytes } = syntheticStudy({ seed: 1, modality: 'CR', instancesPerSeries: 1 }).instances[0]!;
    const strange = Uint8Array.from(bytes);
    // Bits Allocated 12, as in ACR-NEMA.
    strange[Buffer.from(bytes).indexOf(Buffer.from([0x28, 0, 0x00, 0x01])) + 8] = 12;
    const { triage } = await examine(fileOf(strange));
    assert.equal(triage, {
      models: [],
      runtime: 'none',
      population: 'outside',
      score: null,
      first: false,
      film: [],
    });
  },
);

films('an odd instance is not reported as examined where it has no picture', async () => {
  for (const { name, bytes } of ODD_FILES.filter(({ name }) => !SEEN.has(name))) {
    const { triage, film } = await examine(fileOf(bytes));
    assert.equal([triage.runtime, triage.models, film], ['none', [], null], name);
  }
});

films('an unreadable instance is not reported as examined', async () => {
  const { triage } = await examine(fileOf(new TextEncoder().encode('no DICOM')));
  assert.equal([triage.runtime, triage.population], ['none', 'unknown']);
});

films('a frame of forty million pixels is looked at, one row more is left to the gateway', async () => {
  const of = (rows: number) =>
    examine(
      fileOf(filmOf({ rows, columns: 8000, grey: new Float32Array(rows * 8000) }, { seed: 1 }).bytes),
    ).then(
      ({ triage }) => triage.runtime,
      (error: Error) => error.message,
    );
  assert.equal([await of(5000), await of(5001)], ['a model was asked', 'none']);
});

films('an image for processing is shown to no model', async () => {
  const { triage } = await examine(
    fileOf(filmOf(drawnFilm(), { seed: 1, elements: [[0x00080068, 'CS', 'FOR PROCESSING']] }).bytes),
  );
  assert.equal([triage.runtime, triage.population], ['none', 'outside']);
});

films(
  'a child’s film is scored; a film of a patient lying on one side need not be repeated for that',
  async () => {
    const { triage, film } = await look(drawnFilm());
    assert.equal(
      [triage.population, triage.models.map(({ id }) => id), triage.film, film],
      ['inside', ['image-kind', 'lung-fields', 'pneumonia'], [], null],
    );
    assert.ok(triage.score !== null);
    const lying = turnedPicture(drawnFilm(), { degrees: 90, isInverted: false });
    assert.equal((await look(lying)).triage.film, ['rotated']);
    const unscored = {
      ...triage,
      models: triage.models.slice(0, 2),
      population: 'outside',
      score: null,
      first: false,
    };
    for (const view of ['LLD', 'RLD'])
      assert.equal((await look(lying, [[0x00185101, 'CS', view]])).triage, unscored, view);
  },
);

films('an empty image is blank, and of stripes nothing is said: neither is called checked', async () => {
  const of = (value: number) => ({ rows: 256, columns: 256, grey: new Float32Array(65_536).fill(value) });
  const film = drawnFilm();
  const spot = { ...of(0), grey: of(0).grey.with(300, 1) };
  const looked = [of(0), of(1), spot, stripes(), film].map(async (each) => (await look(each)).quality);
  assert.equal(await Promise.all(looked), ['blank', 'blank', 'not-judged', 'not-judged', 'checked']);
});

films('of the header only inside, outside or unknown leaves the device: no value, for any film', async () => {
  const planted = [
    'Kanarienvogel',
    'CANARY',
    '19871203',
    '20260301',
    '101500',
    '003Y',
    'Chest AP',
    'FILM-7',
    'Film^Child7',
  ];
  const elements: SimpleElement[] = [
    [0x00100030, 'DA', '19871203'],
    [0x00080050, 'SH', 'CANARY'],
    [0x00080080, 'LO', 'CANARY'],
    [0x00081010, 'SH', 'CANARY'],
    [0x00104000, 'LT', 'Kanarienvogel'],
    [0x00090010, 'LO', 'CANARY'],
  ];
  for (const picture of [
    drawnFilm(),
    turnedPicture(drawnFilm(), { degrees: 180, isInverted: true }),
    blurred(drawnFilm(), 4),
  ]) {
    const { triage, film, readings, quality: _, ...more } = await look(picture, elements);
    assert.equal(more, {});
    deviceTriageSchema.strict().parse(triage);
    assert.equal([triage.population, triage.score], ['outside', null], 'the dates say what the age does not');
    const said = JSON.stringify({ triage, readings, marks: film?.marks });
    for (const value of planted) assert.not.ok(said.includes(value), value);
  }
});

films(
  'the film of the sample study is a chest film without a fault, and nothing is found in it',
  async () => {
    const film = sampleStudyFiles().at(-1)!;
    const examineReally = createExaminer({ ...tools, run: (id) => opened.models[id] });
    const { triage, film: mark } = await examineReally({ kind: 'file', file: film });
    assert.equal(
      [triage.population, triage.models.map(({ id }) => id), triage.film, mark, triage.first],
      ['inside', ['image-kind', 'lung-fields', 'pneumonia'], [], null, false],
    );
    assert.ok(triage.score! < CARDS.pneumonia.threshold!, `a score of ${triage.score}`);
  },
);

films.run();
