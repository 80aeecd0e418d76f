/**
 * The models' results on the studies found, and where they go: to the card, the queue and the manifest.
 * Nothing waits for them.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { DEIDENTIFIED, filesOf, openIngest, foundOf } from '../../testing/open-ingest.ts';
import { assertEach } from '../../testing/assert-each.ts';
import { noteTriage } from '../queue/rows/note-triage.ts';
import type { Examination } from './examination.ts';
import { ModelWorkerFault, type ModelWorker } from './model-worker.ts';
import { createTriageStore, IMAGES_A_STUDY, type TriageStore } from './triage.store.ts';

const MODEL = { id: 'image-kind', version: '1.0.0', digest: '0'.repeat(64) };
const said = (more: Partial<DeviceTriage> = {}): DeviceTriage => ({
  models: [MODEL],
  runtime: 'a runtime',
  population: 'inside',
  score: 0.1,
  first: false,
  film: [],
  ...more,
});
const examined = (triage: DeviceTriage): Examination => ({
  triage,
  film:
    triage.film.length > 0
      ? { picture: { width: 1, height: 1, rgba: new Uint8ClampedArray(4) }, marks: [] }
      : null,
  quality: 'checked',
  readings: { kind: [], probabilities: null, camPeak: null, lungs: null, ms: { picture: 0, models: {} } },
});

/** A page whose models answer with `look`, which is called once for each image. */
async function openPage(look: () => Promise<Examination>, chosen?: typeof DEIDENTIFIED) {
  let triage: TriageStore | null = null;
  let clock = 0;
  const ingest = await openIngest({
    ...(chosen && { chosen }),
    tools: { now: () => (clock += 1), triaged: (id, group) => triage!.queued(id, group) },
  });
  const seen = { images: 0, rests: 0 };
  const worker: ModelWorker = {
    keep: async () => undefined,
    examine() {
      seen.images += 1;
      return look();
    },
    rest() {
      seen.rests += 1;
    },
  };
  triage = createTriageStore({
    ingest: ingest.store,
    worker,
    note: (id, what) => noteTriage(ingest.database, id, what),
  });
  return { ...ingest, triage, seen };
}

const film = (seed: number, instancesPerSeries = 1) =>
  filesOf(syntheticStudy({ seed, modality: 'CR', instancesPerSeries }));
/** Turns of the event loop until it is so; fails with the test when it never is. */
async function until(isSo: () => unknown): Promise<void> {
  for (let turn = 0; turn < 100_000 && !(await isSo()); turn += 1)
    await new Promise((resolve) => setImmediate(resolve));
  assert.ok(await isSo());
}

test('only plain films are examined, and a limited number of each study', async () => {
  const page = await openPage(async () => examined(said()));
  await page.store.addFiles(filesOf(syntheticStudy({ seed: 1, modality: 'CT', instancesPerSeries: 4 })));
  await page.store.addFiles(film(2, IMAGES_A_STUDY + 3));
  const [ct, cr] = page.store.studies.value;
  await until(() => page.triage.of(cr!).value?.looked === IMAGES_A_STUDY);
  assert.is(page.seen.images, IMAGES_A_STUDY);
  assert.is(page.triage.of(ct!).value, null);
  assert.equal(page.triage.of(cr!).value, {
    films: IMAGES_A_STUDY + 3,
    images: 6,
    looked: 6,
    unseen: 0,
    notJudged: 0,
    blank: 0,
    first: false,
    outside: false,
    warnings: [],
  });
});

test('the study whose film reaches the threshold goes first, and the manifest says why; those below keep their order', async () => {
  const answers = [said(), said({ score: 0.9, first: true }), said({ score: 0.2 })];
  const page = await openPage(async () => examined(answers.shift()!));
  for (const seed of [1, 2, 3]) {
    await page.store.addFiles(film(seed));
    await until(() => page.triage.of(page.store.studies.value[0]!).value?.looked === 1);
    await page.store.send();
  }
  const pending = await page.queue.pending();
  const manifests = await Promise.all(pending.map(({ id }) => page.queue.manifestOf(id)));
  assertEach(manifests, ({ instances }) => instances[0]!.triage?.score, [0.9, 0.1, 0.2]);
});

test('a film that shows nothing is said of the queued study too, whether the answer came before Send or after', async () => {
  const slow = Promise.withResolvers<Examination>();
  const blank = { ...examined(said()), quality: 'blank' as const };
  const answers = [Promise.resolve(blank), Promise.resolve(examined(said())), slow.promise];
  const page = await openPage(() => answers.shift()!);
  const filmsOf = async () =>
    (await page.database.studies.toArray())
      .sort((a, b) => a.queuedAt - b.queuedAt)
      .map((study) => study.film);
  for (const seed of [1, 2]) {
    await page.store.addFiles(film(seed));
    await until(() => page.triage.of(page.store.studies.value[0]!).value?.looked === 1);
    await page.store.send();
  }
  await page.store.addFiles(film(3));
  await page.store.send();
  assert.equal(await filmsOf(), [['blank'], undefined, undefined]);
  slow.resolve(blank);
  await until(async () => (await filmsOf())[2] !== undefined);
  assert.equal(await filmsOf(), [['blank'], undefined, ['blank']]);
});

