/** Studies that are examined automatically, from their upload to the results in the PACS. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CARDS, refOf } from '#shared/models/card.ts';
import type { DeviceTriage, Job, Result } from '#shared/protocol/inference.ts';
import type { DryRun } from '#shared/protocol/rule.ts';
import { until } from '#testing/gateway-under-test.ts';
import { sampleStudyFiles } from '../../../client/src/pipeline/ingest/choose/sample-study.ts';
import { FIRST_SAMPLE } from '#shared/dicom/sample-uids.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { addDestination } from '../testing/open-copies.ts';
import { testFilm } from '../testing/open-subject.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';
import { askOf, sendStudy } from '../testing/open-film.ts';
import { appliedInference, SAMPLE_RULE } from './inference-rules.ts';
import { removeOutdated } from './remove-outdated.ts';

const test = suite('inference by rule');
let pacs: TestPacs;
let gateway: TestGateway;
let admin: string;
test.before(async () => {
  const held = openTestPacs();
  // The PACS names the modality, as every PACS does.
  pacs = Object.assign(held, {
    describeStudy: async (study: string) =>
      Promise.all(
        [...held.held]
          .filter(([, one]) => one.study === study)
          .map(async ([sopInstanceUID, { bytes }]) => {
            const read = await readInstance(bytesSource(bytes));
            if (read.kind === 'refused') throw new Error(read.because);
            const { seriesInstanceUID, sopClassUID } = read.instance.identifiers;
            const modality = sopClassUID.endsWith('.1.1.1')
              ? 'DX'
              : sopClassUID.endsWith('.1.1.2')
                ? 'CT'
                : sopClassUID.endsWith('.5.1.4.1.1.1')
                  ? 'CR'
                  : 'OT';
            return {
              studyInstanceUID: study,
              seriesInstanceUID,
              sopInstanceUID,
              sopClassUID,
              modality,
              frames: null,
            };
          }),
      ),
  });
  gateway = await openTestGateway({ pacs });
  admin = (await gateway.signIn()).accessToken;
});
test.after(() => gateway.close());

const jobsOf = async (study: string): Promise<Job[]> => {
  const { jobs } = (await (await gateway.call('GET', '/jobs?all=1&limit=200', { token: admin })).json()) as {
    jobs: Job[];
  };
  return jobs.filter(({ studyInstanceUID }) => studyInstanceUID === study);
};
const resultsOf = async (study: string, token = admin): Promise<Result[]> =>
  ((await (await gateway.call('GET', `/results?study=${study}`, { token })).json()) as { results: Result[] })
    .results;
const setRules = (rules: object[]) =>
  gateway.call('PUT', '/admin/rules/inference', { token: admin, body: { rules } });

/**
 * Waits until the study's receipt is there, and the jobs that the rules started have ended: nothing waits in the
 * queues of inference.
 */
async function settled(study: string): Promise<void> {
  await until(
    'the study to be closed',
    async () =>
      (
        await gateway.database.db
          .selectFrom('study')
          .select('state')
          .where('study_instance_uid', '=', study)
          .executeTakeFirst()
      )?.state === 'closed',
  );
  await until('inference to be idle', async () => {
    const text = await (await gateway.call('GET', '/metrics', { token: admin })).text();
    return !/relaypacs_jobs\{queue="(inference|inference-job|verify|assembly|forward|reconcile|receipt|eviction)",state="\w+"\} [1-9]/.test(
      text,
    );
  });
}

test('a fresh installation examines nothing unasked', async () => {
  const film = testFilm({ seed: 701 });
  const none = await (await gateway.call('GET', '/admin/rules/inference', { token: admin })).json();
  assert.equal((none as { rules: unknown[] }).rules, []);
  await sendStudy(askOf(gateway), admin, [film]);
  await settled(film.identifiers.studyInstanceUID);
  assert.equal(await jobsOf(film.identifiers.studyInstanceUID), []);
});

/** A film and a slice of the sample study, with its UID. */
async function sampleOf(uuid: string) {
  const files = await Promise.all(
    sampleStudyFiles(uuid)
      .slice(-2)
      .map(async (file) => new Uint8Array(await file.arrayBuffer())),
  );
  const instances = await Promise.all(
    files.map(async (bytes) => {
      const read = await readInstance(bytesSource(bytes));
      if (read.kind === 'refused') throw new Error(read.because);
      return {
        fileName: 'sample',
        identifiers: read.instance.identifiers,
        transferSyntaxUID: read.instance.transferSyntaxUID,
        bytes,
      };
    }),
  );
  return { study: instances[0]!.identifiers.studyInstanceUID, instances };
}

