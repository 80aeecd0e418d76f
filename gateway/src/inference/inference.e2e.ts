/**
 * Runs models in a whole gateway, with a real Orthanc and the process that runs the models. It covers the automatic
 * way from an upload to report, segmentation and heat map, as other programs read them, and a gateway that is killed
 * during the work.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeJwt } from 'jose';
import { readImageFile } from '#shared/pixels/image-file.ts';
import type { Job, Result } from '#shared/protocol/inference.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { filesOfInstance } from '#testing/ask-orthanc.ts';
import { skip } from '#testing/environment.ts';
import { createGatewayUnderTest, until, type GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { askProgram } from '../testing/open-subject.ts';
import { evaluationFilm, sendStudy } from '../testing/open-film.ts';
import { formOf, greyFile } from '../testing/open-job.ts';
import { signInAt } from '../testing/sign-in-at.ts';

const test = suite('models behind a gateway');
const PASSWORD = 'correct horse battery';
const MASKS = fileURLToPath(new URL('../../../../shared/models/eval/lungs/', import.meta.url));
const FILM = '00211';
let world: {
  readonly orthanc: RunningOrthanc;
  readonly gateway: GatewayUnderTest;
  readonly folder: string;
  token: string;
} | null = null;

test.before(async () => {
  if ((await findOrthanc()) === null)
    skip('models behind a gateway, with a real PACS', 'Orthanc is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'relay-inference-'));
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs') });
  const gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort: await freePort(),
    dataDir: join(folder, 'data'),
    pacs: orthanc,
    adminPassword: PASSWORD,
  });
  await gateway.start();
  world = { orthanc, gateway, folder, token: '' };
  await signIn();
});
test.after(async () => {
  if (world === null) return;
  await world.gateway.stop();
  await world.orthanc.stop();
  rmSync(world.folder, { recursive: true, force: true });
});

async function signIn(): Promise<void> {
  const credentials = { username: 'admin', password: PASSWORD };
  world!.token = (await signInAt(world!.gateway.api, credentials)).accessToken;
}
const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${world!.gateway.api}${path}`, init);
async function asked<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await ask(path, {
    ...init,
    headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${world!.token}` },
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as T;
}
const json = (method: string, body: object): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** Reads both lungs of a segmentation with pydicom: rows, columns, and a byte for each pixel. */
function lungsOf(
  segmentation: Buffer,
  folder: string,
): { readonly rows: number; readonly columns: number; readonly mask: Uint8Array } | null {
  const from = join(folder, 'seg.dcm');
  const to = join(folder, 'seg.raw');
  writeFileSync(from, segmentation);
  const script = `import sys, pydicom
d = pydicom.dcmread(sys.argv[1])
p = d.pixel_array
p = p.max(axis=0) if p.ndim == 3 else p
open(sys.argv[2], 'wb').write((p > 0).astype('uint8').tobytes())
print(p.shape[0], p.shape[1], ';'.join(s.SegmentLabel for s in d.SegmentSequence))`;
  const { status, stdout } = spawnSync('/usr/bin/python3', ['-c', script, from, to], { encoding: 'utf8' });
  if (status !== 0) return null;
  const [rows, columns] = stdout.split(' ').map(Number);
  return { rows: rows!, columns: columns!, mask: readFileSync(to) };
}

