/** The traces of a failed test, by the runner, on tests that fail on purpose. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runFiles } from '../../scripts/proof/test-processes.ts';
import { freePort } from '../../scripts/system/ports.ts';

const test = suite('the traces of a failed test');

const STAND_IN = `
import { createServer } from 'node:http';
process.stdout.write('{"event":"listening"}\\n');
createServer((_, response) => response.end()).listen(Number(process.env.RELAY_PORT), '127.0.0.1');`;

const MODULE = new URL('./gateway-under-test.ts', import.meta.url).href;
/** `root` holds the stand-in in the place of the gateway. */
const failing = (root: string, port: number): string => `
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createGatewayUnderTest } from '${MODULE}';
const pacs = { url: '', authorization: '' };
const settings = { port: ${port}, webPort: 0, dataDir: '', pacs, adminPassword: '', root: '${root}' };
const gateway = createGatewayUnderTest(settings);
const test = suite('an inner suite');
test('it holds', () => assert.ok(true));
test('fails: before a start', () => assert.unreachable('one'));
test('fails, and tidies up', async () => {
  await gateway.start();
  try { assert.unreachable('two'); } finally { await gateway.stop(); }
});
test('fails after the end', () => assert.unreachable('three'));
test('fails beside one that runs again', async () => {
  await gateway.start();
  await gateway.kill();
  await gateway.start();
  assert.unreachable('four');
});
test('fails while it runs', () => assert.unreachable('five'));
test.after(() => gateway.stop());
test.run();`;

test('each has a folder with its error, and the log of the gateway that ran in it, not of one that had ended', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-traces-'));
  const traces = join(folder, 'traces');
  const file = join(folder, 'inner.test.ts');
  const port = await freePort();
  try {
    await mkdir(join(folder, 'gateway/src'), { recursive: true });
    await writeFile(join(folder, 'gateway/src/main.ts'), STAND_IN);
    await writeFile(file, failing(folder, port));
    const env = { ...process.env, RELAY_TEST_FAILURES: traces };
    await runFiles({ files: [file], env, withinMs: 60_000, isQuiet: true });

    const ofFile = join(traces, file);
    const titles = (await readdir(ofFile)).sort();
    const left = titles.map(async (title) => [title, ...(await readdir(join(ofFile, title))).sort()]);
    const log = `gateway-${port}.log`;
    assert.equal(await Promise.all(left), [
      ['fails-after-the-end', 'error.txt'],
      ['fails-and-tidies-up', 'error.txt', log],
      ['fails-before-a-start', 'error.txt'],
      ['fails-beside-one-that-runs-again', 'error.txt', log],
      ['fails-while-it-runs', 'error.txt', log],
    ]);
    const read = (name: string) => readFile(join(ofFile, name), 'utf8');
    assert.match(
      await read('fails-before-a-start/error.txt'),
      /^fails: before a start\n\nAssertion: one\n +at /,
    );
    assert.is(await read(`fails-and-tidies-up/${log}`), '{"event":"listening"}\n');
    assert.is(await read(`fails-beside-one-that-runs-again/${log}`), '{"event":"listening"}\n'.repeat(3));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.run();
