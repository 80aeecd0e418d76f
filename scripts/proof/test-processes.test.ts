/** Processes that a test file leaves running have ended before its folder is removed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { endProcessesIn, hasEnded, runFiles } from './test-processes.ts';

const test = suite('processes that tests leave behind');
let folder = '';
test.before.each(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-left-'));
});
test.after.each(() => rm(folder, { recursive: true, force: true }));

/** A program that writes into `folder` for ever, and says so once. */
const writerIn = (place: string): string => `
import { writeFileSync } from 'node:fs';
for (let nth = 0; ; nth += 1) {
  writeFileSync(${JSON.stringify(`${place}/left-`)} + (nth % 50), 'x');
  if (nth === 0) process.stdout.write('writes');
}`;

const isLinux = (await readdir('/proc').catch(() => [])).length > 0;

if (isLinux) {
  test('a process of a file that was killed has ended before its report is there', async () => {
    const file = join(folder, 'killed.test.ts');
    await writeFile(join(folder, 'writer.ts'), writerIn(folder));
    await writeFile(
      file,
      `import { spawn } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      const { PATH, RELAY_TEST_RUN } = process.env;
      const options = { env: { PATH, RELAY_TEST_RUN }, detached: true, stdio: ['ignore', 'pipe', 'ignore'] };
      const child = spawn(process.execPath, [${JSON.stringify(join(folder, 'writer.ts'))}], options);
      child.stdout.once('data', () => {
        writeFileSync(${JSON.stringify(join(folder, 'pid'))}, String(child.pid));
        process.kill(process.pid, 'SIGKILL');
      });
      await new Promise(() => {});`,
    );
    const [report] = await runFiles({ files: [file], env: process.env, withinMs: 60_000, isQuiet: true });
    assert.equal([report!.failed, report!.note], [1, 'the process ended early (SIGKILL)']);
    assert.ok(await hasEnded(Number(await readFile(join(folder, 'pid'), 'utf8'))));
    await rm(folder, { recursive: true });
  });

  test('a program with an environment of its own has ended before the folder in which it works goes', async () => {
    await writeFile(join(folder, 'writer.ts'), writerIn(folder));
    const child = spawn(process.execPath, ['writer.ts'], { cwd: folder, env: {}, detached: true });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    await endProcessesIn(folder);
    assert.ok(await hasEnded(child.pid!));
    assert.equal(await ended, [null, 'SIGKILL']);
    await rm(folder, { recursive: true });
  });

  test('a run that is stopped kills its file', async () => {
    const file = join(folder, 'slow.test.ts');
    await writeFile(file, `setInterval(() => {}, 1000);`);
    const stopped = new AbortController();
    const options = { files: [file], env: process.env, withinMs: 60_000, isQuiet: true };
    const running = runFiles({ ...options, signal: stopped.signal });
    stopped.abort();
    const [report] = await running;
    assert.equal([report!.failed, report!.note], [1, 'the process ended early (The operation was aborted)']);
  });
}

test.run();