test('Send does not wait: a later answer still moves the queued study', async () => {
  const slow = Promise.withResolvers<Examination>();
  const page = await openPage(() => slow.promise);
  await page.store.addFiles(film(1));
  await page.store.send();
  const [study] = await page.queue.pending();
  const before = (await page.queue.manifestOf(study!.id)).instances[0]!.triage;
  assert.equal(
    [before?.runtime, before?.population, before?.score],
    ['none', 'outside', null],
    'an adult, by the header that stays here',
  );
  assert.is((await page.database.studies.get(study!.id))?.score, null);
  slow.resolve(examined(said({ score: 0.7, first: true })));
  await until(async () => (await page.database.studies.get(study!.id))?.score === 0.7);
  assert.is((await page.queue.manifestOf(study!.id)).instances[0]!.triage?.first, true);
});

test('a film that is blank or of which nothing can be said is not counted as checked', async () => {
  const of = (quality: Examination['quality']) => ({ ...examined(said()), quality });
  const answers = [of('checked'), of('blank'), of('not-judged')];
  const page = await openPage(async () => answers.shift()!);
  await page.store.addFiles(film(1, 3));
  const [study] = page.store.studies.value;
  await until(() => page.triage.of(study!).value?.looked === 3);
  const { unseen, notJudged, blank } = page.triage.of(study!).value!;
  assert.equal([unseen, notJudged, blank], [0, 1, 1]);
});

test('a film that no model saw counts as not examined', async () => {
  const answers = [said(), said({ models: [], runtime: 'none' })];
  const page = await openPage(async () => examined(answers.shift()!));
  await page.store.addFiles(film(1, 2));
  const [study] = page.store.studies.value;
  await until(() => page.triage.of(study!).value?.looked === 2);
  assert.is(page.triage.of(study!).value?.unseen, 1);
});

test('one worker looks at film after film of study after study, and rests when there is nothing left', async () => {
  const first = Promise.withResolvers<Examination>();
  const page = await openPage(() => first.promise);
  for (const seed of [1, 2, 3]) await page.store.addFiles(film(seed));
  await until(() => page.seen.images === 1);
  const before = page.seen.rests;
  first.resolve(examined(said()));
  await until(() => page.seen.rests > before);
  assert.equal([page.seen.images, page.seen.rests], [3, before + 1]);
});

test('models that crash stop no upload: the manifest says that the film was not examined', async () => {
  const page = await openPage(() => Promise.reject(new ModelWorkerFault('WorkerEnded')));
  await page.store.addFiles(film(1));
  await until(() => page.triage.of(page.store.studies.value[0]!).value?.unseen === 1);
  await page.store.send();
  const [study] = await page.queue.pending();
  assert.equal((await page.queue.manifestOf(study!.id)).instances[0]!.triage, {
    models: [],
    runtime: 'none',
    population: 'outside',
    score: null,
    first: false,
    film: [],
  });
});

test('an answer about a film that a person then covered is not told to the gateway: it is about other pixels', async () => {
  const late = Promise.withResolvers<Examination>();
  const answers = [Promise.resolve(examined(said({ score: 0.9, first: true }))), late.promise];
  const page = await openPage(() => answers.shift()!, DEIDENTIFIED);
  await page.store.addFiles(film(1, 2));
  await until(() => page.seen.images === 2);
  const [study] = page.store.studies.peek();
  const files = foundOf(page.store, study!.studyInstanceUID);
  page.store.release(files, [{ frames: null, x: 2, y: 2, width: 4, height: 4 }]);
  await page.store.send();
  late.resolve(examined(said({ score: 0.95, first: true })));
  const id = (await page.queue.pending())[0]!.id;
  // The order on this device still follows both answers.
  await until(async () => (await page.database.studies.get(id))?.score === 0.95);
  const { instances } = await page.queue.manifestOf(id);
  assertEach(instances, ({ triage }) => [triage?.runtime, triage?.models.length, triage?.score], [
    ['none', 0, null],
    ['none', 0, null],
  ]);
});

test('a film sent without names before the models looked tells the gateway that it is an adult’s; a CT says nothing', async () => {
  const page = await openIngest({ chosen: DEIDENTIFIED });
  for (const files of [film(1), filesOf(syntheticStudy({ seed: 2, modality: 'CT' }))]) {
    await page.store.addFiles(files);
    await page.store.send();
  }
  const manifests = await Promise.all(
    (await page.queue.pending()).map(({ id }) => page.queue.manifestOf(id)),
  );
  const said = manifests
    .map(({ instances }) => instances.map(({ triage }) => triage?.population ?? 'nothing').join())
    .sort();
  assert.equal(said, ['nothing,nothing,nothing', 'outside']);
});

