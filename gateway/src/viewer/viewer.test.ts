/**
 * The built-in viewer: an administrator turns it on; a link opens one study for fifteen minutes; and the viewer's
 * origin has no way to the session of the app. viewer-files.test.ts tests how it is fetched.
 */
import { ReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '#testing/gateway-under-test.ts';
import type { BuiltInViewer, ViewerLink } from '#shared/protocol/viewer.ts';
import { closeReadings } from '../audit/record-reading.ts';
import { audited } from '../testing/audited.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { ADMIN_PASSWORD } from '../testing/open-gateway.ts';
import { openWebWorld, type WebWorld } from '../testing/open-web-world.ts';
import { packageOf, SMALL_VIEWER, startRegistry, tarball, type Registry } from '../testing/viewer-tarball.ts';

const test = suite('the built-in viewer');
const VIEWER = 'http://localhost:3001';
const ARCHIVE = tarball(SMALL_VIEWER);
const LARGE_BYTES = 64 * 1024 ** 2;

let opened: { world: WebWorld; registry: Registry; folder: string } | null = null;
test.before(async () => {
  const registry = await startRegistry(ARCHIVE);
  const folder = await mkdtemp(join(tmpdir(), 'relay-viewer-'));
  const viewerPackage = packageOf(ARCHIVE, registry.address);
  const world = await openWebWorld({ folder, env: { RELAY_VIEWER_PORT: '3001' }, viewerPackage });
  opened = { world, registry, folder };
});
test.after(async () => {
  await opened?.world.close();
  await opened?.registry.close();
  if (opened) await rm(opened.folder, { recursive: true });
});

const world = (): WebWorld => opened!.world;

async function ask(method: string, body?: object): Promise<BuiltInViewer> {
  const { accessToken: token } = await world().gateway.signIn();
  const answer = await world().gateway.call(method, '/admin/viewer', { token, body });
  assert.is(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as BuiltInViewer;
}

/** Turns it on, and waits until it is fetched, or not. */
async function turnOn(): Promise<BuiltInViewer> {
  await ask('PUT', { on: true });
  return until('it is fetched, or not', async () => {
    const now = await ask('GET');
    return now.state !== 'fetching' && now;
  });
}

const visit = async (path: string, init?: RequestInit): Promise<Response> =>
  world().gateway.viewer!.request(`${VIEWER}${path}`, init);
const form = (token: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ token }).toString(),
});
const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

/** The attributes of `dataSet` that `of` has too. */
const onlyOf = (of: object, dataSet: object | undefined): object =>
  Object.fromEntries(Object.entries(dataSet ?? {}).filter(([tag]) => tag in of));

const studySent = async (seed: number): Promise<string> =>
  (await world().send(await world().person('technician'), seed)).studyInstanceUID;

async function linkTo(token: string, study: string): Promise<ViewerLink | undefined> {
  const answer = await world().gateway.call('POST', `/studies/${study}/viewer-link`, { token });
  assert.is(answer.status, 200, await answer.clone().text());
  return ((await answer.json()) as { links: ViewerLink[] }).links[0];
}

test('an administrator turns it on: it is fetched, served, turned off, and removed without a trace', async () => {
  assert.is((await ask('GET')).state, 'absent');
  assert.is((await visit('/viewer')).status, 503);
  const { state, version, size, problem } = await turnOn();
  assert.equal([state, version, size, problem], ['on', '1.2.3', ARCHIVE.length, null]);
  const page = await visit('/viewer?StudyInstanceUIDs=1.2');
  assert.is(page.status, 200);
  assert.match(await page.text(), 'app.bundle.0123456789abcdef.js');
  assert.is((await visit('/assets/icon.png')).status, 200);
  assert.is((await visit('/ort/model.wasm')).status, 404, 'left out');
  assert.is((await visit('/package.json')).status, 404, 'outside of what a browser asks for');
  assert.match(await (await visit('/app-config.js')).text(), 'relaypacs');
  const bundle = await visit('/app.bundle.0123456789abcdef.js', { headers: { 'accept-encoding': 'gzip' } });
  assert.is(bundle.headers.get('content-encoding'), 'gzip');
  assert.match(bundle.headers.get('cache-control') ?? '', 'immutable');

  assert.is((await ask('PUT', { on: false })).state, 'off');
  assert.is((await visit('/viewer')).status, 503);
  assert.is((await turnOn()).state, 'on');
  assert.is((await ask('DELETE')).state, 'absent');
  assert.equal(await readdir(join(opened!.folder, 'viewer')), []);
  const rows = await audited(world().gateway.database.db, 'viewer-%');
  const events = ['viewer-turned-on', 'viewer-turned-off', 'viewer-turned-on', 'viewer-removed'];
  assert.equal(fieldsOf(rows, 'event'), events);
});

