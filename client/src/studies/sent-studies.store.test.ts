/** The gateway's list, page by page, and what is said when it does not answer. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { hideNames } from '../kit/identities.ts';
import { ApiProblem, Unreachable, type ApiClient } from '../net/api-client.ts';
import { untilRead } from '../testing/open-api.ts';
import { valuesOf } from '../testing/values-of.ts';
import { assertEach } from '../testing/assert-each.ts';
import { createSentStudies, type SentStudiesStore } from './sent-studies.store.ts';
import { toldStudy } from '../testing/told-study.ts';

const NOW = new Date(2026, 10, 23, 15);
const test = suite('the studies that the gateway tells of');

const study = (nth: number, some: Partial<SentStudy> = {}): SentStudy => {
  const at = new Date(nth * 1000).toISOString();
  return toldStudy([], { studyInstanceUID: `1.2.${nth}`, firstSentAt: at, lastSentAt: at, ...some });
};

/** A gateway with so many studies, which gives at most 100 at once, by keyset as the real one. */
function gatewayWith(count: { studies: number; failure: Error | null }) {
  const asked: string[] = [];
  const json = async (path: string) => {
    asked.push(path);
    if (count.failure) throw count.failure;
    const query = new URL(path, 'http://gateway').searchParams;
    const q = query.get('q');
    const below = Number(query.get('cursor') ?? count.studies);
    const all = Array.from({ length: below }, (_, nth) => study(below - 1 - nth));
    const found = q === null ? all : all.filter(({ studyInstanceUID }) => studyInstanceUID.includes(q));
    const studies = found.slice(0, Number(query.get('limit')));
    return { studies, next: studies.length < found.length ? `${below - studies.length}` : null };
  };
  return { asked, api: { json } as unknown as Pick<ApiClient, 'json'> };
}

test('are read a page at a time, newest first, each once', async () => {
  const { api, asked } = gatewayWith({ studies: 250, failure: null });
  const sent = createSentStudies(api);
  await sent.refresh();
  assert.equal([sent.studies.value.length, sent.hasMore.value], [100, true]);
  await sent.more();
  await sent.more();
  await sent.more();
  assert.equal([sent.studies.value.length, sent.hasMore.value, asked.length], [250, false, 3]);
  assert.equal(
    valuesOf(sent.studies.value, 'studyInstanceUID'),
    Array.from({ length: 250 }, (_, nth) => `1.2.${249 - nth}`),
  );
});

test('are those of the whole site for people who only watch, on every page', async () => {
  const { api, asked } = gatewayWith({ studies: 150, failure: null });
  const sent = createSentStudies(api, 'of-the-site');
  await sent.refresh();
  await sent.more();
  await sent.find('1.2.14', NOW);
  await sent.find('tess', NOW);
  const asking = asked.map((path) => new URL(path, 'http://gateway').searchParams);
  assertEach(asking, (query) => query.get('all'), ['1', '1', '1', '1']);
  assert.is(asking.at(-1)!.get('q'), 'tess', 'a sender’s name');
  assert.is(sent.studies.value.length, 150);
});

test('keep the pages that were read when new ones arrive, and begin again where they no longer meet', async () => {
  const gateway = { studies: 150, failure: null };
  const sent = createSentStudies(gatewayWith(gateway).api);
  await sent.refresh();
  await sent.more();
  gateway.studies = 160;
  await sent.refresh();
  assert.equal([sent.studies.value.length, sent.hasMore.value], [160, false]);
  gateway.studies = 400;
  await sent.refresh();
  assert.equal([sent.studies.value.length, sent.hasMore.value], [100, true]);
});

/** Why the list is old; null: it is the newest. Fails where it is not known. */
function oldOf({ answer }: Pick<SentStudiesStore, 'answer'>) {
  const { value } = answer;
  assert.is(value.state, 'known');
  return value.state === 'known' ? value.old : null;
}

test('are not known to be none before the gateway has listed them, also where a search finds some or none', async () => {
  const gateway: { studies: number; failure: Error | null } = { studies: 0, failure: new Unreachable('cut') };
  const sent = createSentStudies(gatewayWith(gateway).api);
  await sent.refresh();
  assert.equal(sent.answer.value, { state: 'failed', trouble: 'unreachable' });
  gateway.failure = null;
  await sent.find('1.2.700', NOW);
  assert.equal(sent.answer.value, { state: 'failed', trouble: 'unreachable' });
  await sent.refresh();
  assert.equal(sent.answer.value, { state: 'known', value: [], old: null });
});