test('a device whose models keep failing leaves the work to the gateway', async () => {
  const page = await openPage(() => Promise.reject(new ModelWorkerFault('TimedOut')));
  for (const seed of [1, 2, 3, 4, 5]) await page.store.addFiles(film(seed));
  await until(() => page.store.studies.value.every((study) => page.triage.of(study).value?.unseen === 1));
  assert.is(page.seen.images, 3);
});

test('neither missing files nor a study of many films switch the models off', async () => {
  let fault = 'NotFoundError';
  const page = await openPage(() => Promise.reject(new ModelWorkerFault(fault)));
  const allSeen = () =>
    until(() =>
      page.store.studies.value.every(
        (study) => page.triage.of(study).value?.unseen === page.triage.of(study).value?.images,
      ),
    );
  for (const seed of [1, 2, 3, 4]) await page.store.addFiles(film(seed));
  await allSeen();
  fault = 'WorkerEnded';
  await page.store.addFiles(film(5, IMAGES_A_STUDY));
  await allSeen();
  await page.store.addFiles(film(6));
  await allSeen();
  assert.is(page.seen.images, 4 + IMAGES_A_STUDY + 1);
});

test('a film that may have to be repeated is pointed out until a person has looked, and is still sent', async () => {
  const page = await openPage(async () => examined(said({ film: ['rotated', 'blurred'] })));
  await page.store.addFiles(film(1));
  const [study] = page.store.studies.value;
  const shown = page.triage.of(study!);
  await until(() => shown.value?.looked === 1);
  assert.equal(
    shown.value?.warnings.map(({ findings, isSetAside }) => [findings, isSetAside]),
    [[['rotated', 'blurred'], false]],
  );
  page.triage.setAside(study!, shown.value!.warnings[0]!.ordinal, true);
  assert.is(shown.value!.warnings[0]!.isSetAside, true);
  await page.store.send();
  assert.is((await page.queue.pending()).length, 1);
});

test('a film that may have to be repeated is noted on the queued study, also if noticed after Send, unless a person dismissed it', async () => {
  const findings: DeviceTriage['film'][] = [['blurred', 'rotated'], ['blurred']];
  const late = Promise.withResolvers<Examination>();
  const page = await openPage(async () =>
    findings.length > 0 ? examined(said({ film: findings.shift()! })) : late.promise,
  );
  const filmOf = async () =>
    (await page.database.studies.toArray())
      .toSorted((one, other) => one.queuedAt - other.queuedAt)
      .map((study) => study.film ?? []);
  for (const seed of [1, 2]) {
    await page.store.addFiles(film(seed));
    const study = page.store.studies.value[0]!;
    await until(() => page.triage.of(study).value?.looked === 1);
    assert.equal([...page.triage.warned.value], [study.studyInstanceUID]);
    if (seed === 2) page.triage.setAside(study, page.triage.of(study).value!.warnings[0]!.ordinal, true);
    assert.is(page.triage.warned.value.size, seed === 2 ? 0 : 1);
    await page.store.send();
    assert.is(page.triage.warned.value.size, 0, 'its card is gone');
  }
  await page.store.addFiles(film(3));
  await page.store.send();
  assert.equal(await filmOf(), [['blurred'], [], []], 'a rotated film is no reason to repeat it');
  late.resolve(examined(said({ film: ['blurred', 'lungs-cut-off'] })));
  await until(async () => (await filmOf())[2]!.length === 2);
});

test('a film that is only rotated or inverted is shown, but nobody is asked to repeat it, before or after Send', async () => {
  const page = await openPage(async () => examined(said({ film: ['rotated', 'inverted'] })));
  await page.store.addFiles(film(1));
  const [study] = page.store.studies.value;
  await until(() => page.triage.of(study!).value?.looked === 1);
  assert.equal([page.triage.of(study!).value?.warnings.length, page.triage.warned.value.size], [1, 0]);
  await page.store.send();
  const [queued] = await page.database.studies.toArray();
  assert.is(queued?.film, undefined);
  const { instances } = await page.queue.manifestOf(queued!.id);
  assert.equal(instances[0]!.triage?.film, ['rotated', 'inverted'], 'the gateway still learns of it');
});

test('a study removed from the page is forgotten', async () => {
  const page = await openPage(() => new Promise(() => undefined));
  await page.store.addFiles(film(1));
  const [study] = page.store.studies.value;
  assert.is(page.triage.of(study!).value?.images, 1);
  page.store.clear();
  assert.is(page.triage.of(study!).value, null);
});

test.run();
