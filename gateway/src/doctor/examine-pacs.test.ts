/**
 * The doctor before real PACSs that are set up wrong in the usual ways: each diagnosis is right and names the
 * fix, and nothing is written unless that was asked for.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { findNginx, passTo, startNginx, type Nginx } from '#testing/hostile-proxy.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { PRIVATE_CA, PRIVATE_CERTIFICATE, PRIVATE_CERTIFICATE_KEY } from '../testing/certificate.ts';
import { discardingPacs } from '../testing/discarding-pacs.ts';
import { type KeptRequest, type OddPacsProxy, startOddPacsProxy } from '../testing/odd-pacs-proxy.ts';
import type { Finding } from './diagnoses.ts';
import { examinePacs, type PacsReport } from './examine-pacs.ts';

const signal = new AbortController().signal;
const open = { authorization: null, ca: null };

/** Time that passes only while somebody waits. */
let passedMs = 0;
const STARTED_AT = Date.now();
const clock = {
  now: () => STARTED_AT + passedMs,
  async wait(ms: number) {
    passedMs += ms;
  },
};

const examine = (url: string, options: Partial<{ store: boolean; ca: string; authorization: string }> = {}) =>
  examinePacs({ ...open, url, ...options }, { scope: options.store ? 'store' : 'all', clock }, signal);

const codesOf = (report: PacsReport, result: Finding['result']): string[] =>
  report.findings.filter((finding) => finding.result === result).map(({ code }) => code);

function found(report: PacsReport, code: string): Finding {
  const finding = report.findings.find((one) => one.code === code);
  assert.ok(finding, `${code} is not among ${report.findings.map((one) => one.code).join(', ')}`);
  return finding;
}

const changeOf = (finding: Finding, at: string): string =>
  finding.change.find((one) => one.at === at)?.text ?? '';

type World = {
  folder: string;
  orthanc: RunningOrthanc;
  locked: RunningOrthanc;
  /** Without its DICOMweb plugin. */
  bare: RunningOrthanc;
  proxy: OddPacsProxy;
};
const test = suite<Partial<World>>('the doctor');
let world: World | null = null;