test('an upload under a rule ends with report, segmentation and heat map in the PACS, valid, readable, receipted', async () => {
  if (world === null) return;
  const { orthanc, folder } = world;
  const film = await evaluationFilm(`lungs/${FILM}.png`, 801);
  if (film === null) skip('a chest film through the whole gateway', 'the evaluation set is not there');
  await asked(
    '/admin/rules/inference',
    json('PUT', {
      rules: [{ name: 'films', enabled: true, when: { bodyPart: ['CHEST'] }, models: ['pneumonia'] }],
    }),
  );
  const { studyInstanceUID, sopInstanceUID } = film.identifiers;
  const uploadId = await sendStudy(ask, world.token, [film]);
  const [result] = await until('the result in the PACS', async () => {
    const { results } = await asked<{ results: Result[] }>(`/results?study=${studyInstanceUID}`);
    return (
      results.length > 0 &&
      results[0]!.instances.length === 3 &&
      results[0]!.instances.every(({ state }) => state === 'stored') &&
      results
    );
  });
  assert.equal(
    [result!.finding.population, result!.finding.input.sopInstanceUID],
    ['inside', sopInstanceUID],
  );
  const found = await fetch(`${orthanc.url}/studies/${studyInstanceUID}/series?includefield=0008103E`, {
    headers: { accept: 'application/dicom+json', authorization: orthanc.authorization },
  });
  const series = (await found.json()) as Record<string, { Value?: unknown[] }>[];
  const ofModels = series.filter((row) =>
    String(row['0008103E']?.Value?.[0]).startsWith(`AI ${result!.finding.model.id} `),
  );
  assert.equal(ofModels.map((row) => row['00080060']?.Value?.[0]).sort(), ['OT', 'SEG', 'SR']);
  for (const { kind, sopInstanceUID: uid } of result!.instances) {
    const [file] = await filesOfInstance(orthanc, uid);
    const verdict = askProgram('dciodvfy', [], file!);
    assert.equal(verdict?.text.split('\n').filter((line) => /\bError\b/.test(line)) ?? [], [], kind);
    if (kind === 'SR') assert.match(askProgram('dsrdump', [], file!)?.text ?? 'pneumonia', /pneumonia/);
    const lungs = kind === 'SEG' ? lungsOf(file!, folder) : null;
    if (lungs !== null)
      assert.ok(diceOf(lungs, await maskOf()) > 0.9, 'the lungs are where the evaluation set has them');
  }
  await until('a receipt that names them', async () => {
    const { instances } = await asked<Result>(`/results/${result!.id}`);
    return instances.every(({ receipt }) => receipt !== null);
  });
  const receipt = await until('the receipt of what was sent', async () => {
    const answer = await ask(`/upload/${uploadId}/receipt`, {
      headers: { authorization: `Bearer ${world!.token}` },
    });
    return answer.ok && decodeJwt<Receipt>(await answer.text());
  });
  assert.equal(
    receipt.instances.map((one) => [one.sopInstanceUID, one.state]),
    [[sopInstanceUID, 'stored']],
  );
});

async function maskOf(): Promise<{
  readonly rows: number;
  readonly columns: number;
  readonly mask: Uint8Array;
}> {
  const read = await readImageFile(readFileSync(`${MASKS}${FILM}.mask.png`));
  if (read.kind === 'refused') throw new Error(read.because);
  const { rows, columns, grey } = read.picture;
  return { rows, columns, mask: Uint8Array.from(grey, (value) => (value > 0 ? 1 : 0)) };
}

/**
 * The Dice coefficient of two masks: twice the pixels that both mark, divided by the sum of what each marks. The
 * second mask is sampled at the nearest pixel.
 */
function diceOf(one: NonNullable<ReturnType<typeof lungsOf>>, other: typeof one): number {
  let both = 0;
  let sum = 0;
  for (let row = 0; row < one.rows; row += 1) {
    for (let column = 0; column < one.columns; column += 1) {
      const at =
        Math.floor(((row + 0.5) * other.rows) / one.rows) * other.columns +
        Math.floor(((column + 0.5) * other.columns) / one.columns);
      const a = one.mask[row * one.columns + column]!;
      const b = other.mask[at]!;
      both += a & b;
      sum += a + b;
    }
  }
  const dice = (2 * both) / sum;
  process.stderr.write(
    `overlap of the segmentation with the evaluation set's lungs: Dice ${dice.toFixed(4)}\n`,
  );
  return dice;
}

test('a gateway that is killed while models work ends each job after its next start, each result once', async () => {
  if (world === null) return;
  const { gateway } = world;
  const files = Array.from({ length: 8 }, (_, at) => greyFile(100 + at, 1024));
  const { jobs } = await asked<{ jobs: Job[] }>('/infer/batch', { method: 'POST', body: formOf(files) });
  await until('the models to work', async () =>
    (await asked<{ jobs: Job[] }>('/jobs')).jobs.some(({ state }) => state === 'running' || state === 'done'),
  );
  await gateway.kill();
  await gateway.start();
  await signIn();
  const ended = await until('all of them to end', async () => {
    const { jobs: now } = await asked<{ jobs: Job[] }>('/jobs');
    const own = now.filter(({ id }) => jobs.some((job) => job.id === id));
    return own.every(({ finishedAt }) => finishedAt !== null) && own;
  });
  assert.equal(
    ended.map(({ state, results }) => [state, results.length]),
    files.map(() => ['done', 1]),
  );
  const { results } = await asked<{ results: Result[] }>('/results?limit=200');
  const digests = results.map(({ finding }) => finding.input.digest);
  assert.is(new Set(digests).size, digests.length);
});

test.run();
