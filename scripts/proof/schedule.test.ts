/** The runner's lanes: as many as the processor carries. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planJobs, runJobs, type Job } from './schedule.ts';

const test = suite('the lanes of the runner');

const jobs: Job[] = [1, 2, 3, 4, 5, 6].map((nth) => ({ files: [`${nth}`], needs: [], seconds: 1 }));

/** How many ran at once at most, and in which order they began. */
async function run(isIdle: () => boolean): Promise<{ most: number; order: string }> {
  let now = 0;
  let most = 0;
  let order = '';
  const lanes = {
    least: 2,
    most: 4,
    async isIdle() {
      await new Promise(setImmediate);
      return isIdle();
    },
  };
  await runJobs(jobs, lanes, async ({ files }) => {
    now += 1;
    most = Math.max(most, now);
    order += files[0];
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    now -= 1;
  });
  return { most, order };
}

test('a busy processor gets as few lanes as possible, an idle one as many as are allowed', async () => {
  assert.equal(await run(() => false), { most: 2, order: '123456' });
  assert.equal(await run(() => true), { most: 4, order: '123456' });
});

test('a job that fails while another is looked for ends the run with its error, and no further one begins', async () => {
  const begun: string[] = [];
  const lanes = {
    least: 1,
    most: 4,
    isIdle: () => new Promise<boolean>((resolve) => setImmediate(resolve, false)),
  };
  const failing = runJobs(jobs, lanes, async ({ files }) => {
    begun.push(files[0]!);
    throw new Error('no room');
  });
  const error = await failing.then(
    () => null,
    (thrown: Error) => thrown,
  );
  assert.equal([error?.message, begun], ['no room', ['1']]);
});

test('units with the same needs share a process, the longest group begins, an end-to-end file runs alone', () => {
  const needs = (file: string) => (file.startsWith('p') ? (['postgres'] as const) : []);
  const seconds = (file: string) => (file.endsWith('.e2e.ts') ? 30 : 1);
  const files = ['a.test.ts', 'p1.test.ts', 'b.test.ts', 'w.e2e.ts', 'p2.test.ts'];
  const planned = planJobs(files, { needs: (file) => [...needs(file)], seconds });
  assert.equal(
    planned.map((job) => job.files),
    [['w.e2e.ts'], ['a.test.ts', 'b.test.ts'], ['p1.test.ts', 'p2.test.ts']],
  );
});

test.run();
