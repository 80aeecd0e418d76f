/** The event stream: its listeners, and how long they are told. */
import { setTimeout as after } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline } from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('the event stream');
const { instances } = syntheticStudy({ seed: 31, instancesPerSeries: 1, rows: 8, columns: 8 });

test('ends where the account was disabled meanwhile, before it tells anything more', async () => {
  let moved = 0;
  const pipeline = await openTestPipeline({
    pacs: openTestPacs(),
    start: false,
    now: () => new Date(Date.now() + moved),
  });
  const { uploadId } = await pipeline.init(toManifest(instances));
  const stream = (await pipeline.request('GET', '/events')).body!.getReader();
  const first = new TextDecoder().decode((await stream.read()).value);
  assert.match(first, uploadId);
  await pipeline.tools.db
    .updateTable('account')
    .set({ disabled_at: new Date() })
    .where('id', '=', pipeline.accountId)
    .execute();
  moved = 20_000;
  const { study_id } = await pipeline.tools.db
    .selectFrom('upload')
    .select('study_id')
    .where('id', '=', uploadId)
    .executeTakeFirstOrThrow();
  // Changes before the stream listens are lost: repeat the change until the stream has ended.
  const telling = setInterval(() => pipeline.tools.changes.emit(study_id), 20);
  const rest = await stream.read();
  clearInterval(telling);
  assert.equal([rest.done, rest.value], [true, undefined]);
  await pipeline.close();
});

test('is open to a limited number of devices of one account, and a device that leaves makes room', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
  const answers: Response[] = [];
  for (let i = 0; i < 70; i += 1) answers.push(await pipeline.request('GET', '/events'));
  const statuses = answers.map(({ status }) => status);
  assert.equal([statuses.filter((status) => status === 200).length, statuses.at(-1)], [64, 429]);
  for (const { status, body } of answers) if (status === 200) await body?.cancel();
  let again = await pipeline.request('GET', '/events');
  while (again.status === 429) {
    await after(10);
    again = await pipeline.request('GET', '/events');
  }
  assert.is(again.status, 200);
  await again.body?.cancel();
  await pipeline.close();
});

test('ends on an error, and prints and reveals nothing of it', async () => {
  const printed: unknown[] = [];
  const { error } = console;
  console.error = (...words) => void printed.push(words);
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
  await pipeline.tools.db.schema.alterTable('upload').renameTo('elsewhere').execute();
  const told = await (await pipeline.request('GET', '/events')).text();
  console.error = error;
  assert.equal([told, printed], ['', []]);
  assert.ok(pipeline.lines.some((line) => line.event === 'unexpected-error' && line.where === 'events'));
  await pipeline.close();
});
test.run();
