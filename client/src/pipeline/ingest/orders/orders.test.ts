/** Orders on the upload page: what fits a study, what a person chose, and what is sent then. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Order, Worklist } from '#shared/protocol/worklist.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { summariseKept } from '../../deid/summarise-kept.ts';
import { openTitle } from '../../queue/rows/open-title.ts';
import { filesOf, openIngest } from '../../../testing/open-ingest.ts';
import type { IngestStore } from '../found/found-study.ts';
import { areNamesAlike, fitOrders, isSamePerson } from './fit-orders.ts';
import { createOrders, orderOf, withOrder } from '../found/orders.ts';

const test = suite('orders of found studies');

const ORDER: Order = {
  patientName: 'Ordered^Olga',
  patientId: 'P-1',
  issuer: null,
  birthDate: null,
  sex: null,
  accessionNumber: 'A-1',
  procedureId: null,
  stepId: null,
  description: null,
  modality: 'CT',
  scheduledOn: '2026-11-23',
  scheduledAt: null,
};
const STUDY = { patientId: 'P-1 ', accessionNumber: '', modalities: ['CT'] };
const answer = (orders: readonly Order[], silent: string[] = []): Worklist => ({
  orders: [...orders],
  isSetUp: true,
  silent,
  isCut: false,
});
const asCr: Order = { ...ORDER, accessionNumber: 'A-2', modality: 'CR' };
const others: Order = { ...ORDER, patientId: 'P-2', accessionNumber: 'A-3' };

test('an order fits by patient, and among several by modality or by its number', () => {
  assert.equal(fitOrders(STUDY, [others]), { kind: 'none' });
  assert.equal(fitOrders(STUDY, [others, ORDER]), { kind: 'fits', orders: [ORDER] });
  assert.equal(fitOrders(STUDY, [asCr, ORDER]), { kind: 'fits', orders: [ORDER] });
  assert.equal(fitOrders({ ...STUDY, modalities: ['MR'] }, [asCr, ORDER]), {
    kind: 'fits',
    orders: [asCr, ORDER],
  });
  assert.equal(fitOrders({ ...STUDY, accessionNumber: 'A-2' }, [asCr, ORDER]), {
    kind: 'fits',
    orders: [asCr],
  });
});

test('the same ID with another name or birth date is not taken for the same person', () => {
  const person = { patientId: 'P-1', patientName: 'Ordered^Olga', patientBirthDate: '19500101' };
  assert.ok(isSamePerson(person, ORDER));
  assert.ok(isSamePerson(person, { ...ORDER, birthDate: '1950-01-01' }));
  assert.ok(isSamePerson({ ...person, patientName: '' }, ORDER), 'a name that is not there says nothing');
  assert.not.ok(isSamePerson(person, { ...ORDER, birthDate: '1990-05-05' }));
  assert.not.ok(isSamePerson(person, { ...ORDER, patientName: 'Zimmer^Otto' }));
  assert.not.ok(isSamePerson(person, others));
});

test('names are the same in other spellings, with fewer words and as initials, and no others are', () => {
  for (const [one, other] of [
    ['MUELLER^ANNA', 'Müller^Anna Maria^^Dr.'],
    ['Smith^J', 'SMITH^JOHN'],
    ['Huber', 'Huber^Maria'],
    ['Yamada^Tarou=山田^太郎', '山田^太郎'],
    ['O’Neil^Sean', "O'NEIL^SEAN"],
  ] as const) {
    assert.ok(areNamesAlike(one, other), `${one} ${other}`);
    assert.ok(areNamesAlike(other, one), `${other} ${one}`);
  }
  for (const [one, other] of [
    ['SCHMIDT^CARLA', 'SCHMITT^KARLA'],
    ['Berger^Lisa', 'Zimmer^Otto'],
    ['Huber^Maria', 'Huber^Martha'],
    ['Study^Ann', 'Order^Ann'],
  ] as const)
    assert.not.ok(areNamesAlike(one, other), `${one} ${other}`);
});

test('a study with the number of another patient’s order is pointed out', () => {
  assert.equal(fitOrders({ ...STUDY, accessionNumber: 'A-3' }, [others, ORDER]), {
    kind: 'differs',
    order: others,
  });
});

test('a day is asked once, and again where a worklist was silent or nobody answered', async () => {
  const answers = [answer([]), null, answer([], ['RIS']), answer([ORDER])];
  let asked = 0;
  const orders = createOrders({
    askOrders: async () => answers[asked++] ?? null,
    noteOrder: async () => null,
  });
  assert.equal(await orders.on('2026-11-22'), answer([]));
  await orders.on('2026-11-22');
  assert.is(asked, 1);
  assert.is(await orders.on('2026-11-23'), null);
  assert.equal((await orders.on('2026-11-23'))?.silent, ['RIS']);
  assert.equal((await orders.on('2026-11-23'))?.orders, [ORDER]);
  await orders.on('2026-11-23');
  assert.is(asked, 4);
});

test('an order is chosen once the gateway has noted it, and forgotten with the list', async () => {
  let chosenAt: string | null = null;
  const { store } = await openIngest({ tools: { noteOrder: async () => chosenAt } });
  assert.is(await store.orders.choose('1.2.3', ORDER), false);
  assert.is(store.orders.chosen.value.size, 0);
  chosenAt = '2026-11-23T08:00:00.000Z';
  assert.is(await store.orders.choose('1.2.3', ORDER), true);
  assert.equal(store.orders.chosen.value.get('1.2.3'), { order: ORDER, chosenAt });
  await store.orders.choose('1.2.4', ORDER);
  store.orders.drop('1.2.4');
  assert.equal([...store.orders.chosen.value.keys()], ['1.2.3']);
  store.clear();
  assert.is(store.orders.chosen.value.size, 0);
});

test('the last word on a study holds, whichever answer comes last', async () => {
  const answers: (() => void)[] = [];
  const orders = createOrders({
    askOrders: async () => null,
    noteOrder: () => new Promise((resolve) => answers.push(() => resolve('2026-11-23T08:00:00.000Z'))),
  });
  const choices = [others, ORDER].map((order) => orders.choose('1.2.3', order));
  choices.push(orders.choose('1.2.4', ORDER));
  orders.drop('1.2.4');
  for (const answerNow of answers.toReversed()) answerNow();
  await Promise.all(choices);
  const chosen = [...orders.chosen.value].map(([study, { order }]) => [study, order]);
  assert.equal(chosen, [['1.2.3', ORDER]]);
});

test('a study is sent without its order once it has instances of another patient too', async () => {
  const orders = createOrders({
    askOrders: async () => null,
    noteOrder: async () => '2026-11-23T08:00:00.000Z',
  });
  await orders.choose('1.2.3', ORDER);
  const people = new Map([['P-1', { name: 'A', id: 'P-1' }]]);
  assert.is(orderOf(orders, { studyInstanceUID: '1.2.3', people })?.order, ORDER);
  people.set('P-2', { name: 'B', id: 'P-2' });
  assert.is(orderOf(orders, { studyInstanceUID: '1.2.3', people }), undefined);
});

test('only a policy that keeps names sends a study under its order', () => {
  const chosen = { order: ORDER, chosenAt: '2026-11-23T08:00:00.000Z' };
  assert.equal(withOrder({ kind: 'identified' }, chosen), { kind: 'identified', order: chosen });
  assert.equal(withOrder({ kind: 'identified' }, undefined), { kind: 'identified' });
  const removing = { kind: 'deidentified' } as Parameters<typeof withOrder>[0];
  assert.is(withOrder(removing, chosen), removing);
});

async function shownOf({ inspection }: IngestStore, studyInstanceUID: string) {
  const [found] = inspection.seriesOf(studyInstanceUID)[0]!.files;
  const compared = await inspection.compare(
    { studyInstanceUID, found: found! },
    new AbortController().signal,
  );
  if (compared?.kind !== 'compared') throw assert.unreachable(String(compared?.kind));
  return compared.rows;
}

test('before Send the screen says which values the order replaces, each because of the order', async () => {
  const { store } = await openIngest({ tools: { noteOrder: async () => '2026-11-23T08:00:00.000Z' } });
  const study = syntheticStudy({ seed: 31, instancesPerSeries: 1, rows: 16, columns: 16 });
  await store.addFiles(filesOf(study));
  const kept = await shownOf(store, study.studyInstanceUID);
  assert.equal(summariseKept(kept), { kind: 'unchanged' });
  await store.orders.choose(study.studyInstanceUID, ORDER);
  const rows = await shownOf(store, study.studyInstanceUID);
  const summary = summariseKept(rows);
  if (summary.kind !== 'ordered') throw assert.unreachable(summary.kind);
  for (const keyword of ['PatientName', 'PatientID', 'AccessionNumber'])
    assert.ok(summary.keywords.includes(keyword), keyword);
  assert.not.ok(summary.keywords.includes('OriginalAttributesSequence'));
  const changed = rows.filter(
    ({ change, item }) => change !== 'kept' && change !== 'inside' && item === null,
  );
  assert.equal(new Set(changed.map(({ because }) => because)), new Set(['ordered']));
  const stay = rows.filter(({ change }) => change === 'kept');
  assert.not.ok(stay.some(({ because }) => because === 'ordered'));
});

test('a study is listed by the patient of its order, and by its own where it has none', async () => {
  const device = await openIngest({ tools: { noteOrder: async () => '2026-11-23T08:00:00.000Z' } });
  const { store } = device;
  const ordered = syntheticStudy({ seed: 32, instancesPerSeries: 1, rows: 16 });
  const without = syntheticStudy({ seed: 33, instancesPerSeries: 1, rows: 16 });
  await store.addFiles([...filesOf(ordered), ...filesOf(without)]);
  await store.orders.choose(ordered.studyInstanceUID, ORDER);
  const own = store.studies.value.find((found) => found.studyInstanceUID === without.studyInstanceUID)!;
  await store.send();
  const rows = await device.database.studies.toArray();
  const opened = await Promise.all(rows.map(({ id, title }) => openTitle(device.key, id, title!)));
  const titles = opened.map(({ patientName, patientId, patientBirthDate, accessionNumber }) =>
    [patientName, patientId, patientBirthDate === '', accessionNumber].join(' '),
  );
  assert.equal(
    titles.toSorted(),
    [
      ['Ordered^Olga', 'P-1', true, 'A-1'].join(' '),
      [own.patientName, own.patientId, false, own.accessionNumber].join(' '),
    ].toSorted(),
  );
});

test.run();
