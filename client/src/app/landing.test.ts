import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Role } from '#shared/protocol/api.ts';
import { landingOf } from './landing.ts';

const test = suite('where a role begins');

const begins = (...roles: Role[]) => landingOf({ page: 'start' }, { roles }).page;

test('a technician begins with a study, a radiologist with results, others with what they may do', () => {
  assert.equal(
    [begins('technician'), begins('admin'), begins('radiologist'), begins('researcher'), begins('auditor')],
    ['upload', 'upload', 'results', 'start', 'start'],
  );
  assert.is(begins('radiologist', 'technician'), 'upload');
  assert.is(begins('auditor', 'researcher'), 'start');
});

test('an auditor gets no upload page, and those who may send get it when they ask for it', () => {
  const asks = (...roles: Role[]) => landingOf({ page: 'upload' }, { roles }).page;
  assert.equal([asks('auditor'), asks('radiologist'), asks('researcher')], ['start', 'upload', 'upload']);
});

test('an address of a page leads to that page, for everybody', () => {
  for (const roles of [['auditor'], ['technician']] as const)
    assert.equal(landingOf({ page: 'study', id: 'a' }, { roles: [...roles] }), { page: 'study', id: 'a' });
  assert.equal(landingOf({ page: 'start' }, null), { page: 'upload' });
});

test('the pages of cases are there for all but auditors', () => {
  const asks = (...roles: Role[]) => landingOf({ page: 'cases', id: '', query: '' }, { roles }).page;
  assert.equal(
    [asks('technician'), asks('radiologist'), asks('researcher'), asks('auditor')],
    ['cases', 'cases', 'cases', 'not-found'],
  );
});

test('the page of exports is there for who may export', () => {
  const asks = (...roles: Role[]) => landingOf({ page: 'exports' }, { roles }).page;
  assert.equal(
    [asks('technician'), asks('radiologist'), asks('researcher'), asks('admin'), asks('auditor')],
    ['not-found', 'exports', 'exports', 'exports', 'not-found'],
  );
});

test('the pages of reviews are there for those who read, and those who assign', () => {
  const asks = (...roles: Role[]) => landingOf({ page: 'reviews', id: '' }, { roles }).page;
  assert.equal(
    [asks('radiologist'), asks('admin'), asks('technician'), asks('researcher', 'auditor')],
    ['reviews', 'reviews', 'not-found', 'not-found'],
  );
});

test('the audit trail is there for auditors and administrators', () => {
  const asks = (...roles: Role[]) => landingOf({ page: 'audit', query: '' }, { roles }).page;
  assert.equal(
    [asks('auditor'), asks('admin'), asks('technician', 'radiologist'), asks('researcher')],
    ['audit', 'audit', 'not-found', 'not-found'],
  );
});

test('the pages for administrators are not there for anybody else', () => {
  const asks = (...roles: Role[]) => landingOf({ page: 'admin', at: 'destinations' }, { roles }).page;
  assert.equal([asks('admin'), asks('auditor', 'technician')], ['admin', 'not-found']);
});

test.run();
