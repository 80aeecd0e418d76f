/** Changes of several cases, and their undoing: each case is as it was before, and those that refused stay named. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { z } from 'zod';
import type { BulkChange } from '#shared/protocol/case-bulk.ts';
import type { ListedCase } from '#shared/protocol/cases.ts';
import type { ApiClient, RequestOptions } from '../net/api-client.ts';
import { createBulkStore } from './bulk.store.ts';
import { assertEach } from '../testing/assert-each.ts';

const CASE: ListedCase = {
  id: '',
  number: 0,
  version: 1,
  title: 'A case',
  tags: ['old'],
  status: 'open',
  priority: 'low',
  dueOn: null,
  assignee: null,
  pseudonym: null,
  expects: null,
  modalities: [],
  studyCount: 0,
  isEarly: false,
  finding: 'not-examined',
  reading: null,
  isDisputed: false,
  createdBy: 'somebody',
  createdAt: '2026-11-01T00:00:00.000Z',
  changedAt: '2026-11-01T00:00:00.000Z',
  closedAt: null,
};
const caseOf = (number: number, some: Partial<ListedCase> = {}): ListedCase => ({
  ...CASE,
  number,
  id: `00000000-0000-4000-8000-00000000000${number}`,
  ...some,
});

/** Answers as the gateway does: a change of another version than the present one is refused. */
function openSite(cases: readonly ListedCase[]) {
  const held = new Map(cases.map((of) => [of.id, { ...of }]));
  const apply = ({ id, version, set, close, reopen }: BulkChange) => {
    const of = held.get(id);
    const refused = of === undefined ? 'not-found' : of.version !== version ? 'case-changed' : null;
    if (of === undefined || refused !== null) return { id, version: null, refused };
    const { assigneeId, ...plain } = set ?? {};
    const assignee = assigneeId === undefined ? of.assignee : assigneeId && { id: assigneeId, username: 'x' };
    const status = close ? 'closed' : reopen ? 'open' : (plain.status ?? of.status);
    held.set(id, { ...of, ...plain, assignee: assignee || null, status, version: version + 1 } as ListedCase);
    return { id, version: version + 1, refused: null };
  };
  const api: Pick<ApiClient, 'json'> = {
    json: async <T>(_path: string, schema: z.ZodType<T>, { body }: RequestOptions = {}) =>
      schema.parse({ cases: (body as { changes: BulkChange[] }).changes.map(apply) }),
  };
  return { store: createBulkStore(api, 'Undone'), at: (of: ListedCase) => held.get(of.id)! };
}
const withoutVersion = ({ version: _, ...rest }: ListedCase): Omit<ListedCase, 'version'> => rest;

test('a change is undone for each case as that one was before', async () => {
  const cases = [
    caseOf(1),
    caseOf(2, { priority: 'high', tags: ['round'], assignee: { id: CASE_ID, username: 'x' } }),
  ];
  const { store, at } = openSite(cases);
  store.choose(cases.map(({ id }) => id));
  assert.ok(
    await store.apply(cases, { kind: 'change', set: { priority: 'urgent', assigneeId: null, tag: 'round' } }),
  );
  assertEach(cases, (of) => [at(of).priority, at(of).tags, at(of).assignee], [
    ['urgent', ['old', 'round'], null],
    ['urgent', ['round'], null],
  ]);
  assert.equal([store.result.value?.done, store.chosen.value.size, store.mayUndo.value], [2, 0, true]);
  assert.ok(await store.undo());
  for (const of of cases) assert.equal(withoutVersion(at(of)), withoutVersion(of));
  assert.equal([store.result.value?.kind, store.mayUndo.value], ['undone', false]);
});
const CASE_ID = '00000000-0000-4000-8000-000000000099';

test('closing is undone too, and a case that was on hold is so again', async () => {
  const cases = [caseOf(1), caseOf(2, { status: 'on-hold' })];
  const { store, at } = openSite(cases);
  await store.apply(cases, { kind: 'close', reason: '' });
  for (const of of cases) assert.is(at(of).status, 'closed');
  await store.undo();
  for (const of of cases) assert.is(at(of).status, of.status);
});

test('a case that refuses is named with its number, and undoing leaves it alone', async () => {
  const first = caseOf(1);
  const changed = caseOf(2);
  const { store, at } = openSite([first, { ...changed, version: 2 }]);
  await store.apply([first, changed], { kind: 'change', set: { priority: 'urgent' } });
  assert.equal(store.result.value, {
    kind: 'change',
    done: 1,
    refused: [{ number: 2, code: 'case-changed' }],
  });
  await store.undo();
  assert.equal([at(first).priority, at(first).version, at(changed).version], ['low', 3, 2]);
});

test.run();
