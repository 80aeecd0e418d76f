import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hrefOf, parseRoute } from './routes.ts';

test('every page has an address that leads back to it', () => {
  for (const route of [{ page: 'upload' }, { page: 'queue' }, { page: 'study', id: '0f8b-1' }] as const) assert.equal(parseRoute(hrefOf(route)), route);
  assert.equal(parseRoute(''), { page: 'upload' });
});

test('an address that is no page says so and does nothing', () => {
  for (const hash of ['#/study/', '#/study/a/b', '#/study/<img>', '#/admin', `#/study/${'a'.repeat(65)}`]) {
    assert.equal(parseRoute(hash), { page: 'not-found' }, hash);
  }
});

test.run();
