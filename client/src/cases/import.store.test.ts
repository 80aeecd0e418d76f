/** A CSV file on its way in: looked at first, mapped by hand, and taken once, also when an answer was lost. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CaseImport } from '#shared/protocol/case-csv.ts';
import type { ApiClient } from '../net/api-client.ts';
import { createImportStore } from './import.store.ts';
import { assertEach } from '../testing/assert-each.ts';

const REPORT: CaseImport = {
  isImported: false,
  columns: [
    { header: 'Betreff', field: null },
    { header: 'title', field: 'title' },
    { header: 'Auftrag', field: null },
  ],
  preview: [['a', 'b', 'c']],
  rows: 1,
  opened: 1,
  changed: 0,
  unchanged: 0,
  wrongRows: 0,
  wrong: [],
  repeatedRows: 0,
  repeated: [],
};

/** The queries as they come; those whose place is in `lost` get no answer. */
function openApi(lost: readonly number[] = []) {
  const asked: URLSearchParams[] = [];
  const answer = { ...REPORT };
  const api: Pick<ApiClient, 'send'> = {
    send: async (path, { body }) => {
      assert.ok(body instanceof File, 'the file is not read into memory');
      asked.push(new URL(path, 'http://gateway').searchParams);
      if (lost.includes(asked.length - 1)) throw new TypeError('cut');
      const isImported = asked.at(-1)?.has('id') === true;
      return Response.json({ ...answer, isImported });
    },
  };
  return { asked, answer, store: createImportStore(api) };
}
const FILE = new File(['title'], 'cases.csv');

test('a file is looked at before it is taken, and nothing is taken by looking', async () => {
  const { asked, store } = openApi();
  await store.choose(FILE);
  assert.equal(
    [asked[0]?.get('dryRun'), asked[0]?.has('id'), asked[0]?.has('columns')],
    ['true', false, false],
  );
  assert.is(store.report.value?.isImported, false);
  await store.take();
  assert.is(store.report.value?.isImported, true);
});

test('a field belongs to the column that was given it last', async () => {
  const { asked, store } = openApi();
  await store.choose(FILE);
  await store.map(0, 'title');
  assert.is(asked.at(-1)?.get('columns'), 'title,-,-');
  await store.map(2, 'accessionNumber');
  assert.is(asked.at(-1)?.get('columns'), '-,title,accessionNumber');
});

test('a corrected file keeps the columns that were mapped, and a file with other columns does not', async () => {
  const { asked, store, answer } = openApi();
  await store.choose(FILE);
  await store.map(0, 'tags');
  await store.choose(FILE);
  assertEach(asked.slice(2), (query) => query.get('columns'), [null, 'tags,title,-']);
  answer.columns = [{ header: 'Betreff', field: null }];
  await store.choose(FILE);
  assert.equal([asked.length, asked.at(-1)?.get('columns')], [5, null]);
});

test('after a lost answer it is the same import, and another file is another one', async () => {
  const { asked, store } = openApi([1]);
  await store.choose(FILE);
  await store.take();
  assert.ok(store.trouble.value);
  await store.take();
  assert.is(asked[1]?.get('id'), asked[2]?.get('id'));
  await store.choose(FILE);
  await store.take();
  assert.is.not(asked[2]?.get('id'), asked[4]?.get('id'));
});

test.run();
