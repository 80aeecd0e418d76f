/** Orders on the upload page: what fits a study, what a person chose, and what is sent then. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Order, Worklist } from '#shared/protocol/worklist.ts';
import { openIngest } from '../../testing/open-ingest.ts';
import { fitOrders } from './fit-orders.ts';
import { createOrders, orderOf, withOrder } from './orders.ts';

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

test.run();
