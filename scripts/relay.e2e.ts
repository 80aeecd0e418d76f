/**
 * The main job from the command line, with a real gateway and a real Orthanc: every file of the corpus ends
 * as its manifest says, the PACS holds the bytes that were on disk, a second run moves no instance, and the
 * receipt is good for nothing once a byte of it is changed.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { receiptSchema } from '#shared/protocol/receipt.ts';
import { filesOfInstance } from '#testing/ask-orthanc.ts';
import { skip, testEnvironment } from '#testing/environment.ts';
import { createGatewayUnderTest } from '#testing/gateway-under-test.ts';
import { startLink } from '#testing/link.ts';
import { readSheetCode } from '#testing/read-sheet-code.ts';
import { syntheticDisc } from '#testing/synthetic-disc.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { startOrthanc } from './system/orthanc.ts';
import { freePort } from './system/ports.ts';
import { relay } from './relay.ts';

const PASSWORD = 'an-admin-of-the-tests';
const JSON_TYPE = { 'content-type': 'application/json' };
const { corpus } = testEnvironment();
const test = suite('the command line');

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface UploadDocument {
  readonly studies: {
    state: string;
    receipt: string | null;
    instances: { sopInstanceUID: string; state: string }[];
  }[];
  readonly files: { path: string; state: string; reason: string | null; warnings: readonly string[] }[];
  readonly missing: readonly string[];
}

/** A file of `deidentify --report`. */
interface Reported {
  readonly sopInstanceUID: string;
  readonly edition: string;
  readonly options: string[];
  readonly methods: string[];
  readonly actions: { path: string; action: string; because: string }[];
  readonly reportDigest: string;
  readonly digestAfter: string;
  readonly originalDigest: string;
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Answer> {
  const out: string[] = [];
  const err: string[] = [];
  const said = { print: (line: string) => void out.push(line), say: (line: string) => void err.push(line) };
  const around = { env: { RELAY_PASSWORD: PASSWORD, ...env }, signal: new AbortController().signal, ...said };
  return { code: await relay(args, around), out: out.join('\n'), err: err.join('\n') };
}

async function openWorld() {
  const folder = await mkdtemp(join(tmpdir(), 'relay-cli-'));
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs') });
  const port = await freePort();
  const gateway = createGatewayUnderTest({
    port,
    webPort: await freePort(),
    dataDir: join(folder, 'data'),
    adminPassword: PASSWORD,
    pacs: orthanc,
  });
  await gateway.start();
  const link = await startLink(port);
  const connection = ['--user', 'admin', '--gateway', `http://127.0.0.1:${link.port}`];
  return {
    folder,
    orthanc,
    gateway,
    link,
    connection,
    upload: (paths: readonly string[], ...more: string[]) =>
      run(['upload', ...paths, ...connection, '--policy', 'identified', '--wait', '--json', ...more]),
    async close() {
      await link.stop();
      await gateway.stop();
      await orthanc.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

let world: Awaited<ReturnType<typeof openWorld>>;
test.before(async () => {
  world = await openWorld();
});
test.after(async () => world?.close());

async function storedFile(sopInstanceUID: string): Promise<Buffer> {
  const files = await filesOfInstance(world.orthanc, sopInstanceUID);
  assert.is(files.length, 1, `${sopInstanceUID} is in the PACS exactly once`);
  return files[0]!;
}

/** Sends the corpus; answers with the words of the command. */
async function sendCorpus() {
  const folder = join(corpus!, 'dev');
  const { code, out, err } = await world.upload([folder]);
  const { files } = JSON.parse(await readFile(join(corpus!, 'manifest.json'), 'utf8')) as {
    files: { path: string; expect?: string; sopInstanceUid: string }[];
  };
  const expected = new Map(files.map((file) => [join(corpus!, file.path), file]));
  return { folder, code, document: JSON.parse(out) as UploadDocument, err, expected };
}

/** Sent once for all tests of the corpus. */
let sent: ReturnType<typeof sendCorpus> | undefined;

function testCorpus(name: string, run: (corpus: Awaited<typeof sent> & {}) => Promise<void>): void {
  test(name, async () => {
    if (corpus === null) skip(name, 'the corpus is not there');
    sent ??= sendCorpus();
    await run(await sent);
  });
}

testCorpus(
  'every file of the corpus ends as its manifest says',
  async ({ folder, code, document, err, expected }) => {
    assert.is(code, 1);
    const missing = new Set([...expected.keys()].filter((path) => path.startsWith(folder)));
    for (const { path, state, reason, warnings } of document.files) {
      const file = expected.get(path);
      if (!file) {
        assert.is(state, 'skipped', path);
        continue;
      }
      missing.delete(path);
      // The index of a disc cannot be stored, and is no refusal.
      if (basename(path) === 'DICOMDIR') {
        assert.equal([state, reason, err.includes(path)], ['skipped', 'sop-class-not-storage', false]);
        continue;
      }
      const ended = reason === 'conflicting-instance' ? reason : state;
      assert.is(ended, file.expect === 'refused-by-pacs' ? 'stored' : file.expect, path);
      assert.is(
        err.includes(path),
        ended !== 'stored' || warnings.length > 0,
        `${path} is named where it was refused or is odd, and only there`,
      );
    }
    assert.equal([[...missing], document.missing], [[], []]);
  },
);

testCorpus('the PACS holds what was on disk', async ({ document, expected }) => {
  const stored = document.files.filter(({ state }) => state === 'stored');
  assert.ok(stored.length > 0);
  for (const { path, reason } of stored) {
    if (reason === 'conflicting-instance') continue;
    const onDisk = await readFile(path);
    const inPacs = await storedFile(expected.get(path)!.sopInstanceUid);
    // Without File Meta Information one was written: the Data Set after it is bit for bit the file.
    const hasMeta = onDisk.toString('latin1', 128, 132) === 'DICM';
    assert.ok(hasMeta ? onDisk.equals(inPacs) : inPacs.subarray(-onDisk.length).equals(onDisk), path);
  }
});

testCorpus('a second run moves no instance', async ({ folder, document }) => {
  const before = world.link.bytesUp;
  const second = await world.upload([folder]);
  assert.equal([second.code, JSON.parse(second.out).files], [1, document.files]);
  assert.ok(world.link.bytesUp - before < 1_000_000, 'manifests and questions only; the corpus has 43 MB');
});

/** A disc of one study in a folder of the world. */
async function discOnDisk(seed: number): Promise<{ folder: string; paths: readonly string[] }> {
  const folder = join(world.folder, `disc-${seed}`);
  const patient = { name: 'Doe^Jane', id: 'D-1' };
  const disc = syntheticDisc([{ study: syntheticStudy({ seed }), patient }]);
  for (const { path, bytes } of disc) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return { folder, paths: disc.map(({ path }) => path) };
}

test('a disc ends without a fault, and files that its index names and that are missing are named', async () => {
  const whole = await world.upload([(await discOnDisk(91)).folder]);
  assert.equal([whole.code, (JSON.parse(whole.out) as UploadDocument).missing], [0, []]);
  const { folder, paths } = await discOnDisk(92);
  await rm(join(folder, paths[2]!));
  const part = await world.upload([folder]);
  assert.equal([part.code, (JSON.parse(part.out) as UploadDocument).missing], [0, [paths[2]]]);
  assert.match(part.err, `missing: 1. Copy the disc again, or name the whole disc.\n  ${paths[2]}`);
});

test('a file that the index of a disc names and that is no longer DICOM is damaged, not a stray file', async () => {
  const { folder, paths } = await discOnDisk(93);
  const [, , damaged] = paths as readonly [string, string, string];
  await writeFile(join(folder, damaged), 'overwritten '.repeat(400));
  await writeFile(join(folder, 'README.TXT'), 'a stray file');
  const { code, out, err } = await world.upload([folder]);
  const { files, missing } = JSON.parse(out) as UploadDocument;
  const endOf = (name: string) => {
    const { state, reason } = files.find(({ path }) => path === join(folder, name))!;
    return [state, reason];
  };
  assert.equal(
    [endOf(damaged), endOf('README.TXT')],
    [
      ['refused', 'not-parseable'],
      ['skipped', 'not-dicom'],
    ],
  );
  assert.equal([code, missing], [1, []]);
  assert.match(err, `${join(folder, damaged)}: The file cannot be read as DICOM.`);
});

async function signIn(): Promise<Record<string, string>> {
  const signedIn = await fetch(`${world.gateway.api}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: PASSWORD }),
  });
  const { accessToken } = (await signedIn.json()) as { accessToken: string };
  return { authorization: `Bearer ${accessToken}` };
}

test('a receipt holds with the published keys, and fails for every byte of it that is changed', async () => {
  const [instance] = syntheticStudy({ seed: 11, instancesPerSeries: 1 }).instances;
  const file = join(world.folder, 'one.dcm');
  const receipt = join(world.folder, 'receipt.jws');
  const jwks = join(world.folder, 'jwks.json');
  await writeFile(file, instance!.bytes);
  const { code, out } = await world.upload([file]);
  assert.is(code, 0);
  const { receipt: href } = (JSON.parse(out) as UploadDocument).studies[0]!;
  const jws = Buffer.from(await (await fetch(href!, { headers: await signIn() })).arrayBuffer());
  await writeFile(receipt, jws);
  await writeFile(jwks, await (await fetch(`${world.gateway.api}/.well-known/jwks.json`)).text());
  assert.is((await run(['receipt', 'verify', receipt, '--jwks', jwks])).code, 0);
  assert.is(
    (await run(['receipt', 'verify', receipt, '--jwks', `${world.gateway.api}/.well-known/jwks.json`])).code,
    0,
  );
  for (let at = 0; at < jws.length; at += 1) {
    const changed = Buffer.from(jws);
    changed[at]! ^= 1;
    await writeFile(receipt, changed);
    assert.is((await run(['receipt', 'verify', receipt, '--jwks', jwks])).code, 1, `byte ${at}`);
  }
  assert.is((await run(['receipt', 'verify', join(world.folder, 'none'), '--jwks', jwks])).code, 2);
});

test('the receipt on paper holds as a file and by its code, and fails for what is changed in either', async () => {
  const [instance] = syntheticStudy({ seed: 218, instancesPerSeries: 1 }).instances;
  const file = join(world.folder, 'two.dcm');
  const sheet = join(world.folder, 'sheet.pdf');
  await writeFile(file, instance!.bytes);
  assert.is((await world.upload([file])).code, 0);
  const { studyInstanceUID } = instance!.identifiers;
  const jwks = `${world.gateway.api}/.well-known/jwks.json`;
  const at = `${world.gateway.api}/studies/${studyInstanceUID}/receipt.pdf`;
  const bytes = Buffer.from(await (await fetch(at, { headers: await signIn() })).arrayBuffer());
  const verify = async (what: string) => run(['receipt', 'verify', what, '--jwks', jwks, '--json']);
  await writeFile(sheet, bytes);
  const holds = JSON.parse((await verify(sheet)).out) as { kind: string; receipts: { states: unknown }[] };
  assert.equal([holds.kind, holds.receipts.map(({ states }) => states)], ['sheet', [{ stored: 1 }]]);
  const text = await readSheetCode(bytes);
  assert.is((JSON.parse((await verify(text)).out) as { kind: string }).kind, 'code');
  for (const place of [5, bytes.length >> 1, bytes.length - 200, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[place]! ^= 1;
    await writeFile(sheet, changed);
    assert.is((await verify(sheet)).code, 1, `byte ${place} of ${bytes.length}`);
  }
  await writeFile(sheet, Buffer.concat([bytes, Buffer.from('\n')]));
  assert.is((await verify(sheet)).code, 1, 'a byte more');
  const place = text.indexOf('.') + 20;
  const other = text[place] === 'A' ? 'B' : 'A';
  assert.is((await verify(text.slice(0, place) + other + text.slice(place + 1))).code, 1);
});

test('a receipt states the changes to each instance, and `deidentify` states the same for the same file; no planted value is in either', async () => {
  const { instances, planted } = syntheticStudy({ seed: 15, instancesPerSeries: 3 });
  const folder = await mkdtemp(join(world.folder, 'reported-'));
  // The second one lacks its Patient's Name, (0010,0010) PN: it is (0010,0011) there.
  const without = Buffer.from(instances[1]!.bytes);
  without[without.indexOf(Buffer.from([0x10, 0, 0x10, 0, 0x50, 0x4e])) + 2] = 0x11;
  const files = [instances[0]!.bytes, without, instances[2]!.bytes];
  for (const [at, bytes] of files.entries()) await writeFile(join(folder, `${at}.dcm`), bytes);
  const { code, out, err } = await world.upload([folder], '--policy', 'deidentified');
  assert.is(code, 0, err);
  const authorization = await signIn();
  const jws = await (
    await fetch((JSON.parse(out) as UploadDocument).studies[0]!.receipt!, { headers: authorization })
  ).text();
  const receipt = receiptSchema.parse(JSON.parse(Buffer.from(jws.split('.')[1]!, 'base64url').toString()));

  const key = join(world.folder, 'data', 'keys', 'pseudonyms.key');
  const reportPath = join(world.folder, 'report.json');
  const options = ['--out', join(world.folder, 'local'), '--key', key, '--report', reportPath];
  assert.is((await run(['deidentify', folder, ...options])).code, 0);
  const local = JSON.parse(await readFile(reportPath, 'utf8')) as Reported[];

  assert.is(receipt.reports?.length, 2);
  assert.is(local.length, receipt.instances.length);
  for (const { sopInstanceUID, digest, originalDigest, report, residue } of receipt.instances) {
    const same = local.find((each) => each.sopInstanceUID === sopInstanceUID)!;
    const { actions = [], ...said } = receipt.reports![report!]!;
    assert.equal(
      { digest, originalDigest, residue },
      { digest: same.digestAfter, originalDigest: same.originalDigest, residue: 'none' },
    );
    assert.equal(said, {
      edition: same.edition,
      options: same.options,
      methods: same.methods,
      digest: same.reportDigest,
    });
    assert.equal(
      actions,
      same.actions.map(({ path, action, because }) => `${path} ${action} ${because}`),
    );
  }
  for (const value of planted) assert.not.ok(JSON.stringify([receipt, local]).includes(value), value);

  const file = join(world.folder, 'reported.jws');
  const jwks = `${world.gateway.api}/.well-known/jwks.json`;
  await writeFile(file, jws);
  const verified = await run(['receipt', 'verify', file, '--jwks', jwks]);
  assert.is(verified.code, 0);
  assert.match(
    verified.out,
    'by PS3.15 of DICOM 2024e, Basic Profile: 2 distinct reports for 3 of 3 instances; the gateway found no residue in 3.',
  );
});

test('every instance arrives although the gateway is killed midway and the link is cut', async () => {
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
  for (const { identifiers, bytes } of study.instances)
    assert.ok((await storedFile(identifiers.sopInstanceUID)).equals(Buffer.from(bytes)));
});

test('a file that is not DICOM fails if named, and is skipped if found in a folder', async () => {
  const folder = await mkdtemp(join(world.folder, 'mixed-'));
  await writeFile(join(folder, 'readme.txt'), 'read me');
  await writeFile(
    join(folder, 'one.dcm'),
    syntheticStudy({ seed: 13, instancesPerSeries: 1 }).instances[0]!.bytes,
  );
  const asFolder = await world.upload([folder]);
  assert.is(asFolder.code, 0);
  assert.equal(
    (JSON.parse(asFolder.out) as UploadDocument).files.map(({ state }) => state),
    ['stored', 'skipped'],
  );
  const asFile = await world.upload([join(folder, 'readme.txt')]);
  assert.is(asFile.code, 1);
  assert.match(asFile.err, /not-dicom/);
});

test('wrong usage exits with 2, a missing gateway with 3', async () => {
  const missing = ['upload', join(world.folder, 'none'), ...world.connection];
  for (const args of [
    [],
    ['nonsense'],
    ['upload'],
    ['upload', world.folder],
    missing,
    ['receipt', 'verify', 'x'],
  ]) {
    assert.is((await run(args)).code, 2, args.join(' '));
  }
  assert.is(
    (await run(['upload', world.folder, ...world.connection], { RELAY_PASSWORD: 'wrong-password' })).code,
    2,
  );
  assert.is(
    (
      await run([
        'upload',
        world.folder,
        '--user',
        'admin',
        '--gateway',
        `http://127.0.0.1:${await freePort()}`,
      ])
    ).code,
    3,
  );
});

