/** The event stream: its listeners, and its errors. That it ends with the session: auth/sessions-end.test.ts. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestPipeline } from '../testing/open-pipeline.ts';

const test = suite('the event stream');

test('is open to a limited number of devices of one account, and a device that leaves makes room', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), start: false });
  const answers: Response[] = [];
  for (let i = 0; i < 70; i += 1) answers.push(await pipeline.request('GET', '/events'));
  const statuses = answers.map(({ status }) => status);
  assert.equal([statuses.filter((status) => status === 200).length, statuses.at(-1)], [64, 429]);
  for (const { status, body } of answers) if (status === 200) await body?.cancel();
  const again = await until('a place', async () => {
    const answer = await pipeline.request('GET', '/events');
    return answer.status === 429 ? null : answer;
  });
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
