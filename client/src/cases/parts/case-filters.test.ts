import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CASE_FILTERS } from '#shared/protocol/case-views.ts';
import {
  CASES,
  CHOICE_NAMES,
  isFiltered,
  queryOf,
  USUAL,
  writeFilters,
  type CaseFilters,
} from './case-filters.ts';

const { parse: parseFilters } = CASES;
const test = suite('the filters of the list of cases');

const anyDay = fc.constantFrom('', '2026-01-31', '2026-03-01');
const anyFilters = fc
  .record(
    {
      ...Object.fromEntries(CHOICE_NAMES.map((name) => [name, fc.constantFrom(...CASE_FILTERS[name])])),
      from: anyDay,
      to: anyDay,
      q: fc.constantFrom('', '7', '123456789'),
    },
    { noNullPrototype: true },
  )
  .map((any) => {
    const filters = any as CaseFilters;
    return filters.opened === 'days' ? filters : { ...filters, from: '', to: '' };
  });

test('every choice comes back from the address of the page', async () => {
  await fc.assert(
    fc.property(anyFilters, (filters) => assert.equal(parseFilters(writeFilters(filters)), filters)),
  );
  assert.is(writeFilters(USUAL), '');
});

test('an address of anybody’s making lists what is usual', () => {
  assert.equal(parseFilters('status=deleted&sort=%00&q=M%C3%BCller&nothing&from=2026-01-01'), USUAL);
  const { from, to } = parseFilters('opened=days&from=2026-02-30&to=0001-01-01');
  assert.equal([from, to], ['', '']);
  assert.is(isFiltered(USUAL), false);
  assert.is(isFiltered({ ...USUAL, sort: 'due' }), false);
  assert.is(isFiltered({ ...USUAL, status: '' }), true);
});

test('a search for a UID, or for anything that may be a name, does not come into the address', () => {
  assert.is(writeFilters({ ...USUAL, q: '1.2.840.1' }), '');
  assert.is(writeFilters({ ...USUAL, q: 'Yamada' }), '');
});

test('asks for cases that were opened within days of UTC, the last one included', () => {
  const page = { now: new Date('2026-03-31T23:30:00Z'), cursor: null, isAnonymous: false };
  const asked = (some: Partial<CaseFilters>) => {
    const query = new URLSearchParams(queryOf({ ...USUAL, ...some }, page));
    assert.is(query.has('opened'), false);
    return [query.get('from'), query.get('to')];
  };
  assert.equal(asked({}), [null, null]);
  assert.equal(asked({ opened: '7' }), ['2026-03-25T00:00:00.000Z', null]);
  assert.equal(asked({ opened: '365' }), ['2025-04-01T00:00:00.000Z', null]);
  const days = { opened: 'days', from: '2026-01-01', to: '2026-03-31' } as const;
  assert.equal(asked(days), ['2026-01-01T00:00:00.000Z', '2026-04-01T00:00:00.000Z']);
  assert.equal(asked({ ...days, from: '' }), [null, '2026-04-01T00:00:00.000Z']);
});

test('asks the gateway for the days of this device’s calendar', () => {
  const page = { now: new Date(2026, 2, 1, 12), cursor: null, isAnonymous: false };
  const until = (due: CaseFilters['due']) =>
    new URLSearchParams(queryOf({ ...USUAL, due }, page)).get('dueUntil');
  assert.equal([until(''), until('overdue'), until('week')], [null, '2026-02-28', '2026-03-08']);
  const said = queryOf({ ...USUAL, q: 'Yamada' }, { ...page, isAnonymous: true, cursor: 'newest~~4' });
  assert.is(said, 'status=active&sort=newest&cursor=newest%7E%7E4&anonymise=1');
});

test('looks for a case by its number among closed ones too, unless another state is chosen', () => {
  const page = { now: new Date(), cursor: null, isAnonymous: false };
  assert.is(queryOf({ ...USUAL, q: '28' }, page), 'q=28&sort=newest');
  assert.is(queryOf({ ...USUAL, q: '28', status: 'open' }, page), 'q=28&status=open&sort=newest');
  assert.is(queryOf({ ...USUAL, q: '1.2.840' }, page), 'q=1.2.840&status=active&sort=newest');
});

test.run();