test.before(async () => {
  if ((await findOrthanc()) === null) skip('the doctor', 'Orthanc is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'relay-doctor-'));
  const [orthanc, locked, bare] = await Promise.all([
    startOrthanc({
      folder: join(folder, 'open'),
      settings: { AuthenticationEnabled: false, OverwriteInstances: true },
    }),
    startOrthanc({ folder: join(folder, 'locked') }),
    startOrthanc({ folder: join(folder, 'bare'), plugins: [], settings: { AuthenticationEnabled: false } }),
  ]);
  world = { folder, orthanc, locked, bare, proxy: await startOddPacsProxy(orthanc.url, clock.now) };
});
test.before.each(() => world?.proxy.reset());
test.after(async () => {
  await world?.proxy.stop();
  await Promise.all([world?.orthanc.stop(), world?.locked.stop(), world?.bare.stop()]);
  if (world) await rm(world.folder, { recursive: true, force: true });
});

const promise = (title: string, run: (world: World) => Promise<void>) =>
  test(title, async () => void (world && (await run(world))));

async function countInstances({ restUrl, authorization }: RunningOrthanc): Promise<number> {
  const answer = await fetch(`${restUrl}/statistics`, { headers: { authorization } });
  return ((await answer.json()) as { CountInstances: number }).CountInstances;
}

promise('a plain Orthanc is right, but open to everybody', async ({ orthanc }) => {
  const report = await examine(orthanc.url);
  assert.equal(codesOf(report, 'fail'), []);
  assert.equal(codesOf(report, 'warn'), ['open-to-all']);
  assert.match(changeOf(found(report, 'open-to-all'), 'Orthanc'), '"AuthenticationEnabled" to true');
  for (const code of ['searches', 'stores-offered', 'garbage-refused', 'chunks-taken', 'bodies-pass'])
    assert.is(found(report, code).result, 'ok');
  assert.equal(report.settings.lagMinutes, null);
});

promise('without --store nothing is written: no request could store anything', async ({ orthanc, proxy }) => {
  await examine(proxy.url);
  assert.ok(proxy.requests.length > 10);
  for (const { method, path, body } of proxy.requests) {
    if (method === 'GET' || method === 'OPTIONS') continue;
    assert.equal([method, path], ['POST', '/dicom-web/studies']);
    assert.not(body.includes('DICM'));
  }
  assert.is(await countInstances(orthanc), 0);
});

promise('credentials: missing, wrong, right', async ({ locked }) => {
  const missing = await examine(locked.url);
  assert.match(found(missing, 'credentials-wanted').says, 'scheme Basic');
  assert.match(changeOf(found(missing, 'credentials-wanted'), 'any'), 'PACS_AUTHORIZATION');
  const wrong = await examine(locked.url, { authorization: 'Basic eDp4' });
  assert.match(changeOf(found(wrong, 'credentials-refused'), 'Orthanc'), 'RegisteredUsers');
  assert.match(
    changeOf(found(wrong, 'credentials-refused'), 'any'),
    /^Enter the user name and the password again/,
  );
  assert.is(found(wrong, 'skipped').says, 'The PACS cannot be asked yet.');
  const right = await examine(locked.url, { authorization: locked.authorization });
  assert.is(found(right, 'credentials-taken').result, 'ok');
  assert.equal([...codesOf(right, 'fail'), ...codesOf(right, 'warn')], []);
});

promise('with --store all is measured, and removed again', async ({ locked }) => {
  const report = await examine(locked.url, { authorization: locked.authorization, store: true });
  assert.equal([...codesOf(report, 'fail'), ...codesOf(report, 'warn')], []);
  for (const code of ['stored', 'shown-at-once', 'same-bytes', 'first-kept', 'lists-known', 'rows-paged'])
    assert.is(found(report, code).result, 'ok');
  assert.is(found(report, 'removed').result, 'ok');
  assert.is(await countInstances(locked), 0);
  assert.equal([report.settings.lagMinutes, report.settings.proof], [10, 'digest']);
});

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
  proxy.oddities.answer = ({ path }) =>
    path.startsWith('/dicom-web/') ? null : { status: 404, type: 'text/plain', body: '' };
  const left = found(await examine(proxy.url, { store: true }), 'not-removed');
  assert.match(left.says, 'Patient ID RELAYPACS-DOCTOR');
  await emptied(orthanc, /Study Instance UID ([\d.]+\d)/.exec(left.says)![1]!);
});

promise('test instances that a PACS deletes when asked are not called left', async ({ orthanc, proxy }) => {
  let isDeleted = false;
  proxy.oddities.answer = ({ method, path }) => {
    if (!path.startsWith('/dicom-web/')) return { status: 404, type: 'text/plain', body: '' };
    if (method === 'DELETE') isDeleted = true;
    if (method === 'DELETE') return { status: 204, type: 'text/plain', body: '' };
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
    if (!path.startsWith('/dicom-web/')) return { status: 404, type: 'text/plain', body: '' };
    return body.includes('DICM') ? { status: 400, type: 'text/html', body: '<p>no</p>' } : null;
  };
  assert.is(found(await examine(proxy.url, { store: true }), 'absent').result, 'ok');
});

promise('where nobody can tell whether they are left, the test says so', async ({ orthanc, proxy }) => {
  proxy.oddities.answer = ({ method, path }) => {
    const isSearch = method === 'GET' && /\/studies\/[\d.]+\/instances/.test(path);
    if (!path.startsWith('/dicom-web/')) return { status: 404, type: 'text/plain', body: '' };
    return isSearch ? { status: 500, type: 'text/plain', body: '' } : null;
  };
  const untold = found(await examine(proxy.url, { store: true }), 'removal-untold');
  assert.match(
    untold.says,
    /^Whether .* is unknown\. Patient ID RELAYPACS-DOCTOR, Study Instance UID 2\.25\.\d+/,
  );
  assert.match(changeOf(untold, 'any'), 'Search the PACS');
  await emptied(orthanc, /2\.25\.\d+/.exec(untold.says)![0]);
});

