/** The studies without a reading: a refresh takes nothing away that a person may still undo. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { UnreadStudies } from '#shared/protocol/unread-studies.ts';
import { json, openTestApi } from '../testing/open-api.ts';
import { createUnreadStore } from './unread.store.ts';

const WAITING: UnreadStudies['studies'][number] = {
  ...{ studyInstanceUID: '2.25.1', uploadId: null, modalities: ['CR'], sentAt: '2026-11-30T08:00:00.000Z' },
  ...{ isEarly: false, caseId: null, isAsked: false },
};

test('a study that was waived here stays in its place when the list is asked again', async () => {
  let studies = [WAITING, { ...WAITING, studyInstanceUID: '2.25.2' }];
  const { api } = openTestApi(({ method }) =>
    method === 'GET'
      ? json({ studies, count: studies.length, next: null })
      : new Response(null, { status: 204 }),
  );
  const store = createUnreadStore(api);
  const shown = () => store.list.value.value?.studies.map(({ studyInstanceUID }) => studyInstanceUID);
  await store.load();
  studies = [WAITING];
  await store.refresh();
  assert.equal(shown(), ['2.25.1']);
  await store.waive('2.25.1', true);
  studies = [];
  await store.refresh();
  assert.equal([shown(), [...store.waived.value]], [['2.25.1'], ['2.25.1']]);
  await store.waive('2.25.1', false);
  await store.refresh();
  assert.equal(shown(), []);
  store.close();
});

test.run();
