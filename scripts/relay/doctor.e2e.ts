// test:all: the usual faults of a PACS one after the other; doctor/examine-pacs.test guards each sentence
/**
 * `relay doctor`, run as IT staff run it, before real PACSs that are set up wrong in the usual ways: in words and as
 * JSON each diagnosis is right and names the fix, the exit code fits, and without `--store` nothing is written.
 * Between the command and each PACS stands a proxy that keeps every request. Finer cases are in
 * gateway/src/doctor/examine-pacs.test.ts.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { findNginx, passTo, startNginx, type NginxSettings } from '#testing/hostile-proxy.ts';
import type { Place } from '../../gateway/src/doctor/checks.ts';
import type { DiagnosisCode } from '../../gateway/src/doctor/diagnoses.ts';
import type { PacsReport } from '../../gateway/src/doctor/examine-pacs.ts';
import {
  PRIVATE_CA,
  PRIVATE_CERTIFICATE,
  PRIVATE_CERTIFICATE_KEY,
} from '../../gateway/src/testing/certificate.ts';
import {
  type KeptRequest,
  type OddPacsProxy,
  startOddPacsProxy,
} from '../../gateway/src/testing/odd-pacs-proxy.ts';
import { findOrthanc, startOrthanc, type OrthancOptions, type RunningOrthanc } from '../system/orthanc.ts';
import { freePort } from '../system/ports.ts';

const RELAY = fileURLToPath(new URL('../relay.ts', import.meta.url));

/** `url`: that of the proxy, which keeps every request. */
type Pacs = { readonly orthanc: RunningOrthanc; readonly proxy: OddPacsProxy; readonly url: string };
type World = {
  readonly folder: string;
  readonly open: Pacs;
  readonly locked: Pacs;
  /** Without its DICOMweb plugin. */
  readonly bare: Pacs;
};

const test = suite('relay doctor before a PACS');
let world: World | null = null;

async function openPacs(options: OrthancOptions): Promise<Pacs> {
  const orthanc = await startOrthanc(options);
  const proxy = await startOddPacsProxy(orthanc.url, Date.now);
  return { orthanc, proxy, url: proxy.url };
}

const pacssOf = ({ open, locked, bare }: World): readonly Pacs[] => [open, locked, bare];

