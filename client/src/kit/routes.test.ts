import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hrefOf, parseRoute } from './routes.ts';

const LATER = [
  { at: 'results', id: '', beside: '' },
  { at: 'results', id: '0f8b-1', beside: '' },
  { at: 'results', id: '0f8b-1', beside: '0f8b-2' },
  { at: 'infer', id: '', beside: '' },
  { at: 'infer', id: '0f8b-1', beside: '' },
  { at: 'models', id: '', beside: '' },
] as const;

test('every page has an address that leads back to it', () => {
  const results = LATER.map((place) => ({ page: 'results', ...place }) as const);
  for (const route of [
    { page: 'start' },
    { page: 'upload' },
    { page: 'studies' },
    { page: 'needs' },
    { page: 'settings' },
    { page: 'help' },
    { page: 'check' },
    { page: 'admin', at: 'accounts' },
    { page: 'admin', at: 'destinations' },
    { page: 'admin', at: 'destinations', id: '0f8b-1' },
    { page: 'admin', at: 'accounts', id: '0f8b-1' },
    { page: 'admin', at: 'api-keys' },
    { page: 'admin', at: 'dimse-peers' },
    { page: 'admin', at: 'quotas' },
    { page: 'admin', at: 'policies' },
    { page: 'admin', at: 'policies', id: 'research-ct' },
    { page: 'admin', at: 'vault' },
    { page: 'admin', at: 'backups' },
    { page: 'admin', at: 'retention' },
    { page: 'admin', at: 'storage' },
    { page: 'admin', at: 'rules' },
    { page: 'cases', id: '', query: '' },
    { page: 'cases', id: '', query: 'q=7&status=on-hold&sort=due' },
    { page: 'cases', id: '0f8b-1', query: '' },
    { page: 'audit', query: '' },
    { page: 'audit', query: 'period=7&person=0f8b-1&kind=sign-ins' },
    { page: 'sent', id: '0f8b-1' },
    { page: 'reviews', id: '' },
    { page: 'reviews', id: '0f8b-1' },
    { page: 'study', id: '0f8b-1' },
    { page: 'before-after', id: '0f8b-1' },
    { page: 'before-after', id: '0f8b-1', covers: true },
    ...results,
  ] as const) {
    assert.equal(parseRoute(hrefOf(route)), route);
  }
  assert.equal(parseRoute('#/admin'), { page: 'admin', at: 'overview' });
  assert.equal(parseRoute(''), { page: 'start' });
  assert.equal(parseRoute('#'), { page: 'start' });
});

test('an unknown address says so and does nothing', () => {
  for (const hash of [
    '#/study/',
    '#/cases/a/b',
    '#/cases?q=%3Cb%3E',
    '#/study/a/b',
    '#/study/<img>',
    '#/admin/nothing',
    '#/admin/admin',
    '#/admin/rules/0f8b-1',
    '#/admin/vault/0f8b-1',
    '#/admin/destinations/<b>',
    `#/study/${'a'.repeat(65)}`,
    '#/results/a/b/c',
    '#/results/a/<b>',
    '#/studies/a',
    '#/audit/a',
    '#/audit?person=%3Cb%3E',
    '#/sent/',
  ]) {
    assert.equal(parseRoute(hash), { page: 'not-found' }, hash);
  }
});

test.run();
