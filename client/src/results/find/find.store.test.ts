import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  json,
  openTestApi,
  refusal,
  unreachable,
  untilRead,
  type Answering,
} from '../../testing/open-api.ts';
import { assertEach } from '../../testing/assert-each.ts';
import { hideNames } from '../../kit/identities.ts';
import { NO_CRITERIA, queryOf } from './find-query.ts';
import { ANSWER_BYTES_LIMIT, createFindStore, HELD_LIMIT, PAGE } from './find.store.ts';
import { readFound, ROWS_READ } from './read-found.ts';

const TODAY = new Date(2026, 2, 3, 23, 59);
const NOTHING = { patientName: '', patientID: '', date: '', time: '', modalities: [], description: '' };

function open(answer: Answering, account = 'rita') {
  const { api, asked } = openTestApi(answer, () => account);
  /** How many requests there had been each time. */
  const noted: number[] = [];
  const noteNoAddresses = () => void noted.push(asked.length);
  const store = createFindStore({ api, user: 'rita', now: () => TODAY, noteNoAddresses });
  return { store, asked, noted };
}

const uidOf = (nth: number) => `1.2.${nth + 1}`;
const rowOf = (nth: number, date = '20260101') => ({
  '0020000D': { vr: 'UI', Value: [uidOf(nth)] },
  '00080020': { vr: 'DA', Value: [date] },
});
const rowsOf = (count: number, from = 0) => Array.from({ length: count }, (_, at) => rowOf(from + at));
const queryOfPath = (path: string) => Object.fromEntries(new URLSearchParams(path.split('?')[1]));

/** A PACS with this many studies, which gives pages of them. */
const paged =
  (studies: number): Answering =>
  ({ path }) => {
    const { offset, limit } = queryOfPath(path);
    return json(rowsOf(studies).slice(Number(offset), Number(offset) + Number(limit)));
  };

test('a search becomes the query of QIDO-RS, and an empty one asks for any study', () => {
  const said = (some: object) =>
    Object.fromEntries(queryOf({ ...NO_CRITERIA, ...some }, TODAY)) as Record<string, string>;
  const included = { includefield: '00081030' };
  const cases: readonly [object, object][] = [
    [{}, {}],
    [{ name: '  ', patientID: ' * ', period: 'day' }, {}],
    [{ name: ' Müller, Anna ' }, { PatientName: '*Müller*Anna*' }],
    [{ name: 'A^B=C\\D\u0000' }, { PatientName: '*A*B*C*D*' }],
    [{ patientID: ' 12 34\\5 ' }, { PatientID: '*12 34*5*' }],
    [{ period: 'today' }, { StudyDate: '20260303' }],
    [{ period: 'week' }, { StudyDate: '20260225-20260303' }],
    [{ period: 'day', day: '2025-12-31' }, { StudyDate: '20251231' }],
    [{ period: 'day', day: '../x' }, {}],
    [{ modality: 'CT' }, { ModalitiesInStudy: 'CT' }],
  ];
  for (const [some, expected] of cases) assert.equal(said(some), { ...expected, ...included });
});