test('are none once the gateway has none', async () => {
  const gateway = { studies: 150, failure: null };
  const sent = createSentStudies(gatewayWith(gateway).api);
  await sent.refresh();
  await sent.more();
  gateway.studies = 0;
  await sent.refresh();
  assert.equal([sent.answer.value, sent.hasMore.value], [{ state: 'known', value: [], old: null }, false]);
});

test('stay when the gateway does not answer, and the list can say so', async () => {
  const gateway: { studies: number; failure: Error | null } = { studies: 3, failure: null };
  const sent = createSentStudies(gatewayWith(gateway).api);
  assert.is(sent.answer.value.state, 'loading');
  await sent.refresh();
  assert.is(oldOf(sent), null);
  gateway.failure = new Unreachable('no network');
  await sent.refresh();
  assert.equal([oldOf(sent), sent.studies.value.length], ['unreachable', 3]);
  const refreshing = sent.refresh();
  assert.is(oldOf(sent), 'unreachable', 'until an answer says otherwise');
  await refreshing;
  gateway.failure = new ApiProblem(403, null, null);
  await sent.refresh();
  assert.is(oldOf(sent), 'refused');
});

/** A gateway that answers when it is told to, in any order; `asked` waits for so many questions. */
function slowGateway() {
  const questions: PromiseWithResolvers<unknown>[] = [];
  const json = () => {
    const question = Promise.withResolvers<unknown>();
    questions.push(question);
    return question.promise;
  };
  const asked = async (count: number) => assert.ok(await untilRead(() => questions.length === count));
  return { questions, asked, api: { json } as unknown as Pick<ApiClient, 'json'> };
}

test('are as the later of two questions was answered, also where the earlier answer comes last', async () => {
  const { questions, asked, api } = slowGateway();
  const sent = createSentStudies(api);
  const standings = () => valuesOf(sent.studies.value, 'studyInstanceUID', 'standing');
  const page = (...studies: SentStudy[]) => ({ studies, next: null });
  const underWay = (nth: number) => study(nth, { standing: 'under-way' });
  const refreshing = sent.refresh();
  await asked(1);
  const finding = sent.find('1.2.700', NOW);
  await asked(2);
  questions[1]!.resolve(page(study(7)));
  await finding;
  questions[0]!.resolve(page(underWay(9)));
  await refreshing;
  assert.equal(standings().join(), '1.2.9,under-way,1.2.7,ended', 'what was found since stays');
  assert.is(sent.search.value?.standing, 'answered');
  const crossing = [sent.refresh(), sent.refresh(), sent.refresh()];
  await asked(5);
  questions[3]!.resolve(page(study(9), study(7)));
  await crossing[1];
  questions[2]!.resolve(page(underWay(9), underWay(8)));
  await crossing[0];
  assert.equal([standings().join(), oldOf(sent)], ['1.2.9,ended,1.2.7,ended', null]);
  questions[4]!.reject(new Unreachable('no network'));
  await crossing[2];
  assert.is(oldOf(sent), 'unreachable');
});

test('have more below the first page also where a search was answered before it', async () => {
  const { questions, asked, api } = slowGateway();
  const sent = createSentStudies(api);
  const refreshing = sent.refresh();
  await asked(1);
  const finding = sent.find('1.2.700', NOW);
  await asked(2);
  questions[1]!.resolve({ studies: [study(7)], next: null });
  await finding;
  questions[0]!.resolve({ studies: [study(8), study(7)], next: '7' });
  await refreshing;
  assert.ok(sent.hasMore.value);
});

test('have no gap where a study that was listed is sent again with many new ones', async () => {
  const { questions, asked, api } = slowGateway();
  const sent = createSentStudies(api);
  const first = sent.refresh();
  await asked(1);
  questions[0]!.resolve({ studies: [study(5), study(4)], next: null });
  await first;
  const second = sent.refresh();
  await asked(2);
  questions[1]!.resolve({
    studies: [study(9), study(5, { lastSentAt: study(8).lastSentAt })],
    next: 'below 8',
  });
  await second;
  assert.ok(sent.hasMore.value, 'those sent between are on the next page');
});

