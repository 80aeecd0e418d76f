import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Job } from '#shared/protocol/inference.ts';
import { createVirtualTime } from '#testing/virtual-time.ts';
import { followJob, isNewer } from './follow-job.ts';
import { json, openTestApi, refusal, unreachable, type Answering } from '../../testing/open-api.ts';
import { recordedJob } from '../../testing/recorded-answers.ts';

const QUEUED = recordedJob(1, { state: 'queued', progress: { done: 0, of: 0 } });
const HALF = recordedJob(1, { progress: { done: 1, of: 2 } });
const DONE = recordedJob(1, { state: 'done', progress: { done: 2, of: 2 } });

const stream = (...jobs: readonly Job[]): Response =>
  new Response(jobs.map((job) => `event: job\ndata: ${JSON.stringify(job)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  });

async function followed(answer: Answering): Promise<readonly string[]> {
  const time = createVirtualTime(() => false);
  const { api } = openTestApi(answer);
  const seen: string[] = [];
  let isOver = false;
  const following = followJob({ api, clock: time }, QUEUED.id, {
    signal: new AbortController().signal,
    onJob: ({ state, progress }) => {
      seen.push(`${state} ${progress.done}`);
    },
  })
    .catch((error: Error) => seen.push(error.name))
    .finally(() => {
      isOver = true;
    });
  assert.ok(await time.run(() => isOver, 60_000), 'it ends');
  await following;
  return seen;
}

test('a job is followed through its stream until it is done', async () => {
  assert.equal(
    await followed(({ path }) => (path.endsWith('/events') ? stream(QUEUED, HALF, DONE) : json(QUEUED))),
    ['queued 0', 'running 1', 'done 2'],
  );
});

test('if a proxy holds the stream back, the job is polled', async () => {
  const answers = [QUEUED, HALF, HALF, DONE];
  const held = new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } });
  assert.equal(await followed(({ path }) => (path.endsWith('/events') ? held : json(answers.shift()))), [
    'queued 0',
    'running 1',
    'done 2',
  ]);
});

test('following waits for a gateway that is away for a while', async () => {
  let asked = 0;
  const seen = await followed(() => {
    asked += 1;
    return asked < 6 ? unreachable() : json(DONE);
  });
  assert.equal(seen, ['done 2']);
});

test('a late answer does not move progress back, and a new attempt starts from the beginning', () => {
  assert.not.ok(isNewer(QUEUED, HALF));
  assert.not.ok(isNewer(HALF, DONE));
  assert.ok(isNewer({ ...QUEUED, attempt: 2 }, DONE));
});

test('a job that does not exist, or is not this user’s, is not waited for', async () => {
  for (const status of [401, 403, 404])
    assert.equal(await followed(() => refusal(status, 'not-found')), ['ApiProblem'], `${status}`);
});

test.run();