test('nor does it take a study for the sample of a destination that is not there', async () => {
  const { study, instances } = await sampleOf(crypto.randomUUID());
  await sendStudy(askOf(gateway), admin, instances);
  await settled(study);
  assert.equal(await jobsOf(study), []);
});

test('but it examines the sample study for a destination', async () => {
  const { site_id } = await gateway.database.db
    .selectFrom('study')
    .select('site_id')
    .executeTakeFirstOrThrow();
  const destination = await addDestination(
    { tools: gateway.database, siteId: site_id },
    'further',
    null,
    false,
  );
  const { study, instances } = await sampleOf(destination);
  await sendStudy(askOf(gateway), admin, instances);
  await settled(study);
  assert.equal(
    (await jobsOf(study)).map(({ state }) => state),
    ['done'],
  );
});

test('and the first visitor’s: its film is examined, is a good one, and the results stand next to it in the PACS', async () => {
  const { study, instances } = await sampleOf(FIRST_SAMPLE);
  await sendStudy(askOf(gateway), admin, instances);
  await settled(study);
  const jobs = await jobsOf(study);
  assert.equal(
    jobs.map(({ state, results }) => [state, results.length]),
    [['done', 1]],
  );
  const [result] = await resultsOf(study);
  const { input, image, film, warnings, positive } = result!.finding;
  assert.is(input.sopInstanceUID, instances[1]!.identifiers.sopInstanceUID);
  // The first result that anyone sees.
  assert.equal([image.kind, film, warnings, positive], ['CXR', [], [], false]);
  assert.ok(
    result!.instances.length > 0 &&
      result!.instances.every(
        ({ sopInstanceUID, state }) => state === 'stored' && pacs.held.has(sopInstanceUID),
      ),
  );
  const body = { studyInstanceUID: study, attributes: { modality: ['DX'] } };
  const tried = await gateway.call('POST', '/admin/rules/inference/dry-run', { token: admin, body });
  const { verdicts, models } = (await tried.json()) as DryRun;
  assert.equal(
    [verdicts.map(({ name, takes }) => [name, takes]), models],
    [[[SAMPLE_RULE.name, true]], SAMPLE_RULE.models],
  );
});

const CHEST_FILMS = [
  { name: 'films', enabled: true, when: { bodyPart: ['CHEST'] }, models: ['pneumonia'] },
  { name: 'off', enabled: false, when: {}, models: ['image-kind'] },
];
const asTechnician = async (): Promise<string> => (await gateway.userWith(['technician'])).accessToken;

test('under an administrator’s rule each delivered study is examined once, and its sender sees the finding', async () => {
  assert.is((await setRules([{ name: 'films', enabled: true, when: {}, models: ['nobodys'] }])).status, 404);
  const helper = await setRules([{ name: 'films', enabled: true, when: {}, models: ['pneumonia-gradient'] }]);
  assert.equal(
    [helper.status, ((await helper.json()) as { code: string }).code],
    [409, 'model-not-usable'],
    'a gradient alone answers nothing',
  );
  assert.is((await setRules(CHEST_FILMS)).status, 200);
  const technician = await asTechnician();
  const film = testFilm({ seed: 702 });
  const { studyInstanceUID, sopInstanceUID } = film.identifiers;
  await sendStudy(askOf(gateway), technician, [film]);
  await settled(studyInstanceUID);
  assert.equal(
    (await jobsOf(studyInstanceUID)).map(({ state, model }) => [state, model.id]),
    [['done', 'pneumonia']],
    'the results that came back are not looked at themselves',
  );
  const [own] = await resultsOf(studyInstanceUID, technician);
  assert.is(own?.finding.input.sopInstanceUID, sopInstanceUID);
  assert.is(own!.disagreement, null, 'the device had said nothing');
});

test('an image is examined again if its job failed, but never after an answer', async () => {
  await setRules(CHEST_FILMS);
  const technician = await asTechnician();
  const film = testFilm({ seed: 708 });
  const { studyInstanceUID } = film.identifiers;
  await sendStudy(askOf(gateway), technician, [film]);
  await settled(studyInstanceUID);
  await gateway.database.db
    .updateTable('inference_job')
    .set({ state: 'failed', error: 'model-unavailable' })
    .where('study_instance_uid', '=', studyInstanceUID)
    .execute();
  await sendStudy(askOf(gateway), technician, [film, testFilm({ seed: 706, ofStudy: 708 })]);
  await settled(studyInstanceUID);
  assert.equal(
    (await jobsOf(studyInstanceUID)).map(({ state }) => state).sort(),
    ['done', 'done', 'failed'],
    'failed instances are asked for again together with later ones',
  );
  await removeOutdated({
    db: gateway.database.db,
    inputs: { sweep: async () => undefined } as never,
    now: () => new Date(gateway.now().getTime() + 100 * 86_400_000),
  });
  await sendStudy(askOf(gateway), technician, [film, testFilm({ seed: 707, ofStudy: 708 })]);
  await settled(studyInstanceUID);
  assert.equal(
    (await jobsOf(studyInstanceUID)).map(({ state }) => state),
    ['done'],
    'answered instances are not asked for again, even once their job is deleted',
  );
});