test('an administrator adds a user, who sends', async () => {
  const name = 'van-1';
  const added = await run(['user', 'add', name, '--roles', 'technician', ...world.connection], {
    RELAY_NEW_PASSWORD: 'a-first-password',
  });
  assert.is(added.code, 0, added.err);
  assert.match((await run(['user', 'list', ...world.connection])).out, /van-1 {2}technician/);
  assert.is(
    (await run(['user', 'password', name, ...world.connection], { RELAY_NEW_PASSWORD: 'a-second-password' }))
      .code,
    0,
  );
  const file = join(world.folder, 'by-the-van.dcm');
  await writeFile(file, syntheticStudy({ seed: 14, instancesPerSeries: 1 }).instances[0]!.bytes);
  const asUser = [
    'upload',
    file,
    '--user',
    name,
    '--gateway',
    world.gateway.api,
    '--policy',
    'deidentified',
    '--wait',
  ];
  assert.is((await run(asUser, { RELAY_PASSWORD: 'a-first-password' })).code, 2);
  assert.is((await run(asUser, { RELAY_PASSWORD: 'a-second-password' })).code, 0);
});

test('under an administrator’s policy the values that it keeps arrive, and once it is withdrawn nothing is sent', async () => {
  const login = await fetch(`${world.gateway.api}/auth/login`, {
    method: 'POST',
    headers: JSON_TYPE,
    body: JSON.stringify({ username: 'admin', password: PASSWORD }),
  });
  const { accessToken } = (await login.json()) as { accessToken: string };
  const admin = (path: string, body: unknown) =>
    fetch(`${world.gateway.api}/admin/policies${path}`, {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization: `Bearer ${accessToken}` },
      body: JSON.stringify(body),
    });
  const options = ['retain-institution-identity'];
  assert.is(
    (
      await admin('', {
        name: 'own',
        title: 'Institutions stay',
        deidentify: true,
        options,
        roles: ['admin'],
      })
    ).status,
    201,
  );
  const file = join(world.folder, 'own.dcm');
  const study = syntheticStudy({ seed: 16, instancesPerSeries: 1 });
  await writeFile(file, study.instances[0]!.bytes);
  const send = (policy: string) =>
    run(['upload', file, ...world.connection, '--policy', policy, '--wait', '--json']);
  const sent = await send('own');
  assert.is(sent.code, 0, sent.err);
  const { studies } = JSON.parse(sent.out) as UploadDocument;
  const [inPacs] = await filesOfInstance(world.orthanc, studies[0]!.instances[0]!.sopInstanceUID);
  const text = Buffer.from(inPacs!).toString('latin1');
  assert.equal(
    study.planted.filter((value) => text.includes(value)).map((value) => value.slice(0, 13)),
    ['QzInstitution'],
  );
  assert.is((await admin('/own/withdraw', { version: 1 })).status, 200);
  const refused = await send('own');
  assert.equal(
    [refused.code, refused.err.includes('allowed: identified, deidentified')],
    [2, true],
    refused.err,
  );
});

test.run();
