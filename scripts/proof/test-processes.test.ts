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

  const outcomes = async (files: Readonly<Record<string, string>>) => {
    const names = Object.keys(files).map((name) => join(folder, `${name}.test.ts`));
    const head = `import { test } from 'uvu'; import * as assert from 'uvu/assert';`;
    for (const [nth, text] of Object.values(files).entries())
      await writeFile(
        names[nth]!,
        `${head} test('one', async () => { assert.ok(true); ${text} }); test.run();`,
      );
    const env = { ...process.env, RELAY_TEST_FAILURES: join(folder, 'failures') };
    const reports = await runFiles({ files: names, env, withinMs: 60_000, isQuiet: true });
    return reports.map(({ passed, failed, note }) => [passed, failed, note?.replace(folder, '') ?? null]);
  };

  test('an error outside of the tests fails the file that began it, whenever it comes', async () => {
    const later = `globalThis.go = Promise.withResolvers(); void go.promise.then(() => { throw new Error('late'); });`;
    const first = `${later} setImmediate(() => { throw new Error('thrown'); });`;
    const next = `go.resolve(); await new Promise((resolve) => setTimeout(resolve, 5));`;
    assert.equal(await outcomes({ first, next }), [
      [1, 2, null],
      [1, 0, null],
    ]);
    // Nothing runs after it.
    assert.equal(await outcomes({ last: `void Promise.reject(new Error('at once'));` }), [[1, 1, null]]);
  });

  test('a file that ends the process is named, and those that it kept from running', async () => {
    const reports = await outcomes({ first: '', ends: 'process.exit(0);', last: '' });
    const why = 'not run: the process ended in /ends.test.ts';
    assert.equal(reports, [
      [1, 0, null],
      [0, 1, 'the process ended early (code 1)'],
      [0, 1, why],
    ]);
  });

  test('a process that is left behind and holds the output keeps nobody waiting', async () => {
    const holds = `const { spawn } = await import('node:child_process');
      spawn('sleep', ['3600'], { stdio: 'inherit', detached: true }).unref();`;
    assert.equal(await outcomes({ holds }), [[1, 0, null]]);
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