test('a large file is not held for a client that does not read it', async () => {
  await turnOn();
  const large = join(opened!.folder, 'viewer', 'ohif-1.2.3', 'codec.wasm');
  await writeFile(large, '');
  await truncate(large, LARGE_BYTES);
  const { _read: read } = ReadStream.prototype;
  let readBytes = 0;
  ReadStream.prototype._read = function (bytes) {
    readBytes += bytes;
    read.call(this, bytes);
  };
  const answer = await visit('/codec.wasm');
  assert.is(answer.headers.get('content-length'), `${LARGE_BYTES}`);
  const reader = answer.body!.getReader();
  await reader.read();
  ReadStream.prototype._read = read;
  assert.ok(readBytes > 0 && readBytes < LARGE_BYTES / 16, `${readBytes} bytes`);
  await reader.cancel();
  const tag = answer.headers.get('etag')!;
  assert.is((await visit('/codec.wasm', { headers: { 'if-none-match': tag } })).status, 304);
  const missing = await visit('/app.bundle.fedcba9876543210.js');
  assert.equal([missing.status, missing.headers.get('cache-control')], [404, null]);
  await ask('DELETE');
});

test('a link opens its study, and no address has the token in it', async () => {
  const radiologist = await world().person('radiologist');
  const uid = await studySent(71_001);
  assert.is(await linkTo(radiologist, uid), undefined, 'it is off');
  await turnOn();
  const link = (await linkTo(radiologist, uid))!;
  assert.is(link.url, `${VIEWER}/relay/open`);
  const opened = await visit('/relay/open', form(link.token!));
  assert.is(opened.status, 200);
  assert.is(opened.headers.get('cache-control'), 'no-store');
  assert.is(opened.headers.get('referrer-policy'), 'no-referrer');
  const html = await opened.text();
  assert.match(html, `data-study="${uid}"`);
  assert.match(html, /data-seconds="(899|900)"/);
  assert.match(html, 'src="/relay/start.js"');
  const start = await (await visit('/relay/start.js')).text();
  assert.match(start, "location.replace('/viewer?StudyInstanceUIDs=' + study)");
  assert.not.match(start, "StudyInstanceUIDs=' + token");
  assert.not.ok(world().gateway.lines.some((line) => JSON.stringify(line).includes(link.token!.slice(-20))));
});

