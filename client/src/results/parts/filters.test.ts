import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ALL, beginOf, isFiltered, parseFilters, queryOf, writeFilters } from './filters.ts';

const NOW = new Date(2026, 10, 20, 15, 30);

test('the gateway is asked for the chosen filters', () => {
  assert.is(queryOf(ALL, 'me', NOW, { limit: 30 }), 'folded=1&limit=30');
  const query = new URLSearchParams(
    queryOf(
      { model: 'pneumonia', study: '1.2.3', period: 'week', whose: 'mine', verdict: 'none' },
      'me',
      NOW,
      {
        limit: 30,
        cursor: 'c',
      },
    ),
  );
  assert.equal(Object.fromEntries(query), {
    user: 'me',
    model: 'pneumonia',
    study: '1.2.3',
    verdict: 'none',
    folded: '1',
    from: new Date(NOW.getTime() - 7 * 86_400_000).toISOString(),
    limit: '30',
    cursor: 'c',
  });
});

test('today begins at midnight of this device', () => {
  assert.is(beginOf('today', NOW), new Date(2026, 10, 20).toISOString());
  assert.is(beginOf('any', NOW), null);
});

test('filters persist for the person who chose them, and for no one else', () => {
  const chosen = { ...ALL, model: 'pneumonia', whose: 'mine' } as const;
  assert.ok(isFiltered(chosen));
  assert.equal(parseFilters(writeFilters(chosen, 'me'), 'me'), chosen);
  assert.equal(parseFilters(writeFilters(chosen, 'me'), 'her'), ALL);
});

test('stored values of another version, or that are not filters, are ignored', () => {
  for (const kept of [
    null,
    '',
    '{',
    '[]',
    '7',
    '{"owner":"me","period":"century","model":7}',
    JSON.stringify({ owner: 'me', study: '1'.repeat(65) }),
    JSON.stringify({ owner: 'me', query: 7 }),
    '{"owner":"me","query":"period=century&verdict=&whose"}',
    JSON.stringify({ owner: 'me', query: `study=${'1'.repeat(65)}` }),
  ]) {
    assert.equal(parseFilters(kept, 'me'), ALL, String(kept));
  }
});

test.run();
