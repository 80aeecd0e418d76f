/** The list’s choice: it stays while the window is open, and Send ends what narrows it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { endNarrowing, KEPT_CHOICE } from '../pipeline/queue/kept-choice.ts';
import { EVERYTHING, firstChoice, isNarrowed } from './list-choice.ts';
import { createDayList } from './day-list.ts';
import { ownStorage } from '../testing/own-storage.ts';

const ME = 'account-1';
const OTHER = 'account-2';

test('a filter stays while the window is open, and a searched name is written nowhere', () => {
  const storage = ownStorage();
  const narrowed = { ...EVERYTHING, text: 'Doe', shown: 'taken-back', sort: 'name' } as const;
  const choice = { ...narrowed, whose: 'of-the-site' } as const;
  createDayList(storage, ME).choice.value = choice;
  assert.equal(createDayList(storage, ME).choice.value, { ...choice, text: '' });
  assert.not.match([...storage.kept.values()].join(), 'Doe');
});

test('readers see first what arrived at the site, until they choose; those who send their own', () => {
  assert.is(firstChoice({ roles: ['radiologist', 'technician'] }).whose, 'own');
  assert.is(firstChoice(null).whose, 'own');
  const storage = ownStorage();
  const { choice, begin } = createDayList(storage, ME);
  begin(firstChoice({ roles: ['radiologist'] }));
  assert.equal([choice.value.whose, choice.value.period], ['of-the-site', 'today']);
  choice.value = EVERYTHING;
  const next = createDayList(storage, ME);
  next.begin(firstChoice({ roles: ['radiologist'] }));
  assert.is(next.choice.value.whose, 'own');
});

test('to open the list is no choice, and nobody gets the choice of the person before', () => {
  const storage = ownStorage();
  createDayList(storage, ME).begin(EVERYTHING);
  assert.is(storage.kept.size, 0);
  const back = createDayList(storage, ME).choice;
  back.value = { ...EVERYTHING, period: 'today' };
  back.value = EVERYTHING;
  assert.is(createDayList(storage, ME).choice.value.period, 'any');
  createDayList(storage, ME).choice.value = { ...EVERYTHING, shown: 'taken-back' };
  const { choice, begin } = createDayList(storage, OTHER);
  begin(firstChoice({ roles: ['radiologist'] }));
  assert.equal([choice.value.whose, choice.value.shown], ['of-the-site', 'all']);
});

test('after Send no filter hides the study that was sent; order and groups stay', () => {
  const storage = ownStorage();
  createDayList(storage, ME).choice.value = {
    ...EVERYTHING,
    whose: 'of-the-site',
    shown: 'taken-back',
    period: 'yesterday',
    names: 'kept',
    sort: 'oldest',
    byPatient: true,
  };
  endNarrowing(storage);
  const { choice, begin } = createDayList(storage, ME);
  begin(firstChoice({ roles: ['radiologist'] }));
  assert.not.ok(isNarrowed(choice.value));
  assert.equal(choice.value, { ...EVERYTHING, sort: 'oldest', byPatient: true });
});

test('a choice that cannot be read is no choice', () => {
  const storage = ownStorage();
  storage.setItem(KEPT_CHOICE, '{');
  endNarrowing(storage);
  assert.equal(createDayList(storage, ME).choice.value, EVERYTHING);
});

test.run();