test('a device whose scoring model was silent did not disagree', async () => {
  await setRules(CHEST_FILMS);
  const technician = await asTechnician();
  const unscored = testFilm({ seed: 704 });
  const silent: DeviceTriage = {
    models: [refOf(CARDS['image-kind'])],
    runtime: 'onnxruntime-web 1.30.0 wasm',
    population: 'unknown',
    score: null,
    first: false,
    film: [],
  };
  await sendStudy(askOf(gateway), technician, [unscored], silent);
  await settled(unscored.identifiers.studyInstanceUID);
  const [alone] = await resultsOf(unscored.identifiers.studyInstanceUID);
  assert.equal(
    [alone?.finding.population, alone?.disagreement],
    ['unknown', null],
    'a device whose scoring model was silent did not disagree',
  );
});

test('a finding says if the device found something else', async () => {
  await setRules(CHEST_FILMS);
  const technician = await asTechnician();
  const other = testFilm({ seed: 703 });
  const triage: DeviceTriage = {
    models: [refOf(CARDS.pneumonia)],
    runtime: 'onnxruntime-web 1.30.0 wasm',
    population: 'inside',
    score: 0.9,
    first: true,
    film: [],
  };
  await sendStudy(askOf(gateway), technician, [other], triage);
  await settled(other.identifiers.studyInstanceUID);
  const [differing] = await resultsOf(other.identifiers.studyInstanceUID);
  assert.equal(
    [differing?.finding.population, differing?.disagreement],
    ['inside', { device: 0.9, gateway: null, difference: 1 }],
  );
  assert.match(
    await (await gateway.call('GET', '/metrics', { token: admin })).text(),
    'relaypacs_inference_disagreements_total{model="pneumonia"} 1',
  );
});

test('a model is not compared with the score of another that ran on the device', async () => {
  await setRules([{ name: 'kinds', enabled: true, when: { modality: ['DX'] }, models: ['image-kind'] }]);
  const technician = await asTechnician();
  const film = testFilm({ seed: 709 });
  const triage: DeviceTriage = {
    models: [refOf(CARDS['image-kind']), refOf(CARDS.pneumonia)],
    runtime: 'onnxruntime-web 1.30.0 wasm',
    population: 'inside',
    score: 0.34,
    first: true,
    film: [],
  };
  await sendStudy(askOf(gateway), technician, [film], triage);
  await settled(film.identifiers.studyInstanceUID);
  const [kind] = await resultsOf(film.identifiers.studyInstanceUID);
  assert.equal([kind?.finding.model.id, kind?.disagreement], ['image-kind', null]);
});

test('a rule that asks for a body part reads no volume, and one image that cannot be read does not hold up the rules', async () => {
  await setRules([
    { name: 'ct', enabled: true, when: { modality: ['DX'], bodyPart: ['CHEST'] }, models: ['image-kind'] },
  ]);
  const fetch = pacs.fetchInstance;
  let fetched = 0;
  pacs.fetchInstance = async () => {
    fetched += 1;
    return { kind: 'too-large' };
  };
  const volume = testFilm({ seed: 704, rows: 64, columns: 64 });
  const large = testFilm({ seed: 705 });
  const slices = Array.from({ length: 65 }, (_, at) =>
    testFilm({ seed: 7100 + at, rows: 64, columns: 64, ofStudy: 704 }),
  );
  await sendStudy(askOf(gateway), admin, slices);
  await settled(volume.identifiers.studyInstanceUID);
  assert.is(fetched, 0);
  await sendStudy(askOf(gateway), admin, [large]);
  await settled(large.identifiers.studyInstanceUID);
  assert.equal([fetched, await jobsOf(large.identifiers.studyInstanceUID)], [1, []]);
  pacs.fetchInstance = fetch;
});

test('a rule without modalities is about projections; one that names some, about those', () => {
  assert.equal(appliedInference(SAMPLE_RULE).when, { modality: ['CR', 'DX'] });
  const ct = { ...SAMPLE_RULE, when: { modality: ['CT'], policy: ['identified'] } };
  assert.equal(appliedInference(ct), ct);
});

test.run();
