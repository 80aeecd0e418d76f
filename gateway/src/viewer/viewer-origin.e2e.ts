/**
 * In a real Chromium: a page of the viewer's port, opened by a link as the app opens it, reaches neither the session
 * nor the storage of the app. Its policy keeps it from asking; without the policy the app refuses.
 */
import type { Server } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip, testEnvironment } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import type { BuiltInViewer } from '#shared/protocol/viewer.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { openPort } from '../http/open-port.ts';
import { ADMIN_PASSWORD } from '../testing/open-gateway.ts';
import { openWebWorld, type WebWorld } from '../testing/open-web-world.ts';
import { packageOf, SMALL_VIEWER, startRegistry, tarball, type Registry } from '../testing/viewer-tarball.ts';
import { plainPort } from '../testing/plain-port.ts';

const test = suite('the origin of the viewer');
const ARCHIVE = tarball(SMALL_VIEWER);

type Opened = {
  readonly world: WebWorld;
  readonly registry: Registry;
  readonly folder: string;
  readonly servers: readonly Server[];
  /** Address of the app. */
  readonly app: string;
  readonly viewer: string;
};
let opened: Opened | null = null;

/** Serves the app and the viewer on ports of one host: their cookies are the same, their origins are not. */
async function open(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-viewer-origin-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>The app</title>');
  const registry = await startRegistry(ARCHIVE);
  const web = await freePort();
  const port = await freePort();
  const app = `http://localhost:${web}`;
  const world = await openWebWorld({
    folder,
    webFolder: folder,
    env: { RELAY_VIEWER_PORT: String(port), RELAY_PUBLIC_URL: app },
    viewerPackage: packageOf(ARCHIVE, registry.address),
  });
  const tools = { ...plainPort(), host: 'localhost' };
  const servers = [
    await openPort(world.gateway.web, web, tools),
    await openPort(world.gateway.viewer!, port, tools),
  ];
  return { world, registry, folder, servers, app, viewer: `http://localhost:${port}` };
}

test.before(async () => {
  if (testEnvironment().headlessShell === null) skip('the origin of the viewer', 'there is no Chromium');
  opened = await open();
});
test.after(async () => {
  if (opened === null) return;
  const { world, registry, folder, servers } = opened;
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await world.close();
  await registry.close();
  await rm(folder, { recursive: true });
});

type Link = { readonly url: string; readonly token: string };

/** A link into the viewer for a study that it holds. */
async function openLink({ world }: Opened): Promise<Link> {
  const { call, signIn } = world.gateway;
  const { accessToken: token } = await signIn();
  await call('PUT', '/admin/viewer', { token, body: { on: true } });
  await until('the viewer to be on', async () => {
    const answer = await call('GET', '/admin/viewer', { token });
    return ((await answer.json()) as BuiltInViewer).state === 'on';
  });
  const { studyInstanceUID: study } = await world.send(await world.person('technician'), 71_100);
  const answer = await call('POST', `/studies/${study}/viewer-link`, { token });
  const { links } = (await answer.json()) as { links: Link[] };
  return links[0]!;
}

/** Signs in as the app does, and leaves something in each kind of storage. Scripts are text: no DOM has types here. */
async function useApp(page: Page, app: string): Promise<void> {
  await page.goto(app);
  const body = JSON.stringify(JSON.stringify({ username: 'admin', password: ADMIN_PASSWORD }));
  const status = await page.evaluate(`(async () => {
    localStorage.setItem('relay-secret', 'here');
    const opening = indexedDB.open('relay-secret');
    await new Promise((resolve) => (opening.onsuccess = resolve));
    opening.result.close();
    await caches.open('relay-secret');
    const headers = { 'content-type': 'application/json' };
    return (await fetch('/api/auth/login', { method: 'POST', headers, body: ${body} })).status;
  })()`);
  assert.is(status, 200);
}

/** Opens the link by a form, as the app does. */
async function follow(page: Page, { url, token }: Link): Promise<Page> {
  const opening = page.context().waitForEvent('page');
  await page.evaluate(`(() => {
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', action: '${url}', target: '_blank', rel: 'noopener noreferrer' });
    form.append(Object.assign(document.createElement('input'), { name: 'token', value: '${token}' }));
    document.body.append(form);
    form.submit();
  })()`);
  const viewer = await opening;
  await viewer.waitForURL(/\/viewer\?StudyInstanceUIDs=/);
  return viewer;
}

/** All that a script in the viewer's page may reach of the app. */
const reach = (viewer: Page, app: string): Promise<unknown> =>
  viewer.evaluate(`(async () => {
    const ask = (more) =>
      fetch('${app}/api/auth/refresh', { method: 'POST', credentials: 'include', ...more }).then(
        ({ status, type }) => type + ' ' + status,
        () => 'blocked',
      );
    return {
      cookies: document.cookie,
      local: localStorage.getItem('relay-secret'),
      databases: (await indexedDB.databases()).map(({ name }) => name),
      caches: await caches.keys(),
      opener: window.opener,
      asked: await ask({}),
      askedBlindly: await ask({ mode: 'no-cors' }),
    };
  })()`);

for (const bypassCSP of [false, true]) {
  test(`a page of the viewer gets at nothing of the app${bypassCSP ? ', also where its policy fails' : ''}`, async () => {
    const parts = opened!;
    const link = await openLink(parts);
    const executablePath = testEnvironment().headlessShell!;
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const context = await browser.newContext({ bypassCSP });
    const page = await context.newPage();
    await useApp(page, parts.app);
    const before = await context.cookies();
    assert.ok(before.some(({ name, httpOnly }) => name === 'relay_refresh' && httpOnly));
    const addresses: string[] = [];
    const referers: (string | undefined)[] = [];
    context.on('request', (request) => {
      addresses.push(request.url());
      referers.push(request.headers()['referer']);
    });
    const viewer = await follow(page, link);
    assert.is(new URL(viewer.url()).origin, parts.viewer);
    assert.equal(await reach(viewer, parts.app), {
      cookies: '',
      local: null,
      databases: [],
      caches: [],
      opener: null,
      asked: 'blocked',
      askedBlindly: 'blocked',
    });
    // Without the policy the requests go out; the log says what became of them.
    const refusals = parts.world.gateway.lines.filter(({ route }) => route === '/auth/refresh');
    assert.equal([...new Set(refusals.map(({ code }) => code))], bypassCSP ? ['origin-refused'] : []);
    assert.equal(await context.cookies(), before, 'the session is as it was');
    assert.not.ok(addresses.some((address) => address.includes(link.token)));
    assert.equal(referers.filter(Boolean), []);
    assert.not.match(viewer.url(), link.token);
    await browser.close();
  });
}

test.run();