promise('a PACS without lists of UIDs', async ({ proxy }) => {
  proxy.oddities.takesLists = false;
  const report = await examine(proxy.url, { store: true });
  assert.match(found(report, 'lists-unknown').says, 'found 0 of the two');
  assert.match(changeOf(found(report, 'lists-unknown'), 'any'), 'UID List Matching');
});

promise('a lag of 20 s is measured, and one of 10 min is too long', async ({ proxy }) => {
  proxy.oddities.lagMs = 20_000;
  const late = await examine(proxy.url, { store: true });
  const seconds = Number(/after (\d+) s/.exec(found(late, 'shown-late').says)![1]);
  assert.ok(seconds >= 20 && seconds <= 23, `${seconds} s`);
  assert.match(changeOf(found(late, 'shown-late'), 'any'), 'lag of 11 minutes');
  assert.is(late.settings.lagMinutes, 11);
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
      assert.match(
        lost.says,
        `confirmed two test instances, and ${seconds} s later it neither lists nor returns 2 of`,
      );
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
    request.method === 'GET' && pattern.test(request.path) ? { status, type: 'text/plain', body: '' } : null;
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
  assert.equal(
    ['stored', 'never-shown'].map((code) => found(report, code).result),
    ['ok', 'fail'],
  );
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
  assert.is(
    refused.says,
    'The PACS did not store the test instance: The PACS has no room or is too busy. (A700H)',
  );
  assert.match(changeOf(refused, 'any'), 'Free disk space');
});