test('a token reads its study alone: another one, none, an old one, and the app’s are refused', async () => {
  const radiologist = await world().person('radiologist');
  const uid = await studySent(71_002);
  const other = await studySent(71_003);
  await turnOn();
  const { token } = (await linkTo(radiologist, uid))!;
  const status = async (path: string, init = bearer(token!)) =>
    (await visit(`/dicom-web${path}`, init)).status;
  assert.is(await status(`/studies/${uid}/series`), 200);
  assert.is(await status(`/studies/${uid}/metadata`), 200);
  for (const path of [
    `/studies/${other}`,
    `/studies/${other}/series`,
    `/studies/${other}/metadata`,
    `/studies?StudyInstanceUID=${other}`,
    `/studies?0020000d=${other}`,
    `/studies?StudyInstanceUID=${uid}&StudyInstanceUID=${other}`,
    `/studies?StudyInstanceUID=${uid},${other}`,
    `/studies/${uid}/../${other}/series`,
    `/studies/${uid}%2F..%2F${other}/series`,
    `/series?StudyInstanceUID=${uid}`,
    '/instances',
  ])
    assert.is(await status(path), 404, path);
  // OHIF asks for a patient's earlier studies: the answer is this one.
  const found = (await (await visit('/dicom-web/studies?limit=10', bearer(token!))).json()) as object[];
  assert.is(found.length, 1);
  assert.match(JSON.stringify(found), `${VIEWER}/dicom-web/studies/${uid}`);

  const forged = `${token!.slice(0, -4)}AAAA`;
  for (const init of [{}, bearer(forged), bearer(radiologist)])
    assert.is(await status(`/studies/${uid}/series`, init), 401);
  assert.is((await visit('/relay/open', form(radiologist))).status, 401);
  assert.is((await visit(`/dicom-web/studies/${uid}`, { ...bearer(token!), method: 'POST' })).status, 404);
  const atTheApi = { token: token! };
  assert.is((await world().gateway.call('GET', `/dicom-web/studies/${uid}/series`, atTheApi)).status, 401);
  assert.is((await world().gateway.call('GET', '/studies', atTheApi)).status, 401);
  world().gateway.wait(901_000);
  assert.is(await status(`/studies/${uid}/series`), 401);
  assert.is((await visit('/relay/open', form(token!))).status, 401);
});

test('the trail says that the study was opened in the viewer, and not that a person searched for it', async () => {
  const { accessToken, user } = await world().gateway.userWith(['radiologist']);
  const uid = await studySent(71_005);
  await turnOn();
  const { token } = (await linkTo(accessToken, uid))!;
  for (const path of ['/studies?limit=10', `/studies/${uid}/series`, `/studies/${uid}/instances`])
    assert.is((await visit(`/dicom-web${path}`, bearer(token!))).status, 200, path);
  const later = new Date(Date.now() + 3_600_000);
  const { db } = world().gateway.database;
  await closeReadings({ db, now: () => later });
  const own = (await audited(db)).filter(({ fields }) => fields['accountId'] === user.id && 'from' in fields);
  assert.equal(
    own.map(({ event, fields }) => [event, fields['studyInstanceUID'], fields['viewer'], fields['images']]),
    [['records-read', uid, true, 0]],
  );
});

test('with the account’s rights, those of its links end', async () => {
  const { accessToken, user } = await world().gateway.userWith(['radiologist']);
  const uid = await studySent(71_004);
  await turnOn();
  const { token } = (await linkTo(accessToken, uid))!;
  assert.is((await visit(`/dicom-web/studies/${uid}/series`, bearer(token!))).status, 200);
  const { accessToken: admin } = await world().gateway.signIn();
  const options = { token: admin, body: { disabled: true } };
  const ended = await world().gateway.call('PATCH', `/admin/users/${user.id}`, options);
  assert.ok(ended.ok, String(ended.status));
  assert.is((await visit(`/dicom-web/studies/${uid}/series`, bearer(token!))).status, 401);
  assert.is((await visit('/relay/open', form(token!))).status, 401);
});

