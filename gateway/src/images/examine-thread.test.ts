/** The thread that examines images is shared: a caller that gives up does not affect the others. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { modelCardSchema, type ModelCard } from '#shared/models/card.ts';
import { sha256 } from '#testing/sha256.ts';
import { encodePng } from './encode-png.ts';
import type { Question } from './examination.ts';
import { createExaminer, type Film } from './examine-thread.ts';

const test = suite('the thread that looks at images');
const cardOf = (id: string): ModelCard =>
  modelCardSchema.parse(
    JSON.parse(readFileSync(new URL(`../../../shared/models/${id}.json`, import.meta.url), 'utf8')),
  );

/** The question to this model; the one that says of which kind an image is stands beside it. */
const questionTo = (id: 'image-kind' | 'pneumonia'): Omit<Question, 'bytes'> => {
  const card = cardOf(id);
  return {
    digest: '0'.repeat(64),
    frame: 0,
    parameters: {},
    population: null,
    cards: new Map([
      ['asked', card],
      ['image-kind', cardOf('image-kind')],
    ]),
    model: { id, version: card.version, digest: card.sha256, runtime: 'none' },
  };
};

test('a caller that gives up while a model runs does not affect the images of others', async () => {
  const begin = globalThis.setTimeout;
  const end = globalThis.clearTimeout;
  const waiting = new Set<unknown>();
  globalThis.setTimeout = ((what: () => void, ms?: number) => {
    const timer = begin(what, ms);
    if (ms === 10_000) waiting.add(timer);
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = ((timer?: NodeJS.Timeout) => {
    waiting.delete(timer);
    end(timer);
  }) as typeof clearTimeout;
  const examiner = createExaminer();
  try {
    const film = { bytes: picture() };
    const question = questionTo('image-kind');
    const gaveUp = new AbortController();
    const asked = examiner.examine(
      film,
      question,
      (_, __, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          gaveUp.abort(new Error('gave up'));
        }),
      gaveUp.signal,
    );
    assert.is(film.bytes.length, 0, 'the bytes have moved to the thread');
    assert.match(String(await asked.catch((error: unknown) => error)), /gave up/);
    // The thread answers in turn: when it has shown this one it has let go of that one.
    assert.is(
      (await examiner.show({ bytes: picture(), frame: 0, digest: null }, new AbortController().signal)).kind,
      'shown',
    );
    assert.is(waiting.size, 0);
  } finally {
    globalThis.setTimeout = begin;
    globalThis.clearTimeout = end;
    await examiner.close();
  }
});

const never = new AbortController().signal;
const chestFilm = async () => ({
  probabilities: { dims: [1, 6], data: Float32Array.of(0, 0.97, 0.01, 0.01, 0.01, 0) },
});
const picture = (): Uint8Array<ArrayBuffer> =>
  encodePng({ width: 96, height: 96, channels: 1, data: new Uint8Array(96 * 96).fill(90) });

test('an image that is shown is held once: its bytes move to the thread', async () => {
  const examiner = createExaminer();
  try {
    for (const look of [examiner.show, examiner.preview]) {
      const image = { bytes: picture(), frame: 0, digest: sha256(picture()) };
      const looked = look(image, never);
      assert.is(image.bytes.length, 0);
      assert.ok(await looked);
    }
    const pooled = Buffer.from(picture());
    assert.is((await examiner.show({ bytes: pooled, frame: 0, digest: null }, never)).kind, 'shown');
    assert.is(pooled.length, picture().length, 'what shares its memory with others stays');
  } finally {
    await examiner.close();
  }
});

test('the device’s word on the population of the scoring model counts for no other model', async () => {
  const examiner = createExaminer();
  try {
    const examine = (id: 'image-kind' | 'pneumonia') =>
      examiner.examine({ bytes: picture() }, { ...questionTo(id), population: 'outside' }, chestFilm, never);
    const kind = await examine('image-kind');
    const score = await examine('pneumonia');
    if (kind.kind !== 'examined' || score.kind !== 'examined') throw assert.unreachable('refused');
    assert.equal(
      [kind.finding.population, kind.finding.rationale, kind.finding.warnings],
      ['inside', [], ['lung-fields-not-available']],
      'nor does it say its probabilities twice',
    );
    assert.equal([score.finding.population, score.finding.score], ['outside', null]);
  } finally {
    await examiner.close();
  }
});

test('an image is held once; where a run of a model fails, it is back for the next model', async () => {
  const examiner = createExaminer();
  try {
    const question = questionTo('image-kind');
    const film: Film = { bytes: picture() };
    const fault = new Error('the model failed');
    const asked = examiner.examine(film, question, () => Promise.reject(fault), never);
    assert.is(film.bytes.length, 0);
    assert.is(await asked.catch((error: unknown) => error), fault);
    assert.equal(film.bytes, new Uint8Array(picture()));
    assert.is((await examiner.examine(film, question, chestFilm, never)).kind, 'examined');
    assert.is(film.bytes.length, 0, 'and goes where the models have answered');
  } finally {
    await examiner.close();
  }
});

test('another image than that of the digest is not shown', async () => {
  const examiner = createExaminer();
  try {
    const image = () => ({ bytes: picture(), frame: 0, digest: sha256(Buffer.from('another')) });
    assert.equal(await examiner.show(image(), never), { kind: 'refused', because: 'image-gone' });
    assert.is(await examiner.preview(image(), never), null);
  } finally {
    await examiner.close();
  }
});

test.run();
