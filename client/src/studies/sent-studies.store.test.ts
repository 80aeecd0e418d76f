/** The gateway's list, page by page, and what is said when it does not answer. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { ApiProblem, Unreachable, type ApiClient } from '../net/api-client.ts';
import { createSentStudies } from './sent-studies.store.ts';

const NOW = new Date(2026, 10, 23, 15);
const test = suite('the studies that the gateway tells of');

const study = (nth: number): SentStudy => ({
  studyInstanceUID: `1.2.${nth}`,
  standing: 'ended',
  firstSentAt: new Date(nth * 1000).toISOString(),
  lastSentAt: new Date(nth * 1000).toISOString(),
  sopClassUIDs: [],
  uploads: [],
});

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
    sent.studies.value.map(({ studyInstanceUID }) => studyInstanceUID),
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
  assert.equal(
    asking.map((query) => query.get('all')),
    ['1', '1', '1', '1'],
  );
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

test('stay when the gateway does not answer, and the list can say so', async () => {
  const gateway: { studies: number; failure: Error | null } = { studies: 3, failure: null };
  const sent = createSentStudies(gatewayWith(gateway).api);
  assert.is(sent.phase.value, 'unasked');
  await sent.refresh();
  assert.is(sent.phase.value, 'known');
  gateway.failure = new Unreachable('no network');
  await sent.refresh();
  assert.equal([sent.phase.value, sent.studies.value.length], ['unreachable', 3]);
  gateway.failure = new ApiProblem(403, null, null);
  await sent.refresh();
  assert.is(sent.phase.value, 'refused');
});

test('are asked for by what a person types, where that may be a UID or an id', async () => {
  const { api, asked } = gatewayWith({ studies: 350, failure: null });
  const sent = createSentStudies(api);
  await sent.refresh();
  for (const text of ['Müller', 'a b', '1.2', '']) await sent.find(text, NOW);
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

test.run();