test('a page of the viewer may ask its own origin alone, and the app refuses what it asks with the session’s cookie', async () => {
  await turnOn();
  const page = await visit('/viewer', { headers: { cookie: 'relay_refresh=anything' } });
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, "connect-src 'self' blob: data:;");
  assert.match(policy, "default-src 'none'");
  assert.match(policy, /script-src 'self' 'wasm-unsafe-eval' 'sha256-[\w+/]+=*';/);
  assert.not.match(policy, /script-src[^;]*'unsafe-/);
  assert.is(page.headers.get('set-cookie'), null);
  assert.is(page.headers.get('cross-origin-opener-policy'), 'same-origin');
  const { gateway } = world();
  const app = await gateway.web.request('http://localhost:3000/');
  assert.match(app.headers.get('content-security-policy') ?? '', `form-action 'self' ${VIEWER};`);
  const signedIn = await gateway.web.request('http://localhost:3000/api/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: ADMIN_PASSWORD }),
  });
  const given = signedIn.headers.getSetCookie().find((one) => one.startsWith('relay_refresh=')) ?? '';
  assert.match(given, /HttpOnly.*SameSite=Strict/);
  const [cookie = ''] = given.split(';');
  const refresh = async (more: Record<string, string>) => {
    const headers = { cookie, host: 'localhost:3000', ...more };
    const asked = { method: 'POST', headers };
    return (await gateway.web.request('http://localhost:3000/api/auth/refresh', asked)).status;
  };
  assert.is(await refresh({ origin: VIEWER, 'sec-fetch-site': 'same-site' }), 403);
  assert.is(await refresh({ origin: VIEWER }), 403);
  assert.is(await refresh({ origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' }), 200);
});

test('scripts let a worker build its codecs’ functions, and no page may', async () => {
  await turnOn();
  const policyAt = async (path: string, headers = {}) => {
    const answer = await visit(path, { headers });
    const [, scripts = ''] = /script-src ([^;]*);/.exec(answer.headers.get('content-security-policy')!) ?? [];
    return [answer.status, scripts.includes("'unsafe-eval'")];
  };
  const worker = '/app.bundle.0123456789abcdef.js';
  assert.equal(await policyAt(worker), [200, true]);
  const tag = (await visit(worker)).headers.get('etag')!;
  // A browser takes the headers of this answer for those of the script that it keeps.
  assert.equal(await policyAt(worker, { 'if-none-match': tag }), [304, true]);
  for (const [path, status] of [
    ['/viewer', 200],
    ['/', 200],
    ['/relay/ended', 200],
    ['/assets/icon.png', 200],
    ['/no.bundle.0123456789abcdef.js', 404],
    ['/dicom-web/studies', 401],
  ] as const)
    assert.equal(await policyAt(path), [status, false], path);
  assert.is((await ask('PUT', { on: false })).state, 'off');
  assert.equal(await policyAt(worker), [503, false]);
});

test('OHIF is not told a Pixel Spacing of zero, at which it shows nothing', async () => {
  const radiologist = await world().person('radiologist');
  const uid = await studySent(71_005);
  await turnOn();
  const spacing = (...Value: unknown[]) => ({ vr: 'DS', Value });
  const measures = (...values: unknown[]) => ({ vr: 'SQ', Value: [{ '00280030': spacing(...values) }] });
  const told = {
    '00280030': spacing(0, 0),
    '00181164': spacing(0.1, 0.2),
    '00182010': spacing('0.000', '0.1'),
    '00289110': measures(0, 0.1),
    '00280010': { vr: 'US', Value: [0] },
  };
  world().pacs.say(/metadata$/, (response) => {
    const dataSet = { '0020000D': { vr: 'UI', Value: [uid] }, ...told };
    response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(JSON.stringify([dataSet]));
  });
  const { token } = (await linkTo(radiologist, uid))!;
  const answer = await visit(`/dicom-web/studies/${uid}/metadata`, bearer(token!));
  const [seen] = (await answer.json()) as object[];
  const [kept] = await world().rows(`/studies/${uid}/metadata`, radiologist);
  world().pacs.say(/metadata$/, null);
  const { '00280030': _, '00182010': __, ...usable } = told;
  assert.equal(onlyOf(told, seen), { ...usable, '00289110': { vr: 'SQ', Value: [{}] } });
  assert.equal(onlyOf(told, kept), told, 'other readers get what the PACS has');
});

test('it serves its own name alone', async () => {
  await turnOn();
  assert.is((await world().gateway.viewer!.request('http://rebound.example.org:3001/viewer')).status, 421);
});

test('without a port of its own it cannot be turned on', async () => {
  const bare = await openWebWorld();
  const token = await bare.person('admin');
  const answer = await bare.gateway.call('PUT', '/admin/viewer', { token, body: { on: true } });
  const { code } = (await answer.json()) as { code: string };
  assert.equal([answer.status, code], [409, 'viewer-without-port']);
  assert.is(bare.gateway.viewer, null);
  await bare.close();
});

test.run();
