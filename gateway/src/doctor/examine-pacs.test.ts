/**
 * The doctor before real PACSs that behave oddly, on a clock of the test. The usual cases run through the command:
 * scripts/relay/doctor.e2e.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { findNginx, passTo, startNginx, type Nginx } from '#testing/hostile-proxy.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { discardingPacs } from '../testing/discarding-pacs.ts';
import { changeOf, clock, codesOf, countInstances, found } from '../testing/examined.ts';
import { type KeptRequest, type OddPacsProxy, startOddPacsProxy } from '../testing/odd-pacs-proxy.ts';
import { checksOf } from './checks.ts';
import { examinePacs } from './examine-pacs.ts';

const signal = new AbortController().signal;

const examine = (url: string, { store = false } = {}) =>
  examinePacs({ url, authorization: null, ca: null }, { scope: store ? 'store' : 'all', clock }, signal);

type World = { folder: string; orthanc: RunningOrthanc; proxy: OddPacsProxy };
const test = suite<Partial<World>>('the doctor');
let world: World | null = null;

test.before(async () => {
  if ((await findOrthanc()) === null) skip('the doctor', 'Orthanc is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'relay-doctor-'));
  const settings = { AuthenticationEnabled: false, OverwriteInstances: true };
  const orthanc = await startOrthanc({ folder: join(folder, 'open'), settings });
  world = { folder, orthanc, proxy: await startOddPacsProxy(orthanc.url, clock.now) };
});
test.before.each(() => world?.proxy.reset());
test.after(async () => {
  await world?.proxy.stop();
  await world?.orthanc.stop();
  if (world) await rm(world.folder, { recursive: true, force: true });
});

const plain = (status: number) => ({ status, type: 'text/plain', body: '' });
const NOT_THERE = plain(404);

const promise = (title: string, run: (world: World) => Promise<void>) =>
  test(title, async () => void (world && (await run(world))));

/** The study is all that it holds. */
async function emptied(orthanc: RunningOrthanc, study: string): Promise<void> {
  const looked = await fetch(`${orthanc.restUrl}/tools/lookup`, { method: 'POST', body: study });
  const [{ ID }] = (await looked.json()) as [{ ID: string }];
  await fetch(`${orthanc.restUrl}/studies/${ID}`, { method: 'DELETE' });
  assert.is(await countInstances(orthanc), 0);
}

promise('a PACS that replaces instances is told from one that keeps the first', async ({ orthanc }) => {
  const report = await examine(orthanc.url, { store: true });
  assert.match(changeOf(found(report, 'last-kept'), 'Orthanc'), '"OverwriteInstances" to false');
  assert.is(await countInstances(orthanc), 0);
});

promise('test instances that cannot be removed are named', async ({ orthanc, proxy }) => {
  proxy.oddities.answer = ({ path }) => (path.startsWith('/dicom-web/') ? null : NOT_THERE);
  const left = found(await examine(proxy.url, { store: true }), 'not-removed');
  assert.match(left.says, 'Patient ID RELAYPACS-DOCTOR');
  await emptied(orthanc, /Study Instance UID ([\d.]+\d)/.exec(left.says)![1]!);
});

promise('test instances that a PACS deletes when asked are not called left', async ({ orthanc, proxy }) => {
  let isDeleted = false;
  proxy.oddities.answer = ({ method, path }) => {
    if (!path.startsWith('/dicom-web/')) return NOT_THERE;
    if (method === 'DELETE') isDeleted = true;
    if (method === 'DELETE') return plain(204);
    const isSearch = /\/studies\/[\d.]+\/instances/.test(path);
    return isSearch && isDeleted ? { status: 200, type: 'application/dicom+json', body: '[]' } : null;
  };
  const report = await examine(proxy.url, { store: true });
  assert.is(found(report, 'removed').result, 'ok');
  const deleted = proxy.requests.filter(({ method }) => method === 'DELETE').map(({ path }) => path);
  assert.is(deleted.length, 1);
  assert.match(deleted[0]!, /^\/dicom-web\/studies\/2\.25\.\d+$/);
  await emptied(orthanc, deleted[0]!.split('/').at(-1)!);
});

