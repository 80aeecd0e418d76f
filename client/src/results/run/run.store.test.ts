import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createVirtualTime } from '#testing/virtual-time.ts';
import { json, openTestApi, refusal, unreachable, type Answering } from '../../testing/open-api.ts';
import { idOf, recordedJob, recordedModels, STUDY } from '../../testing/recorded-answers.ts';
import { bodyOf, invalidOf, LARGEST_FILE_BYTES, thresholdOf, type Form } from './run-form.ts';
import { createRunStore } from './run.store.ts';

const FORM: Form = {
  ...{ source: 'study', study: STUDY, uid: '', file: null, model: 'pneumonia', version: '' },
  ...{ threshold: null, explain: ['cam'], steps: 64, fresh: false },
};

function open(answer: Answering, study: string | null = STUDY, readsAll = false) {
  const time = createVirtualTime(() => false);
  const { api, asked } = openTestApi(answer);
  return { store: createRunStore({ api, clock: time, study, readsAll }), asked, time };
}

const models: Answering = ({ path }) =>
  path === '/models' ? json({ models: recordedModels() }) : json({ uploads: [] });

/** A gateway that takes a run, and answers about its job as `answer` says. */
const running =
  (answer: () => Response): Answering =>
  (asked) => {
    if (asked.path === '/infer') return json(recordedJob(1), 202);
    return asked.path.startsWith('/jobs') ? answer() : models(asked);
  };

test('a study is sent as JSON, with the values that differ from the card', () => {
  assert.equal(JSON.parse(bodyOf(FORM).body as string), {
    model: 'pneumonia',
    cache: true,
    parameters: { explain: ['image', 'cam'] },
    studyInstanceUID: STUDY,
  });
  const other: Form = {
    ...{ ...FORM, source: 'uid', uid: ' 1.2.3 ', version: '0.9.0', threshold: 0.5, fresh: true },
    ...{ explain: ['integrated-gradients'], steps: 32 },
  };
  assert.equal(JSON.parse(bodyOf(other).body as string), {
    model: 'pneumonia',
    version: '0.9.0',
    cache: false,
    parameters: { threshold: 0.5, explain: ['image', 'integrated-gradients'], steps: 32 },
    studyInstanceUID: '1.2.3',
  });
});

test('a file is sent without its name, which may be a patient’s', async () => {
  const file = new File(['x'], 'Muster^Anna.png', { type: 'image/png' });
  const body = bodyOf({ ...FORM, source: 'file', file }).body as FormData;
  const sent = [...body].map(([name, value]) => [name, value instanceof File ? value.name : value]);
  assert.equal(Object.fromEntries(sent), {
    model: 'pneumonia',
    cache: 'true',
    explain: 'image,cam',
    file: 'file',
  });
  assert.not.match(await new Response(body).text(), /Muster/);
});

test('missing or invalid values are reported before any request', () => {
  const large = { size: LARGEST_FILE_BYTES + 1 } as File;
  const cases: readonly [Partial<Form>, string | null][] = [
    [{}, null],
    [{ study: '' }, 'nothing'],
    [{ source: 'uid' }, 'nothing'],
    [{ source: 'uid', uid: 'Muster' }, 'uid'],
    [{ source: 'uid', uid: '1.2.840' }, null],
    [{ source: 'file' }, 'nothing'],
    [{ source: 'file', file: large }, 'file'],
    [{ source: 'file', file: { size: LARGEST_FILE_BYTES } as File }, null],
    [{ model: '' }, 'model'],
    [{ explain: ['integrated-gradients'], steps: 7 }, 'steps'],
    [{ explain: ['integrated-gradients'], steps: 8 }, null],
    [{ explain: ['integrated-gradients'], steps: 512 }, null],
    [{ explain: ['integrated-gradients'], steps: 513 }, 'steps'],
    [{ explain: ['integrated-gradients'], steps: Number.NaN }, 'steps'],
    [{ steps: 7 }, null],
  ];
  for (const [some, expected] of cases)
    assert.is(invalidOf({ ...FORM, ...some }), expected, JSON.stringify(some));
  const stopped = recordedModels().map((model) => ({ ...model, active: null, fallback: null }));
  const whereStopped = (version: string) => invalidOf({ ...FORM, version }, stopped);
  assert.equal([whereStopped(''), whereStopped('0.9.0')], ['stopped', null]);
  const inactive = recordedModels().map((model) => ({ ...model, active: null }));
  assert.is(invalidOf(FORM, inactive), null, 'the fallback answers');
});

