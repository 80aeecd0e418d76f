// test:all: Builds foreign clients; by day gateway/src/uploads/foreign-promises.test.ts guards the doors.
/**
 * Clients that are not ours, as their projects publish them, against the running gateway and a real Orthanc:
 * tus-js-client on a link that is cut, Uppy and dicomweb-client in a Chromium, Python with pydicom.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BlobWriter, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js';
import type { Page } from 'playwright-core';
import { Upload, type HttpRequest, type HttpResponse } from 'tus-js-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { build } from 'vite';
import type { FileStatus } from '#shared/protocol/api.ts';
import type { ApiKeyScope } from '#shared/protocol/api-key.ts';
import { ADMIN, ask, createAccount } from '#testing/accounts.ts';
import { filesOfInstance, filesOfStudy } from '#testing/ask-orthanc.ts';
import { skip, skipped } from '#testing/environment.ts';
import { createIdentitySearch } from '#testing/find-identities.ts';
import { until } from '#testing/gateway-under-test.ts';
import { pydicomVersion } from '#testing/reference-pixels.ts';
import { syntheticStudy, type SyntheticInstance, type SyntheticStudy } from '#testing/synthetic-study.ts';
import { noWorldBecause, openWorld, type World } from '#testing/world.ts';
import type { ForeignPage } from './testing/foreign-page.ts';

const PAGE = fileURLToPath(new URL('./testing/foreign-page.ts', import.meta.url));
const SCRIPT = fileURLToPath(new URL('./testing/foreign-client.py', import.meta.url));
const PYTHON = '/usr/bin/python3';
const run = promisify(execFile);

const test = suite('clients that are not ours');
let world: World;
let page: Page;
test.before(async () => {
  const because = await noWorldBecause();
  if (because !== null) skip('clients that are not ours', because);
  world = await openWorld();
  page = await openForeignPage(world);
});
test.after(async () => world?.close());

/** A page on the app's own origin that is no page of the app. */
async function openForeignPage({ openVisitor, gateway, folder }: World): Promise<Page> {
  const outDir = join(folder, 'foreign-page');
  await build({
    ...{ configFile: false, logLevel: 'warn', root: folder },
    build: {
      ...{ outDir, modulePreload: false, minify: false },
      rollupOptions: { input: PAGE, output: { entryFileNames: 'page.js' } },
    },
  });
  const script = await readFile(join(outDir, 'page.js'), 'utf8');
  const visitor = await openVisitor();
  await visitor.route('**/foreign/*', (route) =>
    route.request().url().endsWith('.js')
      ? route.fulfill({ contentType: 'text/javascript', body: script })
      : route.fulfill({
          contentType: 'text/html',
          body: '<!doctype html><title>foreign</title><script type="module" src="page.js"></script>',
        }),
  );
  const opened = await visitor.newPage();
  await opened.goto(`${gateway.web}/foreign/page`);
  await opened.waitForFunction(() => 'foreign' in globalThis);
  return opened;
}

/** An account, and a key of it. */
async function openSender(scopes: readonly ApiKeyScope[] = ['upload', 'read']) {
  const account = await createAccount(world.gateway, 'foreign', ['technician']);
  const body = { name: 'a client', accountId: account.id, scopes, expiresInDays: 1 };
  const made = await ask(world.gateway, ADMIN, { method: 'POST', path: '/admin/api-keys', body });
  const { id, key } = (await made.json()) as { id: string; key: string };
  return { id, key, api: `${world.gateway.web}/api` };
}
type Sender = Awaited<ReturnType<typeof openSender>>;

const get = async ({ api, key }: Sender, path: string): Promise<Response> =>
  fetch(`${api}${path}`, { headers: { authorization: `Bearer ${key}` } });

/** The status of a file once all of it has arrived. */
async function arrived(sender: Sender, address: string): Promise<FileStatus> {
  const id = address.split('/').at(-1);
  return until('the file to be in the PACS', async () => {
    const status = (await (await get(sender, `/upload/${id}/status`)).json()) as FileStatus;
    return status.state === 'closed' && status;
  });
}

