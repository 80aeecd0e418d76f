/** Filters, orders and pages of the list: what comes page by page is what a sort of all rows gives. */
import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import { CASE_SORTS, CASE_STATUSES, type CaseSort } from '#shared/protocol/cases.ts';
import { defaultSiteId } from '../database/default-site.ts';
import type { Database } from '../database/database.ts';
import { insertAccountOf } from '../testing/add-account.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import type { CaseRow } from './case.store.ts';
import { cursorOf, listCases, parseCursor, type CaseQuery } from './list-cases.ts';

const test = suite('the list of cases');
let database: Database;
let siteId: string;
let rows: readonly CaseRow[];
const BEGAN = Date.UTC(2026, 0, 1);

test.before(async () => {
  database = await openTestDatabase();
  const { db } = database;
  siteId = await defaultSiteId(db);
  const account = await insertAccountOf(db, siteId, 'keeper', ['admin']);
  const made = await db
    .insertInto('case_record')
    .values(
      Array.from({ length: 60 }, (_, at) => ({
        ...{ id: randomUUID(), site_id: siteId, status: CASE_STATUSES[at % 3]!, priority: (at * 7) % 4 },
        due_on: at % 4 === 0 ? null : `2026-03-${String(1 + ((at * 5) % 9)).padStart(2, '0')}`,
        assignee_id: at % 2 === 0 ? account : null,
        ...{ sealed: new Uint8Array(1), wrapped_key: new Uint8Array(1), created_by: account },
        ...{ patient_print: null, expects: null, expected_print: null, closed_at: null },
        created_at: new Date(BEGAN + at * DAY_MS),
        // Many at one moment, as an import makes them.
        changed_at: new Date(BEGAN + (at % 5) * DAY_MS),
      })),
    )
    .returningAll()
    .execute();
  rows = made;
});
test.after(() => database.close());

const KEYS: Readonly<Record<CaseSort, (row: CaseRow) => readonly (string | number)[]>> = {
  newest: ({ number }) => [-number],
  oldest: ({ number }) => [number],
  changed: ({ changed_at, number }) => [-changed_at.getTime(), -number],
  due: ({ due_on, number }) => [due_on ?? '9999', -number],
  priority: ({ priority, number }) => [priority, -number],
};

function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  const at = a.findIndex((part, place) => part !== b[place]);
  return at < 0 ? 0 : a[at]! < b[at]! ? -1 : 1;
}

function fits(
  row: CaseRow,
  { status, priority, dueUntil, from, until, assigneeId, text }: CaseQuery,
): boolean {
  const priorities = ['urgent', 'high', 'routine', 'low'];
  return (
    (status === undefined || (status === 'active' ? row.status !== 'closed' : row.status === status)) &&
    (priority === undefined || row.priority === priorities.indexOf(priority)) &&
    (dueUntil === undefined || (row.due_on !== null && row.due_on <= dueUntil)) &&
    (from === undefined || row.created_at >= from) &&
    (until === undefined || row.created_at < until) &&
    (assigneeId === undefined || row.assignee_id === assigneeId) &&
    (text === undefined || String(row.number) === text)
  );
}

const rarely = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(values, { nil: undefined, freq: 1 });
const anyQuery: fc.Arbitrary<CaseQuery> = fc.record({
  sort: fc.constantFrom(...CASE_SORTS),
  limit: fc.integer({ min: 1, max: 25 }),
  status: rarely(fc.constantFrom('active' as const, ...CASE_STATUSES)),
  priority: rarely(fc.constantFrom('urgent' as const, 'low' as const)),
  dueUntil: rarely(fc.constantFrom('2026-03-04', '2026-02-28')),
  from: rarely(fc.constant(new Date(BEGAN + 9.5 * DAY_MS))),
  until: rarely(fc.constant(new Date(BEGAN + 40 * DAY_MS))),
  assigneeId: rarely(fc.constant(null)),
});

test('page by page comes exactly what fits, in its order, none of it twice', async () => {
  const reader = { id: randomUUID(), siteId, roles: ['admin' as const] };
  await fc.assert(
    fc.asyncProperty(anyQuery, async (query) => {
      const expected = rows
        .filter((row) => fits(row, query))
        .sort((a, b) => compare(KEYS[query.sort](a), KEYS[query.sort](b)));
      const seen: number[] = [];
      for (let after: CaseQuery['after']; ; ) {
        const page = await listCases(database.db, reader, { ...query, after });
        seen.push(...page.rows.map(({ number }) => number));
        if (!page.more) break;
        assert.is(page.rows.length, query.limit);
        after = parseCursor(query.sort, cursorOf(query.sort, page.rows.at(-1)!))!;
        assert.ok(after);
      }
      assert.equal(
        seen,
        expected.map(({ number }) => number),
      );
    }),
    { seed: 16, numRuns: 60 },
  );
});

test('finds a case by its number alone, and none of another site', async () => {
  const one = rows[17]!;
  const ask = async (siteId: string) => {
    const reader = { id: randomUUID(), siteId, roles: ['radiologist' as const] };
    const found = await listCases(database.db, reader, { sort: 'newest', limit: 9, text: `${one.number}` });
    return found.rows.map(({ id }) => id);
  };
  assert.equal(await ask(siteId), [one.id]);
  assert.equal(await ask(randomUUID()), []);
});

test('takes no cursor of another order, and none that nobody made', () => {
  assert.is(parseCursor('due', 'newest~~4'), null);
  assert.is(parseCursor('priority', 'priority~0 or 1=1~4'), null);
  assert.is(parseCursor('changed', 'changed~2026-13-45T99:99:99.999Z~4'), null);
  assert.equal(parseCursor('oldest', 'oldest~~4'), { value: '', number: 4 });
});

test.run();
