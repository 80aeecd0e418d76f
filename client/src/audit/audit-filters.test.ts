import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseRoute, hrefOf } from '../kit/routes.ts';
import {
  EVERYTHING,
  isNarrowed,
  parseFilters,
  queryOf,
  readSubject,
  writeFilters,
  type AuditFilters,
} from './audit-filters.ts';

const test = suite('the filters of the audit trail');

const ID = '6f1c2d3e-0000-4000-8000-000000000001';
const NOW = new Date(2026, 4, 20, 15, 30);
const iso = (...parts: [number, number, number]) => new Date(...parts).toISOString();
const ask = (some: Partial<AuditFilters>, uid = '') =>
  Object.fromEntries(new URLSearchParams(queryOf({ filters: { ...EVERYTHING, ...some }, uid }, NOW)));

test('stand in the address and are read from it again, all of them together too', () => {
  const filters: AuditFilters = {
    ...{ period: 'days', from: '2026-05-01', to: '2026-05-02' },
    ...{ person: ID, kind: 'sign-ins', outcome: 'failed', study: ID, case: ID, device: ID },
  };
  const query = writeFilters(filters);
  assert.equal(parseFilters(query), filters);
  assert.equal(parseRoute(hrefOf({ page: 'audit', query })), { page: 'audit', query });
  assert.is(writeFilters(EVERYTHING), '');
  assert.equal([isNarrowed(EVERYTHING), isNarrowed(filters)], [false, true]);
});

test('that an address makes up are as if they were not there', () => {
  for (const query of [
    ...[
      'person=anna',
      'person=1',
      'device=1',
      'kind=__proto__',
      'kind=toString',
      'outcome=0',
      'study=1.2.840',
      'case=0',
      'case=-1',
    ],
    ...['case=9999999999', 'period=days&from=2026-13-01', 'period=days&to=0001-01-01', 'period=forever'],
    ...['from=2026-05-01', `person=${ID.toUpperCase()}`, 'constructor=1', '%', '&&&=='],
  ])
    assert.is(
      isNarrowed({ ...parseFilters(query), period: '' }) || parseFilters(query).from !== '',
      false,
      query,
    );
});

test('ask for whole days of this person’s calendar, the last one included', () => {
  assert.equal(ask({}), {});
  assert.equal(ask({ period: 'today' }), { from: iso(2026, 4, 20) });
  assert.equal(ask({ period: 'yesterday' }), { from: iso(2026, 4, 19), to: iso(2026, 4, 20) });
  assert.equal(ask({ device: ID }), { device: ID });
  assert.equal(ask({ period: '7' }), { from: iso(2026, 4, 14) });
  assert.equal(ask({ period: 'days', from: '2026-05-01', to: '2026-05-31' }), {
    from: iso(2026, 4, 1),
    to: iso(2026, 5, 1),
  });
  assert.equal(ask({ kind: 'reading', outcome: 'failed', case: '12' }, '1.2.3'), {
    kind: 'reading',
    outcome: 'failed',
    case: '12',
    study: '1.2.3',
  });
});

test('tell a case by its number from a study by its UID, and either from anything else', () => {
  assert.equal(readSubject('  '), { kind: 'nothing' });
  assert.equal(readSubject(' 12 '), { kind: 'case', number: '12' });
  assert.equal(readSubject('1.2.840.10008'), { kind: 'uid', uid: '1.2.840.10008' });
  assert.equal(readSubject(` ${ID.toUpperCase()} `), { kind: 'device', id: ID });
  for (const text of [
    'anna',
    ID.slice(1),
    '0',
    '1.',
    '.1',
    '1..2',
    '1.2a',
    `1.${'2'.repeat(79)}`,
    '1234567890',
    '<img>',
    '1.2 3',
  ])
    assert.equal(readSubject(text), { kind: 'wrong' }, text);
});

test.run();
