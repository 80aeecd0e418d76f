/** The queue's troubles as the log names them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { logJobs } from './log-jobs.ts';

const test = suite('the log of jobs');

test('a database that is out of room is said to be that, and any other trouble is unexpected', () => {
  const lines: { readonly event: string }[] = [];
  const { trouble } = logJobs((line) => void lines.push(line));
  trouble(Object.assign(new Error('PLANTED'), { code: '53100' }));
  trouble(Object.assign(new Error('PLANTED'), { code: '57014' }));
  assert.equal(
    lines.map(({ event }) => event),
    ['disk-full', 'unexpected-error'],
  );
  assert.not.match(JSON.stringify(lines), 'PLANTED');
});

test.run();
