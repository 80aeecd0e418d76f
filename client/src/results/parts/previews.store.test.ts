/** The rows of the list show whose image it is, without keeping that anywhere. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createVirtualTime } from '#testing/virtual-time.ts';
import { giveTurns, json, openTestApi, refusal, untilRead, type Answering } from '../../testing/open-api.ts';
import { idOf, recordedFinding, recordedResult, STUDY } from '../../testing/recorded-answers.ts';
import { assertEach } from '../../testing/assert-each.ts';
import { createManyPatients } from '../../cases/parts/many-patients.ts';
import { createPreviewsStore } from './previews.store.ts';

const PATIENT = { name: 'Planted^Name', id: 'P-1', isPseudonym: false };
const ANSWER = {
  thumbnail: 'iVBORw',
  mayHoldName: false,
  patient: PATIENT,
  studyDate: '2026-01-01',
  bodyPart: null,
};

function open(answer: Answering = () => json(ANSWER), isTold = false) {
  const { api, asked } = openTestApi(answer);
  const time = createVirtualTime(() => false);
  const patients = isTold ? createManyPatients(api) : null;
  return { store: createPreviewsStore({ api, clock: time, patients }), asked, time };
}

test('a preview is asked for once, a few at a time', async () => {
  let most = 0;
  const waiting: (() => void)[] = [];
  const { store, asked } = open(async () => {
    const gate = Promise.withResolvers<void>();
    most = Math.max(most, waiting.push(gate.resolve));
    await gate.promise;
    return json(ANSWER);
  });
  for (let row = 1; row <= 8; row += 1) store.want(idOf(row));
  store.want(idOf(1));
  assert.ok(await untilRead(() => waiting.length === 3));
  const isThere = () => [1, 2, 3, 4, 5, 6, 7, 8].every((row) => store.of(idOf(row)).value !== null);
  const answered = () => {
    waiting.shift()?.();
    return isThere();
  };
  assert.ok(await untilRead(answered));
  assert.equal([asked.length, most], [8, 3]);
  assert.equal(store.of(idOf(1)).value?.patient, PATIENT);
  assert.match(String(store.of(idOf(1)).value?.picture), /^blob:/);
});

test('a preview is awaited until it is there or could not be fetched, and may arrive later', async () => {
  let isAway = true;
  const { store } = open(() => (isAway ? refusal(503, 'pacs-unreachable') : json(ANSWER)));
  const arrival = store.arrival(idOf(1));
  const seen = [arrival.value];
  store.want(idOf(1));
  seen.push(arrival.value);
  assert.ok(await untilRead(() => arrival.value === 'failed'));
  isAway = false;
  store.want(idOf(1));
  assert.ok(await untilRead(() => arrival.value === 'there'));
  assert.equal([seen, store.of(idOf(1)).value?.patient], [['awaited', 'awaited'], PATIENT]);
});

test('a name alone is asked for without the picture, once, and not where the preview is known or asked for', async () => {
  const { store, asked } = open(({ path }) =>
    json(path.endsWith('?only=patient') ? { ...ANSWER, thumbnail: null } : ANSWER),
  );
  const paths = () => asked.map(({ path }) => path.replace(/^.*\/results/, ''));
  store.want(idOf(1));
  store.wantNames([recordedResult(1), recordedResult(2)]);
  store.wantNames([recordedResult(2)]);
  assert.ok(await untilRead(() => store.aboutOf(idOf(2)) !== null));
  assert.equal(store.aboutOf(idOf(2))?.patient, PATIENT);
  assert.is(store.of(idOf(2)).value, null, 'the row asks for its picture once it is in sight');
  assert.equal(paths(), [`/${idOf(1)}/preview`, `/${idOf(2)}/preview?only=patient`]);
  store.want(idOf(2));
  assert.ok(await untilRead(() => store.of(idOf(2)).value !== null));
  assert.equal([store.aboutOf(idOf(1))?.patient, paths().length], [PATIENT, 3]);
});

test('the names of all studies are one question, asked once, for people who may know all patients', async () => {
  const patient = (studyInstanceUID: string) => ({
    ...{ studyInstanceUID, patientName: PATIENT.name, patientId: PATIENT.id, studyDate: '20260101' },
    ...{ issuer: null, birthDate: null, sex: null, accessionNumber: null, description: null },
  });
  const { store, asked } = open(({ body }) => {
    const { studies } = body as { studies: readonly string[] };
    return json({ cases: [], studies: studies.map(patient), later: [] });
  }, true);
  const uids = Array.from({ length: 12 }, (_, at) => `${STUDY}${at}`);
  const results = uids.map((studyInstanceUID, at) =>
    recordedResult(at, {}, { input: { ...recordedFinding().input, studyInstanceUID } }),
  );
  store.wantNames(results);
  store.wantNames(results);
  const isNamed = () => results.every(({ id }) => store.aboutOf(id) !== null);
  assert.ok(await untilRead(isNamed));
  assert.equal(store.aboutOf(idOf(5)), { patient: PATIENT, studyDate: '20260101', bodyPart: null });
  assertEach(asked, ({ path, body }) => [path, (body as { studies: string[] }).studies.toSorted()], [
    ['/cases/patients', uids.toSorted()],
  ]);
});

test('a pseudonym is told as one, and a study of which many are not told is asked for alone', async () => {
  const own = `${STUDY}1`;
  const told = {
    ...{ studyInstanceUID: own, patientName: 'Relay^7Q3MX', patientId: `RP-${'0'.repeat(26)}` },
    ...{
      studyDate: null,
      issuer: null,
      birthDate: null,
      sex: null,
      accessionNumber: null,
      description: null,
    },
  };
  const { store } = open(
    ({ path }) => json(path === '/cases/patients' ? { cases: [], studies: [told], later: [] } : ANSWER),
    true,
  );
  store.wantNames(
    [own, `${STUDY}2`].map((studyInstanceUID, at) =>
      recordedResult(at, {}, { input: { ...recordedFinding().input, studyInstanceUID } }),
    ),
  );
  assert.ok(await untilRead(() => (store.aboutOf(idOf(1)) ?? null) !== null));
  assert.is(store.aboutOf(idOf(0))?.patient?.isPseudonym, true);
  assert.equal(store.aboutOf(idOf(1))?.patient, PATIENT);
});

test('its picture is freed with the pages, also one that arrives later', async () => {
  const freed: string[] = [];
  const { revokeObjectURL } = URL;
  URL.revokeObjectURL = (address) => void freed.push(address);
  try {
    const late = Promise.withResolvers<void>();
    const { store, asked } = open(async ({ path }) => {
      if (path.includes(idOf(2))) await late.promise;
      return json(ANSWER);
    });
    store.want(idOf(1));
    assert.ok(await untilRead(() => store.of(idOf(1)).value !== null));
    const { picture } = store.of(idOf(1)).value!;
    store.want(idOf(2));
    assert.ok(await untilRead(() => asked.length === 2));
    store.close();
    late.resolve();
    await giveTurns();
    assert.equal([freed, store.of(idOf(2)).value], [[picture], null]);
  } finally {
    URL.revokeObjectURL = revokeObjectURL;
  }
});

test('one that could not be fetched leaves the row as it is, and is asked for again when it is seen again', async () => {
  let isGone = true;
  const { store, asked } = open(() => (isGone ? refusal(502, 'pacs-unreachable') : json(ANSWER)));
  store.want(idOf(1));
  assert.ok(await untilRead(() => asked.length === 1));
  await giveTurns();
  assert.is(store.of(idOf(1)).value, null);
  isGone = false;
  store.want(idOf(1));
  assert.ok(await untilRead(() => store.of(idOf(1)).value !== null));
});

test('one that the gateway has no place for is asked for again later', async () => {
  let refused = 0;
  const { store, asked, time } = open(() => {
    if (refused === 4) return json(ANSWER);
    refused += 1;
    return refusal(429, 'rate-limited');
  });
  const rows = [1, 2, 3, 4, 5];
  for (const row of rows) store.want(idOf(row));
  assert.ok(await time.run(() => rows.every((row) => store.of(idOf(row)).value !== null), 60_000));
  assert.is(asked.length, rows.length + refused);
});

test('nothing is asked for later once the pages are left', async () => {
  const { store, asked, time } = open(() => refusal(429, 'rate-limited'));
  store.want(idOf(1));
  assert.ok(await untilRead(() => asked.length === 1));
  store.close();
  await time.run(() => false, 60_000);
  assert.is(asked.length, 1);
});

test.run();