test('a row is read as the PACS wrote it', () => {
  const row = {
    ...rowOf(0, '2026.01.02'),
    '00080030': { vr: 'TM', Value: ['0915'] },
    '00080061': { vr: 'CS', Value: ['CT', 'SR'] },
    '00081030': { vr: 'LO', Value: ['Thorax'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎' }] },
    '00100020': { vr: 'LO', Value: ['P-1'] },
    '00201208': { vr: 'IS', Value: ['12'] },
  };
  assert.equal(readFound([row]), [
    {
      studyInstanceUID: uidOf(0),
      patientName: 'Yamada^Tarou=山田^太郎',
      patientID: 'P-1',
      date: '20260102',
      time: '091500',
      modalities: ['CT', 'SR'],
      description: 'Thorax',
      instances: 12,
    },
  ]);
});

test('values that are missing, of another type or hostile neither break a row nor reach the page', () => {
  const rows = [
    ...[null, 7, 'x', [], {}, { '0020000D': null }, { '0020000D': { Value: 'x' } }],
    ...[[null], [{}], ['1.2.3/../4'], ['Muster'], [`1.${'2'.repeat(80)}`]].map((Value) => ({
      '0020000D': { Value },
    })),
    JSON.parse('{"__proto__": {"0020000D": {"Value": ["1.2.3"]}}}'),
  ];
  assert.equal(readFound(rows), []);
  for (const answer of [null, {}, 'x', 7]) assert.is(readFound(answer), null);
  const tags = ['00080020', '00080030', '00080061', '00081030', '00100010', '00100020', '00201208'];
  for (const Value of [null, {}, [], [null], [[]], [{}], [Number.NaN], [-1.5], [{ Alphabetic: 7 }], [true]]) {
    const row = Object.fromEntries(tags.map((tag) => [tag, { Value }]));
    const [study] = readFound([{ ...row, '0020000D': { Value: ['1.2.3'] } }]) ?? [];
    assert.equal(study, { ...NOTHING, studyInstanceUID: '1.2.3', instances: null }, JSON.stringify(Value));
  }
  const hostile = `\u202e<img src=x onerror=alert(1)>\n\u0000${'😀'.repeat(5_000)}`;
  const of = (tag: string) => ({ [tag]: { Value: [hostile] } });
  const [said] = readFound([
    { ...rowOf(0), ...of('00100010'), ...of('00100020'), ...of('00081030'), ...of('00080061') },
  ])!;
  for (const text of [said!.patientName, said!.patientID, said!.description]) {
    assert.ok(text.startsWith('<img') && [...text].length <= 128, 'it is text, of a length for a row');
    assert.not.match(text, /[\p{Cc}\p{Cs}\u202e]/u);
  }
  assert.equal(said!.modalities, []);
});

test('studies come newest first, page by page, those without a date last', async () => {
  const dates = ['20250101', '', '20260301', '20251231'];
  const { store, asked } = open(() => json(dates.map((date, nth) => rowOf(nth, date))));
  store.set({ name: 'Muster', modality: 'CT' });
  await store.find();
  assert.equal(
    store.found.value?.studies.map(({ date }) => date),
    ['20260301', '20251231', '20250101', ''],
  );
  assert.is(store.found.value?.hasMore, false);
  assert.equal(queryOfPath(asked[0]!.path), {
    ...{ PatientName: '*Muster*', ModalitiesInStudy: 'CT', includefield: '00081030' },
    ...{ limit: `${PAGE}`, offset: '0' },
  });
});

test('nobody is searched for by a name or an ID while names are hidden', async () => {
  const { store, asked } = open(() => json([rowOf(1)]));
  store.set({ name: 'Muster', patientID: 'P-1', modality: 'CT' });
  hideNames(true);
  await store.find();
  hideNames(false);
  await store.find();
  const named = { PatientName: '*Muster*', PatientID: '*P-1*' };
  const page = { ModalitiesInStudy: 'CT', includefield: '00081030', limit: `${PAGE}`, offset: '0' };
  assertEach(asked, ({ path }) => queryOfPath(path), [page, { ...named, ...page }]);
});

test('more is the next page of the same search, until the PACS has no more', async () => {
  const { store, asked, noted } = open(paged(PAGE + 1));
  store.set({ name: 'A' });
  await store.find();
  assert.equal([store.found.value?.studies.length, store.found.value?.hasMore], [PAGE, true]);
  store.set({ name: 'B' });
  await store.more();
  const { PatientName, offset } = queryOfPath(asked[1]!.path);
  assert.equal([PatientName, offset], ['*A*', `${PAGE}`]);
  assert.equal([store.found.value?.studies.length, store.found.value?.hasMore], [PAGE + 1, false]);
  await store.more();
  assert.is(asked.length, 2);
  assert.equal(noted, [0, 1], 'the browser is told before each request to note no address');
});

test('a PACS that knows no pages, and one that gives ten thousand rows, end the list', async () => {
  const same = open(() => json(rowsOf(PAGE)));
  await same.store.find();
  await same.store.more();
  const { found } = same.store;
  assert.equal(
    [found.value?.studies.length, found.value?.hasMore, found.value?.isFull],
    [PAGE, false, false],
  );
  const flood = open(() => json(rowsOf(10_000)));
  await flood.store.find();
  const { studies, hasMore, isFull } = flood.store.found.value!;
  assert.equal([studies.length, hasMore, isFull], [Math.min(HELD_LIMIT, ROWS_READ), false, true]);
});

test('an answer without an end is left, and said to be too large', async () => {
  let pieces = 0;
  const { store } = open(() => {
    const pull = (to: ReadableStreamDefaultController) => {
      pieces += 1;
      to.enqueue(new Uint8Array(1024 * 1024).fill(0x20));
    };
    return new Response(new ReadableStream({ pull }), {
      headers: { 'content-type': 'application/dicom+json' },
    });
  });
  await store.find();
  assert.is(store.trouble.value?.title, 'There are too many results.');
  assert.ok(pieces <= ANSWER_BYTES_LIMIT / 1024 / 1024 + 3, 'it is not read on');
});

test('a search that fails says why and what to do, and shows nothing of the search before', async () => {
  const cut = () => {
    const start = (to: ReadableStreamDefaultController) => to.error(new TypeError('cut'));
    return new Response(new ReadableStream({ start }));
  };
  const answers: readonly [Answering, RegExp, RegExp][] = [
    [() => refusal(501, 'pacs-without-dicomweb'), /not support search/, /“By UID”/],
    [() => refusal(502, 'pacs-unreachable'), /is not responding/, /in a moment/],
    [() => refusal(502, 'pacs-declined'), /did not return/, /Fill in fewer fields/],
    [unreachable, /gateway is not responding/, /./],
    [cut, /gateway is not responding/, /./],
    [() => new Response('<p>', { headers: { 'content-type': 'text/html' } }), /Something other/, /./],
    [() => new Response('no JSON'), /could not understand/, /./],
    [() => json({}), /could not understand/, /./],
  ];
  for (const [answer, title, next] of answers) {
    let given: Answering = () => json(rowsOf(1));
    const { store } = open((asked) => given(asked));
    await store.find();
    assert.is(store.found.value?.studies.length, 1);
    given = answer;
    await store.find();
    assert.is(store.found.value, null);
    assert.match(store.trouble.value?.title ?? '', title);
    assert.match(store.trouble.value?.next ?? '', next);
  }
});

test('a page that fails leaves what was found, and can be asked for again', async () => {
  let isAway = false;
  const { store } = open((asked) => (isAway ? unreachable() : paged(PAGE + 1)(asked)));
  await store.find();
  isAway = true;
  await store.more();
  assert.equal([store.found.value?.studies.length, store.trouble.value?.kind], [PAGE, 'wait']);
  isAway = false;
  await store.more();
  assert.equal([store.found.value?.studies.length, store.trouble.value], [PAGE + 1, null]);
});

test('closing erases names and what was typed, also of an answer on its way', async () => {
  let answer: (rows: Response) => void = () => undefined;
  const waiting = new Promise<Response>((resolve) => {
    answer = resolve;
  });
  let isFirst = true;
  const { store, asked } = open(() => {
    const given = isFirst ? json(rowsOf(1)) : waiting;
    isFirst = false;
    return given;
  });
  store.set({ name: 'Muster', patientID: 'P-1' });
  await store.find();
  assert.is(store.found.value?.studies.length, 1);
  const second = store.find();
  assert.ok(await untilRead(() => asked.length === 2));
  store.close();
  answer(json(rowsOf(1)));
  await second;
  assert.equal([store.found.value, store.criteria.value, store.isAsking.value], [null, NO_CRITERIA, false]);
});

test('nothing is asked with the token of somebody else', async () => {
  const { store, asked } = open(paged(1), 'tom');
  await store.find();
  assert.equal([asked.length, store.found.value], [0, null]);
  assert.match(store.trouble.value?.title ?? '', /Someone else/);
});

test('a search that looked only at the newest of a person’s studies says so', async () => {
  const { store } = open(() => Response.json(rowsOf(1), { headers: { warning: '299 RelayPACS "Only"' } }));
  await store.find();
  assert.is(store.found.value?.isCut, true);
});

test.run();
