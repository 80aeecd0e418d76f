/** The built-in viewer on the disk: fetched whole or not at all, and only by its digest. */
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import type { BuiltInViewer } from '#shared/protocol/viewer.ts';
import { packageOf, SMALL_VIEWER, startRegistry, tarball, type Registry } from '../testing/viewer-tarball.ts';
import { createPacsAgent, fetchBy } from '../ports/pacs/pacs-agent.ts';
import { openViewerFiles } from './viewer-files.ts';
import type { ViewerPackage } from './viewer-package.ts';

const test = suite('the files of the built-in viewer');
const ARCHIVE = tarball(SMALL_VIEWER);
const NOW = new Date('2026-11-23T07:00:00Z');

async function open(more: Partial<ViewerPackage> = {}, fetch = fetchBy(createPacsAgent())) {
  const home = await mkdtemp(join(tmpdir(), 'relay-viewer-'));
  const folder = join(home, 'viewer');
  const registry = await startRegistry(ARCHIVE);
  const from = { ...packageOf(ARCHIVE, registry.address), ...more };
  const quiet = { hasProxy: false, log: () => undefined, now: () => NOW };
  const files = openViewerFiles({ folder, package: from, fetch, ...quiet });
  return {
    ...{ folder, files, registry },
    /** Turns it on, and waits until it is fetched, or not. */
    async turnOn(): Promise<BuiltInViewer> {
      await files.turnOn();
      return until('it is fetched, or not', () => {
        const now = files.state();
        return now.state !== 'fetching' && now;
      });
    },
    async close() {
      await files.close();
      await registry.close();
      await rm(home, { recursive: true });
    },
  };
}

test('the parts that a browser asks for are served once all of them are there', async () => {
  const { files, registry, turnOn, close } = await open();
  assert.is(files.served(), null);
  const { host } = new URL(registry.address);
  const none = { problem: null, code: null, host, hasProxy: false };
  const on = { state: 'on', version: '1.2.3', size: ARCHIVE.length, fetched: 0, ...none };
  assert.equal(await turnOn(), on);
  const found = await readdir(files.served()!, { recursive: true });
  const bundle = 'app.bundle.0123456789abcdef.js';
  const served = ['app-config.js', bundle, `${bundle}.gz`, 'assets', 'assets/icon.png', 'index.html'];
  assert.equal(found.sort(), served);
  await close();
});

test('a copy of the site’s own serves as well', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-viewer-copy-'));
  await writeFile(join(folder, 'ohif.tgz'), ARCHIVE);
  const { turnOn, close } = await open({ address: pathToFileURL(join(folder, 'ohif.tgz')).href });
  assert.is((await turnOn()).state, 'on');
  await close();
  await rm(folder, { recursive: true });
});

const ODD = Buffer.from('<html>a proxy’s page</html>');
const FAILURES: Readonly<
  Record<string, readonly [Partial<ViewerPackage>, Registry['give'], BuiltInViewer['problem'], string?]>
> = {
  'with a changed byte': [{}, Buffer.from(ARCHIVE).fill(0, 40, 41), 'wrong-digest'],
  'cut short': [{}, ARCHIVE.subarray(0, 200), 'wrong-digest'],
  'that does not end': [{}, Buffer.concat([ARCHIVE, ARCHIVE]), 'wrong-digest'],
  'that is not there': [{}, 'nothing', 'not-there', 'HTTP 404'],
  'that is no archive': [{ sha512: packageOf(ODD, '').sha512 }, ODD, 'damaged'],
  'behind a dead address': [{ address: 'http://127.0.0.1:2/app.tgz' }, ARCHIVE, 'refused', 'ECONNREFUSED'],
  'that a server in trouble has': [{}, 'trouble', 'bad-status', 'HTTP 503'],
  'in no file': [{ address: 'file:///nowhere/app.tgz' }, ARCHIVE, 'not-there', 'ENOENT'],
  'that is a folder': [{ address: pathToFileURL(tmpdir()).href }, ARCHIVE, 'disk-error', 'EISDIR'],
};

for (const [what, [more, give, problem, code = null]] of Object.entries(FAILURES)) {
  test(`a package ${what} leaves nothing, and the next attempt may succeed`, async () => {
    const { files, folder, registry, turnOn, close } = await open(more);
    registry.give = give;
    const said = await turnOn();
    assert.equal([said.state, said.problem, said.code], ['absent', problem, code]);
    assert.is(files.served(), null);
    assert.equal(await readdir(folder), []);
    registry.give = ARCHIVE;
    if (Object.keys(more).length === 0) assert.equal((await turnOn()).problem, null);
    await close();
  });
}

/** Errors as a resolver and undici's ProxyAgent report them. */
const causes: readonly (readonly [Error, BuiltInViewer['problem'], string])[] = [
  [Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }), 'name-not-found', 'ENOTFOUND'],
  [Object.assign(new Error('getaddrinfo'), { code: 'EAI_AGAIN' }), 'name-not-found', 'EAI_AGAIN'],
  [new Error('Proxy response (407) !== 200 when HTTP Tunneling'), 'proxy-refuses', 'HTTP 407'],
];
for (const [cause, problem, code] of causes)
  test(`a host that cannot be reached is told as ${problem} (${code})`, async () => {
    const fetch = () => Promise.reject(new TypeError('fetch failed', { cause }));
    const { turnOn, close } = await open({}, fetch);
    const said = await turnOn();
    assert.equal([said.state, said.problem, said.code], ['absent', problem, code]);
    await close();
  });

test('a connection that breaks while the package comes is told as the host’s', async () => {
  const broken = new ReadableStream({
    start: (controller) => controller.enqueue(ARCHIVE.subarray(0, 100)),
    pull: (controller) => controller.error(Object.assign(new Error('read'), { code: 'ECONNRESET' })),
  });
  const { turnOn, close } = await open({}, async () => new Response(broken));
  const said = await turnOn();
  assert.equal([said.problem, said.code], ['refused', 'ECONNRESET']);
  await close();
});

test('half a viewer is not served, and giving it up leaves nothing', async () => {
  const { files, folder, registry, close } = await open();
  registry.give = 'half';
  await files.turnOn();
  await until('something has come', () => files.state().fetched > 0);
  assert.is(files.state().state, 'fetching');
  assert.is(files.served(), null);
  await files.turnOff();
  assert.equal([files.state().state, files.state().problem], ['absent', null]);
  assert.equal(await readdir(folder), []);
  await close();
});

test('the remains of a killed gateway are not served, and are removed later; another version too', async () => {
  const { files, folder, turnOn, close } = await open();
  const left = join(folder, 'ohif-1.2.3.0011223344556677.new');
  const young = join(folder, 'ohif-1.2.3.8899aabbccddeeff.new');
  const older = join(folder, 'ohif-1.0.0');
  for (const path of [left, young, older]) await mkdir(join(path, 'files'), { recursive: true });
  await writeFile(join(folder, 'ohif-1.2.3.on'), '');
  assert.is(files.served(), null, 'on, but not whole');
  await utimes(left, NOW, new Date(NOW.getTime() - 2 * 3_600_000));
  // Another gateway may be at it.
  await utimes(young, NOW, new Date(NOW.getTime() - 60_000));
  await turnOn();
  await files.sweep();
  const kept = ['ohif-1.2.3', 'ohif-1.2.3.8899aabbccddeeff.new', 'ohif-1.2.3.on'];
  assert.equal((await readdir(folder)).sort(), kept);
  await close();
});

test.run();
