/**
 * The main job from the command line, with a real gateway and a real Orthanc: every file of the corpus ends as its manifest says, what the
 * PACS holds is what was on disk, a second run moves no instance, and the receipt is good for nothing once a byte of it is changed.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesOfInstance } from '#testing/ask-orthanc.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { createGatewayUnderTest } from '#testing/gateway-under-test.ts';
import { startLink } from '#testing/link.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { startOrthanc } from './orthanc.ts';
import { freePort } from './ports.ts';
import { relay } from './relay.ts';

const PASSWORD = 'an-admin-of-the-tests';
const { corpus } = testEnvironment();
const test = suite('the command line');

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface UploadDocument {
  readonly studies: { state: string; receipt: string | null; instances: { sopInstanceUID: string; state: string }[] }[];
  readonly files: { path: string; state: string; reason: string | null }[];
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Answer> {
  const [out, err]: [string[], string[]] = [[], []];
  const said = { print: (line: string) => void out.push(line), say: (line: string) => void err.push(line) };
  const around = { env: { RELAY_PASSWORD: PASSWORD, ...env }, signal: new AbortController().signal, ...said };
  return { code: await relay(args, around), out: out.join('\n'), err: err.join('\n') };
}

async function openWorld() {
  const folder = await mkdtemp(join(tmpdir(), 'relay-cli-'));
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs') });
  const port = await freePort();
  const gateway = createGatewayUnderTest({ port, webPort: await freePort(), dataDir: join(folder, 'data'), adminPassword: PASSWORD, pacs: orthanc });
  await gateway.start();
  const link = await startLink(port);
  const connection = ['--user', 'admin', '--gateway', `http://127.0.0.1:${link.port}`];
  return {
    folder, orthanc, gateway, link, connection,
    upload: (paths: readonly string[], ...more: string[]) => run(['upload', ...paths, ...connection, '--policy', 'identified', '--wait', '--json', ...more]),
    async close() {
      await link.stop();
      await gateway.stop();
      await orthanc.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

let world: Awaited<ReturnType<typeof openWorld>>;
test.before(async () => void (world = await openWorld()));
test.after(async () => world.close());

async function storedFile(sopInstanceUID: string): Promise<Buffer> {
  const files = await filesOfInstance(world.orthanc, sopInstanceUID);
  assert.is(files.length, 1, `${sopInstanceUID} is in the PACS exactly once`);
  return files[0]!;
}

test('every file of the corpus ends as its manifest says, and the PACS holds what was on disk; a second run moves no instance', async () => {
  if (corpus === null) return skipped('the corpus through the command line', 'the corpus is not there');
  const { files } = JSON.parse(await readFile(join(corpus, 'manifest.json'), 'utf8')) as { files: { path: string; expect?: string; sopInstanceUid: string }[] };
  const expected = new Map(files.filter(({ path }) => path.startsWith('dev/')).map((file) => [file.path, file]));

  const first = await world.upload([join(corpus, 'dev')]);
  assert.is(first.code, 1);
  const document = JSON.parse(first.out) as UploadDocument;
  for (const { path, state, reason } of document.files) {
    const file = expected.get(relative(corpus, path));
    if (!file) {
      assert.is(state, 'skipped', path);
      continue;
    }
    expected.delete(file.path);
    const ended = reason === 'conflicting-instance' ? reason : state;
    assert.is(ended, file.expect === 'refused-by-pacs' ? 'stored' : file.expect, path);
    assert.is(first.err.includes(path), ended !== 'stored', `${path} is named where it was refused, and only there`);
    if (ended !== 'stored') continue;
    const [onDisk, inPacs] = [await readFile(path), await storedFile(file.sopInstanceUid)];
    // Without File Meta Information one was written: the Data Set after it is bit for bit the file.
    const hasMeta = onDisk.toString('latin1', 128, 132) === 'DICM';
    assert.ok(hasMeta ? onDisk.equals(inPacs) : inPacs.subarray(-onDisk.length).equals(onDisk), path);
  }
  assert.equal([...expected.keys()], []);

  const before = world.link.bytesUp;
  const second = await world.upload([join(corpus, 'dev')]);
  assert.equal([second.code, JSON.parse(second.out).files], [1, document.files]);
  assert.ok(world.link.bytesUp - before < 1_000_000, 'manifests and questions only; the corpus has 43 MB');
});

test('a receipt holds with the published keys, and fails for every byte of it that is changed', async () => {
  const [instance] = syntheticStudy({ seed: 11, instancesPerSeries: 1 }).instances;
  const [file, receipt, jwks] = [join(world.folder, 'one.dcm'), join(world.folder, 'receipt.jws'), join(world.folder, 'jwks.json')];
  await writeFile(file, instance!.bytes);
  const { code, out } = await world.upload([file]);
  assert.is(code, 0);
  const { receipt: href } = (JSON.parse(out) as UploadDocument).studies[0]!;
  const signedIn = await fetch(`${world.gateway.api}/auth/login`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username: 'admin', password: PASSWORD }),
  });
  const { accessToken } = (await signedIn.json()) as { accessToken: string };
  const jws = Buffer.from(await (await fetch(href!, { headers: { authorization: `Bearer ${accessToken}` } })).arrayBuffer());
  await writeFile(receipt, jws);
  await writeFile(jwks, await (await fetch(`${world.gateway.api}/.well-known/jwks.json`)).text());
  assert.is((await run(['receipt', 'verify', receipt, '--jwks', jwks])).code, 0);
  assert.is((await run(['receipt', 'verify', receipt, '--jwks', `${world.gateway.api}/.well-known/jwks.json`])).code, 0);
  for (let at = 0; at < jws.length; at += 1) {
    const changed = Buffer.from(jws);
    changed[at]! ^= 1;
    await writeFile(receipt, changed);
    assert.is((await run(['receipt', 'verify', receipt, '--jwks', jwks])).code, 1, `byte ${at}`);
  }
  assert.is((await run(['receipt', 'verify', join(world.folder, 'none'), '--jwks', jwks])).code, 2);
});

test('a gateway that is killed in the middle and a link that is cut are met with patience, and every instance arrives', async () => {
  const study = syntheticStudy({ seed: 12, instancesPerSeries: 40, rows: 256, columns: 256 });
  const folder = await mkdtemp(join(world.folder, 'study-'));
  for (const { fileName, bytes } of study.instances) await writeFile(join(folder, fileName), bytes);
  const pause = world.link.pauseAfter(2_000_000);
  const sending = world.upload([folder]);
  await pause.reached;
  world.link.cut();
  await world.gateway.kill();
  pause.resume();
  await world.gateway.start();
  world.link.mend();
  const { code, out } = await sending;
  assert.is(code, 0);
  const { instances } = (JSON.parse(out) as UploadDocument).studies[0]!;
  assert.equal(new Set(instances.map(({ state }) => state)), new Set(['stored']));
  for (const { identifiers, bytes } of study.instances) assert.ok((await storedFile(identifiers.sopInstanceUID)).equals(Buffer.from(bytes)));
});

test('what is not DICOM fails where it was named, and is passed over where it lay in a folder', async () => {
  const folder = await mkdtemp(join(world.folder, 'mixed-'));
  await writeFile(join(folder, 'readme.txt'), 'read me');
  await writeFile(join(folder, 'one.dcm'), syntheticStudy({ seed: 13, instancesPerSeries: 1 }).instances[0]!.bytes);
  const asFolder = await world.upload([folder]);
  assert.is(asFolder.code, 0);
  assert.equal((JSON.parse(asFolder.out) as UploadDocument).files.map(({ state }) => state), ['stored', 'skipped']);
  const asFile = await world.upload([join(folder, 'readme.txt')]);
  assert.is(asFile.code, 1);
  assert.match(asFile.err, /not-dicom/);
});

test('wrong usage is 2, a gateway that is not there is 3', async () => {
  const missing = ['upload', join(world.folder, 'none'), ...world.connection];
  for (const args of [[], ['nonsense'], ['upload'], ['upload', world.folder], missing, ['receipt', 'verify', 'x']]) {
    assert.is((await run(args)).code, 2, args.join(' '));
  }
  assert.is((await run(['upload', world.folder, ...world.connection], { RELAY_PASSWORD: 'wrong-password' })).code, 2);
  assert.is((await run(['upload', world.folder, '--user', 'admin', '--gateway', `http://127.0.0.1:${await freePort()}`])).code, 3);
});

test('an administrator adds a user, who sends', async () => {
  const name = 'van-1';
  const added = await run(['user', 'add', name, '--roles', 'technician', ...world.connection], { RELAY_NEW_PASSWORD: 'a-first-password' });
  assert.is(added.code, 0, added.err);
  assert.match((await run(['user', 'list', ...world.connection])).out, /van-1 {2}technician/);
  assert.is((await run(['user', 'password', name, ...world.connection], { RELAY_NEW_PASSWORD: 'a-second-password' })).code, 0);
  const file = join(world.folder, 'by-the-van.dcm');
  await writeFile(file, syntheticStudy({ seed: 14, instancesPerSeries: 1 }).instances[0]!.bytes);
  const asUser = ['upload', file, '--user', name, '--gateway', world.gateway.api, '--policy', 'deidentified', '--wait'];
  assert.is((await run(asUser, { RELAY_PASSWORD: 'a-first-password' })).code, 2);
  assert.is((await run(asUser, { RELAY_PASSWORD: 'a-second-password' })).code, 0);
});

test.run();