test('have no gap where the list begins again while the next page is under way', async () => {
  const { questions, asked, api } = slowGateway();
  const sent = createSentStudies(api);
  const first = sent.refresh();
  await asked(1);
  questions[0]!.resolve({ studies: [study(5)], next: 'below 5' });
  await first;
  const more = sent.more();
  await asked(2);
  const again = sent.refresh();
  await asked(3);
  questions[2]!.resolve({ studies: [study(9)], next: 'below 9' });
  await again;
  questions[1]!.resolve({ studies: [study(4)], next: null });
  await more;
  assert.equal([valuesOf(sent.studies.value, 'studyInstanceUID'), sent.hasMore.value], [['1.2.9'], true]);
});

test('are asked for by what a person types, where that may be a UID or an id', async () => {
  const { api, asked } = gatewayWith({ studies: 350, failure: null });
  const sent = createSentStudies(api);
  await sent.refresh();
  for (const text of ['Müller', 'Fontaine', 'a b', '1.2', '']) await sent.find(text, NOW);
  assert.is(asked.length, 1);
  await sent.find('1.2.7 '.trim().padEnd(6, '7'), NOW);
  assert.ok(sent.studies.value.some(({ studyInstanceUID }) => studyInstanceUID === '1.2.77'));
});

test('are asked for by a day that a person types, from midnight to midnight', async () => {
  const { api, asked } = gatewayWith({ studies: 3, failure: null });
  await createSentStudies(api).find('Nov 10, 2026', NOW);
  assert.is(asked.length, 1);
  const query = new URL(asked[0]!, 'http://gateway').searchParams;
  const days = ['from', 'to'].map((edge) => new Date(query.get(edge)!).toDateString());
  assert.equal(days, ['Tue Nov 10 2026', 'Wed Nov 11 2026']);
});

const PSEUDONYM = `RP-${'7'.repeat(25)}K`;

/** A gateway which finds the study 1.2.0 by the pseudonym, and is asked for others. */
function gatewayOfPatient(count: { studies: number; failure: Error | null }) {
  const { api, asked } = gatewayWith(count);
  const json: ApiClient['json'] = async (path, schema, options) =>
    path.endsWith(`&q=${PSEUDONYM}`) && count.failure === null
      ? ({ studies: [study(0)], next: null } as never)
      : api.json(path, schema, options);
  return { api: { json }, asked };
}

test('have the pseudonym by which a person found them, also once the list is read again', async () => {
  const sent = createSentStudies(gatewayOfPatient({ studies: 2, failure: null }).api);
  await sent.refresh();
  await sent.find('1.2.0', NOW);
  assert.equal(valuesOf(sent.studies.value, 'pseudonym'), [undefined, undefined]);
  await sent.find(PSEUDONYM, NOW);
  await sent.refresh();
  assertEach(sent.studies.value, ({ studyInstanceUID: uid, pseudonym }) => `${uid} ${pseudonym}`, [
    '1.2.1 undefined',
    `1.2.0 ${PSEUDONYM}`,
  ]);
});

test('are asked for once for each text, however often a person presses Enter, until the list begins again', async () => {
  const gateway = { studies: 2, failure: null };
  const { api, asked } = gatewayOfPatient(gateway);
  const counted: string[] = [];
  const json: ApiClient['json'] = (path, ...rest) => {
    counted.push(path);
    return api.json(path, ...rest);
  };
  const sent = createSentStudies({ json });
  await sent.refresh();
  const both = [sent.find(PSEUDONYM, NOW), sent.find(PSEUDONYM, NOW)];
  assert.equal(sent.search.value, { text: PSEUDONYM, standing: 'asking' });
  await Promise.all(both);
  await sent.find(PSEUDONYM, NOW);
  assert.equal([counted.length, asked.length], [2, 1]);
  await sent.refresh();
  assert.equal(sent.search.value, { text: PSEUDONYM, standing: 'answered', isCut: false });
  gateway.studies = 400;
  await sent.refresh();
  assert.is(sent.search.value, null, 'what was found is no longer in the list');
});