promise(
  'a PACS that fails on every store request: nothing is said of garbage or sizes',
  async ({ proxy }) => {
    for (const [status, code] of [
      [507, 'stores-no-room'],
      [500, 'stores-all-fail'],
    ] as const) {
      proxy.oddities.answer = ({ method }) =>
        method === 'POST' ? { status, type: 'text/plain', body: '' } : null;
      const report = await examine(proxy.url);
      assert.equal(codesOf(report, 'fail'), [code]);
      const others = report.findings.filter(({ check }) =>
        ['garbage', 'chunked', 'body-size'].includes(check),
      );
      assert.equal(
        others.map(({ result }) => result),
        ['skipped', 'skipped', 'skipped'],
      );
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

promise('an Orthanc without DICOMweb', async ({ bare }) => {
  const report = await examine(bare.url);
  assert.match(changeOf(found(report, 'orthanc-without-dicomweb'), 'Orthanc'), 'orthanc-dicomweb');
  assert.equal(codesOf(report, 'fail'), ['orthanc-without-dicomweb']);
});

promise('a dead port, and a name that nobody has', async () => {
  const dead = await examine(`http://127.0.0.1:${await freePort()}/dicom-web`);
  assert.is(dead.isReached, false);
  assert.match(changeOf(found(dead, 'connection-refused'), 'Orthanc'), '"HttpPort"');
  const unknown = await examine('http://pacs.relay-doctor.invalid/dicom-web');
  assert.match(changeOf(found(unknown, 'name-unknown'), 'any'), 'DNS');
  assert.is(unknown.findings.length, dead.findings.length);
});

promise('the address of the explorer in the place of the root: the root is found', async ({ orthanc }) => {
  const report = await examine(`${orthanc.restUrl}/app`);
  assert.match(found(report, 'root-elsewhere').change[0]!.text, orthanc.url);
});

/** A real nginx before the Orthanc. */
async function behindNginx(
  directives: { server?: readonly string[]; location: readonly string[] },
  run: (url: string) => Promise<void>,
): Promise<void> {
  const nginx = findNginx();
  if (nginx === null) return skip('the doctor behind nginx', 'nginx is not installed');
  const started: Nginx = await startNginx(nginx, { port: await freePort(), ...directives });
  try {
    await run(`http://127.0.0.1:${started.port}/dicom-web`);
  } finally {
    await started.stop();
  }
}

const portOf = ({ restUrl }: RunningOrthanc): number => Number(new URL(restUrl).port);

promise('behind an nginx with its limit of 1 MB', async ({ orthanc }) => {
  await behindNginx({ location: passTo(portOf(orthanc)) }, async (url) => {
    const report = await examine(url);
    const limit = found(report, 'bodies-too-small');
    assert.match(limit.says, 'more than 1 MB are refused (status 413)');
    assert.match(changeOf(limit, 'nginx'), 'client_max_body_size 0');
    assert.is(report.settings.bodyBytes, 1024 * 1024);
    assert.equal(codesOf(report, 'fail'), ['bodies-too-small']);
  });
});

promise('behind an nginx that refuses every store request with a page of its own', async ({ orthanc }) => {
  const location = ['if ($request_method = POST) { return 400; }', ...passTo(portOf(orthanc))];
  await behindNginx({ location }, async (url) => {
    const report = await examine(url);
    const unsure = found(report, 'stores-unsure');
    assert.match(unsure.says, 'status 400');
    assert.match(changeOf(unsure, 'nginx'), 'return 400');
    assert.not(codesOf(report, 'ok').includes('stores-offered'));
  });
});

promise('a web page, and a proxy whose PACS is away', async () => {
  const page = ['default_type text/html;', 'return 200 "<html><title>Welcome</title></html>";'];
  await behindNginx({ location: page }, async (url) => {
    const report = await examine(url);
    assert.match(changeOf(found(report, 'web-page'), 'nginx'), 'proxy_pass');
    assert.equal(codesOf(report, 'fail'), ['web-page']);
  });
  await behindNginx({ location: passTo(await freePort()) }, async (url) => {
    assert.match(found(await examine(url), 'backend-away').says, 'status 502');
  });
});

promise('behind TLS: a private CA, a wrong name, and plain HTTP to it', async ({ folder, orthanc }) => {
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  await Promise.all([writeFile(cert, PRIVATE_CERTIFICATE), writeFile(key, PRIVATE_CERTIFICATE_KEY)]);
  const port = await freePort();
  const server = [
    `listen 127.0.0.1:${port} ssl; listen 127.0.0.2:${port} ssl;`,
    `ssl_certificate ${cert}; ssl_certificate_key ${key}; client_max_body_size 0;`,
  ];
  await behindNginx({ server, location: passTo(portOf(orthanc)) }, async () => {
    const strange = await examine(`https://127.0.0.1:${port}/dicom-web`);
    const unknown = found(strange, 'certificate-private');
    assert.match(unknown.says, 'issued by Hospital CA');
    assert.match(changeOf(unknown, 'any'), 'certificate file of that authority');
    assert.is(strange.isReached, false);

    const other = await examine(`https://127.0.0.2:${port}/dicom-web`, { ca: PRIVATE_CA });
    const wrong = found(other, 'certificate-name-wrong');
    assert.match(wrong.says, 'for pacs.hospital.test, 127.0.0.1, not for 127.0.0.2');
    assert.match(changeOf(wrong, 'any'), 'issued for 127.0.0.2');
    assert.is(other.isReached, false);

    const trusted = await examine(`https://127.0.0.1:${port}/dicom-web`, { ca: PRIVATE_CA });
    assert.is(found(trusted, 'certificate-trusted').result, 'ok');
    assert.equal(codesOf(trusted, 'fail'), []);
    assert.is(found(await examine(`http://127.0.0.1:${port}/dicom-web`), 'wants-tls').result, 'fail');
  });
});

test.run();