test('the threshold is the card’s until a person chooses another', () => {
  const [, , pneumonia] = recordedModels();
  assert.is(thresholdOf(pneumonia!.versions[0]), 0.212);
  assert.is(thresholdOf(recordedModels()[1]!.versions[0]), null);
});

test('the page opens with its study and the usual model', async () => {
  const { store } = open(models);
  await store.load();
  assert.equal(
    [store.form.value.study, store.form.value.model, store.form.value.source],
    [STUDY, 'pneumonia', 'study'],
  );
  const without = open(models, null);
  await without.store.load();
  assert.is(without.store.form.value.source, 'file', 'if there is no study to choose');
  const reader = open(models, null, true);
  await reader.store.load();
  assert.is(reader.store.form.value.source, 'study', 'they find one in the PACS');
});

test('a person who may not list studies can still run a model on a file', async () => {
  const { store } = open(
    (asked) => (asked.path === '/uploads' ? refusal(403, 'not-allowed') : models(asked)),
    null,
  );
  await store.load();
  assert.equal([store.models.value.value?.length, store.studies.value.value], [3, []]);
});

test('studies that could not be listed are not none: the models are there, and a study is still asked for', async () => {
  const { store } = open((asked) => (asked.path === '/uploads' ? unreachable() : models(asked)), null);
  await store.load();
  assert.is(store.models.answer.value.state, 'known');
  assert.is(store.studies.answer.value.state, 'failed');
  assert.is(store.form.value.source, 'study');
});

test('a run is followed until it is done and opens its result', async () => {
  const done = recordedJob(1, { state: 'done', results: [idOf(1)] });
  const { store, time } = open(running(() => json(done)));
  await store.load();
  let results: readonly string[] | undefined;
  void store.run().then((job) => (results = job?.results ?? []));
  assert.ok(await time.run(() => results !== undefined, 60_000));
  assert.equal(results, [idOf(1)]);
});

test('after going back to the form, a job that ends does not replace it', async () => {
  let job = recordedJob(1);
  const { store, time } = open(running(() => json(job)));
  await store.load();
  const run = store.run();
  assert.ok(await time.run(() => store.running.value.kind === 'job', 1_000));
  store.again();
  job = recordedJob(1, { state: 'done', results: [idOf(1)] });
  await time.run(() => false, 60_000);
  assert.equal([await run, store.running.value.kind, store.trouble.value], [null, 'form', null]);
});

test('a gateway that does not answer for a while is reported until it answers', async () => {
  let isAway = true;
  const { store, time } = open(running(() => (isAway ? unreachable() : json(recordedJob(1)))));
  await store.load();
  void store.run();
  assert.ok(await time.run(() => store.trouble.value?.kind === 'wait', 60_000));
  isAway = false;
  assert.ok(await time.run(() => store.trouble.value === null, 60_000));
  store.close();
});

test('a refusal is shown in the gateway’s words, and the form stays as it was', async () => {
  const { store } = open((asked) =>
    asked.path === '/infer' ? refusal(502, 'pacs-unreachable') : models(asked),
  );
  await store.load();
  assert.is(await store.run(), null);
  assert.equal(
    [store.running.value.kind, store.trouble.value?.title, store.form.value.study],
    ['form', 'The PACS is not responding.', STUDY],
  );
});

test.run();