async function assertReadBack(sender: Sender, instances: readonly SyntheticInstance[]): Promise<void> {
  for (const { identifiers: of, bytes } of instances) {
    const path = `/dicom-web/studies/${of.studyInstanceUID}/series/${of.seriesInstanceUID}/instances/${of.sopInstanceUID}`;
    const answer = await fetch(`${sender.api}${path}`, {
      headers: { authorization: `Bearer ${sender.key}`, accept: 'application/dicom; transfer-syntax=*' },
    });
    assert.is(answer.status, 200, await answer.clone().text());
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes), 'byte for byte');
  }
}

async function zipOf(instances: readonly SyntheticInstance[]): Promise<Buffer> {
  const zip = new ZipWriter(new BlobWriter(), { useWebWorkers: false });
  for (const [at, { bytes }] of instances.entries()) await zip.add(`${at}`, new Uint8ArrayReader(bytes));
  return Buffer.from(await (await zip.close()).arrayBuffer());
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

type SentFile = { readonly name: string; readonly content: Buffer; readonly policy: Policy };
type Policy = 'identified' | 'deidentified';

const CHUNK_BYTES = 131_072;

/** By tus-js-client, over the link; resolves to the address of the upload. `heard`: of each answer. */
function sendByTus(
  { key }: Sender,
  { name, content, policy }: SentFile,
  heard: (request: HttpRequest, answer: HttpResponse) => void = () => undefined,
): Promise<string> {
  const endpoint = `${world.address}/api/upload/files`;
  return new Promise((resolve, reject) => {
    const upload = new Upload(content, {
      ...{ endpoint, chunkSize: CHUNK_BYTES, retryDelays: Array.from({ length: 40 }, () => 50) },
      headers: { authorization: `Bearer ${key}` },
      metadata: { filename: name, policy },
      onAfterResponse: heard,
      onError: reject,
      onSuccess: () => resolve(upload.url!),
    });
    upload.start();
  });
}

/** The link is cut once half of the file has passed: the client asks how much has come, and sends only the rest. */
async function sendOverCutLink(sender: Sender, file: SentFile): Promise<string> {
  const { length } = file.content;
  const sent = (): number => world.bytes.counts().inParcels;
  const resumed: { readonly offset: number; readonly sentBefore: number }[] = [];
  let created = 0;
  let isCut = false;
  const pause = world.link.pauseAfter(length / 2);
  const sending = sendByTus(sender, file, (request, answer) => {
    if (request.getMethod() === 'POST') created += 1;
    if (request.getMethod() !== 'HEAD' || answer.getStatus() !== 200) return;
    assert.ok(isCut, 'it asks after the cut');
    resumed.push({ offset: Number(answer.getHeader('upload-offset')), sentBefore: sent() });
  });
  await pause.reached;
  isCut = true;
  world.link.cut();
  pause.resume();
  world.link.mend();
  const address = await sending;
  assert.is(created, 1, 'it continues the same upload');
  const { offset, sentBefore } = resumed.at(-1)!;
  assert.ok(offset >= CHUNK_BYTES && offset < length, `resumed at ${offset} of ${length}`);
  assert.is(sent() - sentBefore, length - offset, 'after the cut only the rest is sent');
  return address;
}

test('tus-js-client resumes an instance and a ZIP where the link was cut in the middle of them', async () => {
  const sender = await openSender();
  const studyOf = (seed: number, instancesPerSeries: number) =>
    syntheticStudy({ seed, instancesPerSeries, rows: 512, columns: 512 }).instances;
  const one = studyOf(9601, 1);
  const zipped = studyOf(9602, 2);
  const policy = 'identified';
  const content = Buffer.from(one[0]!.bytes);
  await arrived(sender, await sendOverCutLink(sender, { name: 'one.dcm', content, policy }));
  await assertReadBack(sender, one);
  const zip = { name: 'two.zip', content: await zipOf(zipped), policy } as const;
  const { file } = await arrived(sender, await sendOverCutLink(sender, zip));
  assert.equal(file.notTaken, []);
  await assertReadBack(sender, zipped);
});

test('Uppy sends an instance and a ZIP from a page', async () => {
  const { api, key, ...sender } = await openSender();
  const one = syntheticStudy({ seed: 9603, instancesPerSeries: 1 }).instances;
  const zipped = syntheticStudy({ seed: 9604, instancesPerSeries: 2 }).instances;
  for (const [name, bytes, instances] of [
    ['one.dcm', one[0]!.bytes, one],
    ['two.zip', await zipOf(zipped), zipped],
  ] as const) {
    const address = await page.evaluate(
      ([caller, file]) => (globalThis as unknown as ForeignPage).foreign.sendByUppy(caller, file),
      [
        { api, key },
        { name, content: base64(bytes), policy: 'identified' },
      ] as const,
    );
    await arrived({ ...sender, api, key }, address);
    await assertReadBack({ ...sender, api, key }, instances);
  }
});

type Row = Record<string, { readonly Value?: readonly unknown[] } | undefined>;
const firstOf = (row: unknown, tag: string): unknown => (row as Row)[tag]?.Value?.[0];

test('dicomweb-client stores a study, finds it again and reads it', async () => {
  const { api, key } = await openSender();
  const { instances, studyInstanceUID, planted } = syntheticStudy({ seed: 9605 });
  const caller = { api, key };
  await page.evaluate(
    ([of, contents]) => (globalThis as unknown as ForeignPage).foreign.store(of, contents, 'identified'),
    [caller, instances.map(({ bytes }) => base64(bytes))] as const,
  );
  const [studies = [], series = [], metadata = []] = await page.evaluate(
    ([of, uid]) => (globalThis as unknown as ForeignPage).foreign.search(of, uid),
    [caller, studyInstanceUID] as const,
  );
  assert.equal(
    studies.map((row) => firstOf(row, '0020000D')),
    [studyInstanceUID],
  );
  assert.ok(
    planted.some((value) => JSON.stringify(studies).includes(value)),
    'the names are kept',
  );
  assert.is(series.length, 1);
  assert.is(metadata.length, instances.length);
  assert.not.match(JSON.stringify([studies, series, metadata]), new URL(world.orthanc.url).host);
  const { identifiers, bytes } = instances[0]!;
  const { sopClassUID: _, ...uids } = identifiers;
  const came = await page.evaluate(
    ([of, which]) => (globalThis as unknown as ForeignPage).foreign.retrieve(of, which),
    [caller, uids] as const,
  );
  assert.is(came.file, base64(bytes));
  assert.ok(
    Buffer.from(bytes).includes(Buffer.from(came.frame, 'base64')),
    'the frame is the one in the file',
  );
});

/** Neither the files of these studies in the PACS, nor what the gateway gives of them, name anybody. */
async function assertNoNames(sender: Sender, sent: readonly SyntheticStudy[]): Promise<void> {
  const search = createIdentitySearch(
    sent.flatMap(({ planted }) => planted).filter((value) => value.length >= 7),
  );
  const instances = sent.flatMap((study) => study.instances);
  for (const { bytes } of instances)
    assert.ok(search.inBytes(Buffer.from(bytes)).length > 0, 'the search finds what is there');
  const studies = (await (await get(sender, '/dicom-web/studies')).json()) as unknown[];
  assert.is(studies.length, sent.length);
  const files: Buffer[] = [];
  for (const row of studies) {
    const studyInstanceUID = String(firstOf(row, '0020000D'));
    files.push(...(await filesOfStudy(world.orthanc, studyInstanceUID)));
    for (const what of ['', '/metadata']) {
      const answer = await get(sender, `/dicom-web/studies/${studyInstanceUID}${what}`);
      assert.is(answer.status, 200);
      assert.equal(search.inBytes(Buffer.from(await answer.arrayBuffer())), []);
    }
  }
  assert.is(files.length, instances.length);
  for (const file of files) assert.equal(search.inBytes(file), [], 'in the file in the PACS');
  for (const { identifiers } of instances)
    assert.equal(await filesOfInstance(world.orthanc, identifiers.sopInstanceUID), [], 'under its own UID');
}

test('under the policy that removes names none arrives in the PACS, whichever client sends', async () => {
  const sender = await openSender();
  const { api, key } = sender;
  const policy = 'deidentified';
  const studyOf = (seed: number) => syntheticStudy({ seed, instancesPerSeries: 1 });
  const stored = studyOf(9606);
  const byUppy = studyOf(9607);
  const one = studyOf(9610);
  const zipped = studyOf(9611);
  await page.evaluate(
    ([of, contents]) => (globalThis as unknown as ForeignPage).foreign.store(of, contents, 'deidentified'),
    [{ api, key }, stored.instances.map(({ bytes }) => base64(bytes))] as const,
  );
  const address = await page.evaluate(
    ([caller, file]) => (globalThis as unknown as ForeignPage).foreign.sendByUppy(caller, file),
    [
      { api, key },
      { name: 'x.zip', content: base64(await zipOf(byUppy.instances)), policy },
    ] as const,
  );
  await arrived(sender, address);
  for (const [name, content] of [
    ['one.dcm', Buffer.from(one.instances[0]!.bytes)],
    ['y.zip', await zipOf(zipped.instances)],
  ] as const)
    await arrived(sender, await sendByTus(sender, { name, content, policy }));
  await assertNoNames(sender, [stored, byUppy, one, zipped]);
});

type PythonSaid = {
  readonly stored: number;
  readonly metadata: number;
  readonly names: readonly string[];
  readonly instances: readonly string[];
  readonly pixels: readonly unknown[];
};

/** Stores the study by plain HTTP from Python, and returns what that client then found of it; null: it cannot run. */
async function sendByPython(
  { api, key }: Sender,
  { instances, studyInstanceUID }: SyntheticStudy,
  policy: Policy,
): Promise<PythonSaid | null> {
  if ((await pydicomVersion()) === null) {
    skipped('a client in Python', 'there is no pydicom');
    return null;
  }
  const folder = join(world.folder, `python-${studyInstanceUID}`);
  await mkdir(folder, { recursive: true });
  const paths = instances.map((_, at) => join(folder, `${at}.dcm`));
  for (const [at, { bytes }] of instances.entries()) await writeFile(paths[at]!, bytes);
  const env = { ...process.env, RELAY_KEY: key };
  const { stdout } = await run(PYTHON, [SCRIPT, `${api}/dicom-web`, policy, ...paths], { env });
  return JSON.parse(stdout) as PythonSaid;
}

test('plain HTTP from Python stores, finds and reads a study', async () => {
  const study = syntheticStudy({ seed: 9608, instancesPerSeries: 2 });
  const said = await sendByPython(await openSender(), study, 'identified');
  if (said === null) return;
  assert.is(said.stored, 2);
  assert.is(said.metadata, 2);
  assert.is(said.names.length, 1);
  assert.ok(study.planted.some((value) => said.names[0]!.includes(value)));
  assert.equal(said.instances, study.instances.map(({ identifiers }) => identifiers.sopInstanceUID).sort());
  assert.is(said.pixels.length, 2);
});

test('under the policy that removes names none arrives from Python, which still finds the study', async () => {
  const sender = await openSender();
  const study = syntheticStudy({ seed: 9612, instancesPerSeries: 2 });
  const said = await sendByPython(sender, study, 'deidentified');
  if (said === null) return;
  const { stored, metadata, names, pixels } = said;
  assert.equal([stored, metadata, names.length, pixels.length], [2, 2, 1, 2]);
  assert.not.ok(study.planted.some((value) => names[0]!.includes(value)));
  await assertNoNames(sender, [study]);
});

test('another account, a key without the scope and one that was revoked get nothing', async () => {
  const owner = await openSender();
  const { instances, studyInstanceUID } = syntheticStudy({ seed: 9609, instancesPerSeries: 1 });
  const contents = instances.map(({ bytes }) => base64(bytes));
  const store = (of: Pick<Sender, 'api' | 'key'>) =>
    page.evaluate(
      ([caller, said]) =>
        (globalThis as unknown as ForeignPage).foreign.store(caller, said, 'identified').then(
          () => true,
          () => false,
        ),
      [{ api: of.api, key: of.key }, contents] as const,
    );
  const reader = await openSender(['read']);
  assert.not.ok(await store(reader), 'it may only read');
  assert.ok(await store(owner));
  const place = `/dicom-web/studies/${studyInstanceUID}`;
  assert.is((await get(owner, place)).status, 200);
  for (const path of [place, `${place}/metadata`, `${place}/series`, `${place}/instances`])
    assert.is((await get(reader, path)).status, 404, path);
  assert.equal(await (await get(reader, '/dicom-web/studies')).json(), []);
  assert.is((await get(await openSender(['upload']), place)).status, 403);
  await ask(world.gateway, ADMIN, { method: 'DELETE', path: `/admin/api-keys/${owner.id}` });
  assert.is((await get(owner, place)).status, 401);
  assert.not.ok(await store(owner));
});

test.run();