test.before(async () => {
  if ((await findOrthanc()) === null) skip('relay doctor before a PACS', 'Orthanc is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'relay-doctor-'));
  const settings = { AuthenticationEnabled: false };
  const [open, locked, bare] = await Promise.all([
    openPacs({ folder: join(folder, 'open'), settings }),
    openPacs({ folder: join(folder, 'locked') }),
    openPacs({ folder: join(folder, 'bare'), plugins: [], settings }),
  ]);
  world = { folder, open, locked, bare };
});
test.before.each(() => {
  for (const { proxy } of world === null ? [] : pacssOf(world)) proxy.reset();
});
test.after(async () => {
  if (world === null) return;
  await Promise.all(pacssOf(world).flatMap(({ proxy, orthanc }) => [proxy.stop(), orthanc.stop()]));
  await rm(world.folder, { recursive: true, force: true });
});

const promise = (title: string, run: (world: World) => Promise<void>) =>
  test(title, async () => void (world && (await run(world))));

type Run = { readonly code: number | null; readonly printed: string };

async function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Run> {
  const child = spawn(process.execPath, [RELAY, 'doctor', ...args], {
    env: { ...process.env, PACS_AUTHORIZATION: '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const printed = await text(child.stdout);
  return { code: await ended, printed };
}

type Said = { readonly code: number | null; readonly words: string; readonly report: PacsReport };

/** The command in words and with `--json`. */
async function both(inWords: Promise<Run>, asJson: Promise<Run>): Promise<Said> {
  const [{ code, printed }, json] = await Promise.all([inWords, asJson]);
  assert.is(json.code, code, 'the exit code does not depend on --json');
  return { code, words: printed, report: JSON.parse(json.printed) as PacsReport };
}

/** The requests that could store, change or delete something. */
const writesOf = ({ requests }: OddPacsProxy): readonly KeptRequest[] =>
  requests.filter(
    ({ method, path, body }) =>
      !['GET', 'OPTIONS'].includes(method) &&
      !(method === 'POST' && path === '/dicom-web/studies' && !body.includes('DICM')),
  );

/** Runs the command twice; without `--store` no PACS was asked to write. */
async function doctor(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const inWords = run(args, env);
  // A run that stores is alone: each would look at the test instances of the other, and those go.
  if (args.includes('--store')) await inWords;
  const said = await both(inWords, run([...args, '--json'], env));
  if (!args.includes('--store') && world !== null)
    for (const { proxy } of pacssOf(world))
      assert.equal(
        writesOf(proxy).map(({ method, path }) => [method, path]),
        [],
      );
  return said;
}

const codesOf = ({ report }: Said, mark: 'FAIL' | 'WARN'): readonly string[] =>
  report.findings.filter(({ result }) => result === mark.toLowerCase()).map(({ code }) => code);

type Told = {
  readonly mark: 'FAIL' | 'WARN';
  readonly says: string;
  readonly change: readonly [Place, string];
};

/** The diagnosis stands in both forms, with its remedy. */
function tells(said: Said, code: DiagnosisCode, { mark, says, change: [at, remedy] }: Told): void {
  const { findings } = said.report;
  const finding = findings.find((one) => one.code === code);
  assert.ok(finding, `${code} is not among ${findings.map((one) => one.code).join(', ')}`);
  assert.is(finding.result, mark.toLowerCase());
  assert.match(finding.says, says);
  assert.match(finding.change.find((one) => one.at === at)?.text ?? '', remedy);
  const lines = said.words.split('\n');
  const first = lines.findIndex((line) => line.startsWith(mark) && line.includes(says));
  assert.is.not(first, -1, `${mark} ${says} is not in\n${said.words}`);
  const below = lines.slice(first + 1);
  const remedies = below.slice(
    0,
    below.findIndex((line) => !/^ +→ /.test(line)),
  );
  const start = at === 'any' ? '→ ' : `→ ${at}: `;
  assert.ok(remedies.some((line) => line.trimStart().startsWith(start) && line.includes(remedy)));
}

async function countInstances({ orthanc: { restUrl, authorization } }: Pacs): Promise<number> {
  const answer = await fetch(`${restUrl}/statistics`, { headers: { authorization } });
  return ((await answer.json()) as { CountInstances: number }).CountInstances;
}

const OPEN_TO_ALL: Told = {
  mark: 'WARN',
  says: 'The PACS accepts requests without credentials',
  change: ['Orthanc', 'Set "AuthenticationEnabled" to true'],
};

promise('a plain Orthanc is right, but open to everybody: exit 0', async ({ open }) => {
  const said = await doctor([open.url]);
  assert.is(said.code, 0);
  assert.equal([codesOf(said, 'FAIL'), codesOf(said, 'WARN')], [[], ['open-to-all']]);
  tells(said, 'open-to-all', OPEN_TO_ALL);
  assert.match(said.words, '0 problems, 1 warning.');
  assert.match(said.words, `Settings for the gateway:\n  PACS_URL=${open.url}\n`);
  const found = new Map(said.report.findings.map(({ code, result }) => [code, result]));
  for (const code of ['searches', 'stores-offered', 'garbage-refused', 'chunks-taken', 'bodies-pass'])
    assert.is(found.get(code), 'ok', code);
  assert.is(said.report.settings.lagMinutes, null);
});

promise('without --store nothing is written; with it all is measured and removed again', async (around) => {
  const { locked } = around;
  const env = { PACS_AUTHORIZATION: locked.orthanc.authorization };
  const before = await doctor([locked.url], env);
  assert.ok(locked.proxy.requests.length > 20);
  assert.match(before.words, 'A test with test instances stores two');
  assert.is(await countInstances(locked), 0);
  const said = await doctor([locked.url, '--store'], env);
  assert.ok(writesOf(locked.proxy).length > 1, 'the proxy would have seen it');
  assert.is(said.code, 0);
  assert.match(said.words, 'Nothing is wrong.', said.words);
  const codes = said.report.findings.map(({ code }) => code);
  for (const code of ['stored', 'shown-at-once', 'same-bytes', 'first-kept', 'lists-known', 'rows-paged'])
    assert.ok(codes.includes(code), `${code} is not among ${codes.join(', ')}`);
  assert.ok(codes.includes('removed'));
  assert.is(await countInstances(locked), 0);
  assert.match(said.words, '  RELAY_PACS_LAG_MINUTES=10\n  RELAY_PACS_PROOF=digest');
  assert.equal([said.report.settings.lagMinutes, said.report.settings.proof], [10, 'digest']);
});

promise('with authentication: credentials that are missing, wrong and right', async ({ locked }) => {
  const missing = await doctor([locked.url]);
  assert.is(missing.code, 1);
  tells(missing, 'credentials-wanted', {
    mark: 'FAIL',
    says: 'The PACS requires credentials (status 401, scheme Basic)',
    change: ['any', '--authorization "Basic …" (base64 of user:password), and PACS_AUTHORIZATION'],
  });
  const wrong = await doctor([locked.url, '--authorization', 'Basic eDp4']);
  assert.is(wrong.code, 1);
  tells(wrong, 'credentials-refused', {
    mark: 'FAIL',
    says: 'The PACS does not accept these credentials',
    change: ['Orthanc', 'Compare with "RegisteredUsers"'],
  });
  assert.match(wrong.words, 'The PACS cannot be asked yet.');
  const { authorization } = locked.orthanc;
  const right = await doctor([locked.url, '--authorization', authorization]);
  assert.is(right.code, 0);
  assert.match(right.words, 'The PACS accepts these credentials and refuses requests without credentials.');
  assert.match(right.words, 'Nothing is wrong.');
  for (const { words, report } of [missing, wrong, right])
    for (const secret of ['eDp4', authorization.slice('Basic '.length)])
      assert.not.ok(`${words}${JSON.stringify(report)}`.includes(secret));
});

/** A real nginx. `run` gets the DICOMweb root there. */
async function behindNginx(
  settings: Omit<NginxSettings, 'port'>,
  run: (url: string, port: number) => Promise<void>,
): Promise<void> {
  const nginx = findNginx();
  if (nginx === null) return skip('relay doctor behind nginx', 'nginx is not installed');
  const port = await freePort();
  const started = await startNginx(nginx, { port, ...settings });
  try {
    await run(`${settings.tls ? 'https' : 'http'}://127.0.0.1:${port}/dicom-web`, port);
  } finally {
    await started.stop();
  }
}

const passToPacs = ({ url }: Pacs): readonly string[] => passTo(Number(new URL(url).port));

promise('behind an nginx with its limit of 1 MB: the limit, and how to raise it', async ({ open }) => {
  await behindNginx({ location: passToPacs(open) }, async (url) => {
    const said = await doctor([url]);
    assert.is(said.code, 1);
    assert.equal(codesOf(said, 'FAIL'), ['bodies-too-small']);
    tells(said, 'bodies-too-small', {
      mark: 'FAIL',
      says: 'Requests larger than 1 MB are refused by the PACS or its proxy (status 413)',
      change: ['nginx', 'client_max_body_size 0'],
    });
    assert.match(said.words, 'Largest body that passed: 1048576 bytes.');
    assert.is(said.report.settings.bodyBytes, 1_048_576);
  });
});

promise('behind TLS: a private CA, a wrong name, and plain HTTP to it', async ({ folder, open }) => {
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, PRIVATE_CA);
  const settings = {
    tls: { certificate: PRIVATE_CERTIFICATE, key: PRIVATE_CERTIFICATE_KEY },
    location: ['client_max_body_size 0;', ...passToPacs(open)],
  };
  const other = await freePort();
  const server = [`listen 127.0.0.2:${other} ssl;`];
  await behindNginx({ ...settings, server }, async (url, port) => {
    const strange = await doctor([url]);
    assert.equal([strange.code, strange.report.isReached], [3, false]);
    tells(strange, 'certificate-private', {
      mark: 'FAIL',
      says: 'issued by Hospital CA, which this machine does not trust',
      change: ['any', 'use --ca FILE with relay doctor'],
    });
    const elsewhere = await doctor([`https://127.0.0.2:${other}/dicom-web`, '--ca', ca]);
    assert.equal([elsewhere.code, elsewhere.report.isReached], [3, false]);
    assert.equal(codesOf(elsewhere, 'FAIL'), ['certificate-name-wrong']);
    tells(elsewhere, 'certificate-name-wrong', {
      mark: 'FAIL',
      says: 'The certificate is for pacs.hospital.test, 127.0.0.1, not for 127.0.0.2.',
      change: ['any', 'have a certificate issued for 127.0.0.2'],
    });
    assert.is(open.proxy.requests.length, 0, 'nothing is asked before the certificate is accepted');
    const trusted = await doctor([url, '--ca', ca]);
    assert.equal([trusted.code, codesOf(trusted, 'FAIL')], [0, []]);
    assert.match(trusted.words, 'The certificate is trusted.');
    const plain = await doctor([`http://127.0.0.1:${port}/dicom-web`]);
    assert.is(plain.code, 1);
    tells(plain, 'wants-tls', {
      mark: 'FAIL',
      says: 'This port expects https.',
      change: ['any', 'Start the address with https'],
    });
  });
});

promise('an Orthanc without DICOMweb: the plugin, and how to install it', async ({ bare }) => {
  const said = await doctor([bare.url]);
  assert.equal([said.code, codesOf(said, 'FAIL')], [1, ['orthanc-without-dicomweb']]);
  tells(said, 'orthanc-without-dicomweb', {
    mark: 'FAIL',
    says: 'Orthanc answers, but its DICOMweb plugin does not.',
    change: ['Orthanc', 'apt-get install orthanc-dicomweb'],
  });
});

promise('a PACS without lists of UIDs', async ({ open }) => {
  open.proxy.oddities.takesLists = false;
  const said = await doctor([open.url, '--store']);
  tells(said, 'lists-unknown', {
    mark: 'WARN',
    says: 'found 0 of them',
    change: ['any', 'UID List Matching'],
  });
  assert.is(said.code, 0);
});

// Slow: the command has no clock but the real one.
promise('a lag of 20 s is measured, and the setting that fits is named', async ({ open }) => {
  // A proxy of its own for each run: a store by one must not hide what the other has stored.
  const second = await startOddPacsProxy(open.orthanc.url, Date.now);
  // A second more than 20 s, so that a look just before its end does not count as 20 s.
  for (const { oddities } of [open.proxy, second]) oddities.lagMs = 21_000;
  try {
    const said = await both(run([open.url, '--store'], {}), run([second.url, '--store', '--json'], {}));
    assert.equal([said.code, codesOf(said, 'FAIL')], [0, []]);
    tells(said, 'shown-late', {
      mark: 'WARN',
      says: 'A search finds stored instances only after ',
      change: ['any', 'Save a lag of 1'],
    });
    const inWords = Number(/→ Save a lag of (\d+) minutes at the destination/.exec(said.words)?.[1]);
    assert.match(said.words, `  RELAY_PACS_LAG_MINUTES=${inWords}\n`);
    // Thirty times 21 to 30 s.
    for (const minutes of [inWords, said.report.settings.lagMinutes!])
      assert.ok(minutes >= 11 && minutes <= 15, `${minutes} minutes`);
    assert.is(await countInstances(open), 0);
  } finally {
    await second.stop();
  }
});

promise('a dead port: exit 3, and no settings for a PACS that was not reached', async () => {
  const port = await freePort();
  const said = await doctor([`http://127.0.0.1:${port}/dicom-web`]);
  assert.equal([said.code, said.report.isReached], [3, false]);
  tells(said, 'connection-refused', {
    mark: 'FAIL',
    says: `No program is listening on port ${port} of 127.0.0.1.`,
    change: ['Orthanc', 'Its port is "HttpPort"'],
  });
  assert.match(said.words, '1 problem, 0 warnings.');
  assert.not.match(said.words, 'Settings for the gateway');
});

promise('a web page: the address is of something else', async () => {
  const location = ['default_type text/html;', 'return 200 "<html><title>Welcome</title></html>";'];
  await behindNginx({ location }, async (url) => {
    const said = await doctor([url]);
    assert.equal([said.code, codesOf(said, 'FAIL')], [1, ['web-page']]);
    tells(said, 'web-page', {
      mark: 'FAIL',
      says: 'This address returns a web page (status 200), not DICOMweb.',
      change: ['nginx', 'proxy_pass'],
    });
  });
});

test.run();