test('are not all found where a search fails, which is said of this text until the next search', async () => {
  const gateway: { studies: number; failure: Error | null } = { studies: 3, failure: null };
  const sent = createSentStudies(gatewayOfPatient(gateway).api);
  await sent.refresh();
  for (const text of [PSEUDONYM, 'Nov 10, 2026']) {
    gateway.failure = new ApiProblem(502, null, null);
    await sent.find(text, NOW);
    assert.equal(sent.search.value, { text, standing: 'failed', error: gateway.failure });
    assert.is(oldOf(sent), null, 'the list itself was told');
    gateway.failure = null;
    await sent.find(text, NOW);
    assert.equal(sent.search.value, { text, standing: 'answered', isCut: false });
  }
});

const PATIENT = {
  ...{ patientName: 'Fontaine^Zoe', patientId: 'P-4715', birthDate: '19700101' },
  ...{ studyDate: '20261120', description: 'Chest PA' },
};

/** A gateway that is asked by those who see identities: its PACS has one study of the patient. */
function gatewayOfSite(pacs: { isDown: boolean; isCut: boolean }) {
  const asked: { path: string; body: unknown }[] = [];
  const json = async (path: string, _schema: unknown, { body }: { body?: unknown } = {}) => {
    asked.push({ path, body });
    if (body === undefined) return { studies: [study(1), study(0)], next: null };
    if (path === '/cases/patients')
      return { cases: [], studies: [{ studyInstanceUID: '1.2.0', ...PATIENT }], later: [] };
    if ((body as { by: string }).by === 'sending')
      return { studies: [{ ...study(7), patient: null }], isCut: false };
    if (pacs.isDown) throw new ApiProblem(502, null, null);
    return { studies: [{ ...study(0), patient: PATIENT }], isCut: pacs.isCut };
  };
  return { asked, api: { json } as unknown as Pick<ApiClient, 'json'> };
}

test('of the whole site are found by their patient, who stands in no address', async () => {
  const pacs = { isDown: false, isCut: false };
  const { api, asked } = gatewayOfSite(pacs);
  const sent = createSentStudies(api, 'of-the-site', true);
  await sent.refresh();
  await sent.find('Fontaine', NOW);
  assert.equal(asked.slice(1), [
    { path: '/studies/search', body: { by: 'sending', text: 'Fontaine' } },
    { path: '/studies/search', body: { by: 'patient', text: 'Fontaine' } },
  ]);
  const found = sent.studies.value.find(({ studyInstanceUID }) => studyInstanceUID === '1.2.0');
  assert.equal([found?.patient, found?.foundBy], [PATIENT, ['Fontaine']]);
  pacs.isCut = true;
  await sent.find('Fon', NOW);
  assert.equal(sent.search.value, { text: 'Fon', standing: 'answered', isCut: true });
  await sent.find('F', NOW);
  assert.is(asked.length, 5, 'one letter is not asked for');
  hideNames(true);
  await sent.find('Fontaine', NOW);
  hideNames(false);
  assert.equal(asked.slice(5), [{ path: '/studies/search', body: { by: 'sending', text: 'Fontaine' } }]);
});

test('of the whole site are told apart by their patients, who are asked for together and once', async () => {
  const { api, asked } = gatewayOfSite({ isDown: false, isCut: false });
  const sent = createSentStudies(api, 'of-the-site', true);
  await sent.refresh();
  await Promise.all(['1.2.0', '1.2.1', '1.2.0'].map((uid) => sent.wantPatient(uid)));
  assert.equal(asked.slice(1), [
    { path: '/cases/patients', body: { cases: [], studies: ['1.2.0', '1.2.1'] } },
  ]);
  const patients = sent.studies.value.map(({ studyInstanceUID, patient }) => [
    studyInstanceUID,
    patient?.patientName,
  ]);
  assert.equal(Object.fromEntries(patients), { '1.2.0': PATIENT.patientName, '1.2.1': undefined });
  const own = createSentStudies(api, 'own', false);
  await own.wantPatient('1.2.0');
  assert.is(asked.length, 2, 'nobody asks whose their own studies are');
});

test('of the whole site are found by their sender also while the PACS is away, which is said', async () => {
  const sent = createSentStudies(gatewayOfSite({ isDown: true, isCut: false }).api, 'of-the-site', true);
  await sent.find('tina', NOW);
  assert.is(sent.search.value?.standing, 'failed');
  assert.equal(valuesOf(sent.studies.value, 'studyInstanceUID'), ['1.2.7']);
});

test.run();
