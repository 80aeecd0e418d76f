/** The address of the dashboard, and what it asks the gateway. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Role } from '#shared/protocol/api.ts';
import {
  daysIn,
  isExactFor,
  mayAskPatients,
  monthsIn,
  parseFilters,
  PLACES,
  placesFor,
  queryOf,
  USUAL,
  writeFilters,
  type Filters,
} from './analytics-filters.ts';
import { parseRoute } from '../kit/routes.ts';

const test = suite('filters of the dashboard');
const OLD: Filters = { days: '90', sex: 'F', ageBand: '90+', modality: 'CT' };

test('stand in the address, and are read back', () => {
  const query = writeFilters(OLD);
  assert.equal(parseFilters(query), OLD);
  assert.equal(parseRoute(`#/analytics/models?${query}`), { page: 'analytics', id: 'models', query });
  assert.is(writeFilters(USUAL), '');
  assert.equal(parseFilters('days=12&sex=X&ageBand=90+&modality='), USUAL);
});

test('become days that end today', () => {
  const now = new Date('2026-03-01T23:30:00Z');
  assert.is(queryOf(USUAL, now), 'from=2026-01-31&to=2026-03-01');
  assert.is(
    queryOf({ ...OLD, days: '7' }, now),
    'from=2026-02-23&to=2026-03-01&sex=F&ageBand=90%2B&modality=CT',
  );
});

test('know each day and month between', () => {
  assert.equal(daysIn({ from: '2026-02-27', to: '2026-03-01' }), ['2026-02-27', '2026-02-28', '2026-03-01']);
  assert.equal(monthsIn({ from: '2025-12-31', to: '2026-02-01' }), ['2025-12', '2026-01', '2026-02']);
});

test('each role has its pages', () => {
  assert.equal(placesFor(['admin']), ['uploads', 'models', 'reviews']);
  assert.equal(placesFor(['radiologist']), ['models', 'reviews']);
  assert.equal(
    [placesFor(['researcher']), placesFor(['auditor']), placesFor(['technician'])],
    [['uploads', 'models', 'reviews'], ['uploads'], []],
  );
  const exact = (role: Role) => PLACES.filter((place) => isExactFor(place, [role]));
  assert.equal(
    [exact('researcher'), exact('radiologist'), exact('auditor')],
    [['models'], ['models', 'reviews'], ['uploads']],
  );
  assert.equal(
    [
      mayAskPatients('uploads', ['auditor']),
      mayAskPatients('uploads', ['researcher']),
      mayAskPatients('uploads', ['admin']),
    ],
    [false, true, true],
  );
});

test.run();