promise('a PACS that refused the test instances is said to hold none of them', async ({ proxy }) => {
  proxy.oddities.answer = ({ path, body }) => {
    if (!path.startsWith('/dicom-web/')) return NOT_THERE;
    return body.includes('DICM') ? { status: 400, type: 'text/html', body: '<p>no</p>' } : null;
  };
  assert.is(found(await examine(proxy.url, { store: true }), 'absent').result, 'ok');
});

promise('where nobody can tell whether they are left, the test says so', async ({ orthanc, proxy }) => {
  proxy.oddities.answer = ({ method, path }) => {
    const isSearch = method === 'GET' && /\/studies\/[\d.]+\/instances/.test(path);
    if (!path.startsWith('/dicom-web/')) return NOT_THERE;
    return isSearch ? plain(500) : null;
  };
  const untold = found(await examine(proxy.url, { store: true }), 'removal-untold');
  const unknown =
    /^It is unknown whether .* in the PACS\. Patient ID RELAYPACS-DOCTOR, Study Instance UID 2\.25\.\d+/;
  assert.match(untold.says, unknown);
  assert.match(changeOf(untold, 'any'), 'Search the PACS');
  await emptied(orthanc, /2\.25\.\d+/.exec(untold.says)![0]);
});

promise('a lag of 10 min is too long to wait for', async ({ proxy }) => {
  proxy.oddities.lagMs = 600_000;
  const never = await examine(proxy.url, { store: true });
  assert.match(changeOf(found(never, 'never-shown'), 'any'), 'lag of 60 minutes');
  assert.is(found(never, 'removed').result, 'ok');
});

promise(
  'a PACS that confirms and then discards is told from one that is slow to show',
  async ({ folder, proxy }) => {
    const losing = await startOrthanc(await discardingPacs(join(folder, 'losing')));
    try {
      const report = await examine(losing.url, { store: true });
      const lost = found(report, 'stored-and-lost');
      assert.equal([lost.check, lost.result], ['store', 'fail']);
      const seconds = /(\d+) s/.exec(found(report, 'not-there-to-show').says)![1];
      assert.is(report.settings.lagMinutes, null, 'no lag brings them back');
      const says = `confirmed two test instances, but ${seconds} s later it does not list or return 2 of`;
      assert.match(lost.says, says);
      assert.not(report.findings.some(({ code }) => code === 'stored'));
    } finally {
      await losing.stop();
    }
    proxy.oddities.lagMs = 600_000;
    assert.is(found(await examine(proxy.url, { store: true }), 'stored').result, 'ok');
  },
);

promise('a PACS where nobody could look is not said to have lost anything', async ({ proxy }) => {
  const answerTo = (pattern: RegExp, status: number) => (request: KeptRequest) =>
    request.method === 'GET' && pattern.test(request.path) ? plain(status) : null;
  const search = /\/studies\/[^/]+\/instances\?/;
  const instance = /\/instances\/[\d.]+$/;
  proxy.oddities.lagMs = 40_000;
  for (const status of [403, 500]) {
    proxy.oddities.answer = answerTo(instance, status);
    assert.is(found(await examine(proxy.url, { store: true }), 'stored').result, 'ok');
  }
  proxy.oddities.lagMs = 0;
  const unsearched = answerTo(search, 503);
  const gone = answerTo(instance, 404);
  proxy.oddities.answer = (request) => unsearched(request) ?? gone(request);
  const report = await examine(proxy.url, { store: true });
  assert.is(found(report, 'stored').result, 'ok');
  assert.is(found(report, 'never-shown').result, 'fail');
});

promise('a refusal is explained by its Failure Reason', async ({ proxy }) => {
  proxy.oddities.answer = ({ body }) => {
    const uid = /2\.25\.\d+/.exec(body.toString('latin1'))?.[0];
    if (!body.includes('DICM') || uid === undefined) return null;
    const failed = { '00081155': { vr: 'UI', Value: [uid] }, '00081197': { vr: 'US', Value: [0xa700] } };
    const answer = JSON.stringify({ '00081198': { vr: 'SQ', Value: [failed] } });
    return { status: 409, type: 'application/dicom+json', body: answer };
  };
  const refused = found(await examine(proxy.url, { store: true }), 'store-refused');
  const says = 'The PACS did not store the test instance: The PACS is out of space or too busy. (A700H)';
  assert.is(refused.says, says);
  assert.match(changeOf(refused, 'any'), 'Free disk space');
});

promise(
  'a PACS that fails on every store request: nothing is said of garbage or sizes',
  async ({ proxy }) => {
    for (const [status, code] of [
      [507, 'stores-no-room'],
      [500, 'stores-all-fail'],
    ] as const) {
      proxy.oddities.answer = ({ method }) => (method === 'POST' ? plain(status) : null);
      const report = await examine(proxy.url);
      assert.equal(codesOf(report, 'fail'), [code]);
      const unasked = ['garbage', 'chunked', 'body-size'];
      const others = report.findings.filter(({ check }) => unasked.includes(check));
      assert.equal(fieldsOf(others, 'result'), ['skipped', 'skipped', 'skipped']);
    }
  },
);

promise('a clock that is ten minutes slow, and CORS for everybody', async ({ proxy }) => {
  const date = new Date(clock.now() - 600_000).toUTCString();
  proxy.oddities.headers = { date, 'access-control-allow-origin': '*' };
  const report = await examine(proxy.url);
  assert.match(found(report, 'clock-wrong').says, /60[01] s behind/);
  assert.match(changeOf(found(report, 'cors-any'), 'nginx'), 'Access-Control-Allow-Origin');
});

promise('a name that nobody has', async () => {
  const unknown = await examine('http://pacs.relay-doctor.invalid/dicom-web');
  assert.match(changeOf(found(unknown, 'name-unknown'), 'any'), 'DNS');
  assert.is(unknown.isReached, false);
  assert.is(unknown.findings.length, checksOf('web', false).length);
});

promise('the address of the explorer in the place of the root: the root is found', async ({ orthanc }) => {
  const report = await examine(`${orthanc.restUrl}/app`);
  assert.match(found(report, 'root-elsewhere').change[0]!.text, orthanc.url);
});

/** A real nginx before the Orthanc. */
async function behindNginx(location: readonly string[], run: (url: string) => Promise<void>): Promise<void> {
  const nginx = findNginx();
  if (nginx === null) return skip('the doctor behind nginx', 'nginx is not installed');
  const started: Nginx = await startNginx(nginx, { port: await freePort(), location });
  try {
    await run(`http://127.0.0.1:${started.port}/dicom-web`);
  } finally {
    await started.stop();
  }
}

const portOf = ({ restUrl }: RunningOrthanc): number => Number(new URL(restUrl).port);

promise('behind an nginx that refuses every store request with a page of its own', async ({ orthanc }) => {
  const location = ['if ($request_method = POST) { return 400; }', ...passTo(portOf(orthanc))];
  await behindNginx(location, async (url) => {
    const report = await examine(url);
    const unsure = found(report, 'stores-unsure');
    assert.match(unsure.says, 'status 400');
    assert.match(changeOf(unsure, 'nginx'), 'return 400');
    assert.not(codesOf(report, 'ok').includes('stores-offered'));
  });
});

promise('a proxy whose PACS is away', async () => {
  await behindNginx(passTo(await freePort()), async (url) => {
    assert.match(found(await examine(url), 'backend-away').says, 'status 502');
  });
});

test.run();
