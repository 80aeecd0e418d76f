/**
 * The verdict, after all faults are repaired and all studies have ended: compares the PACS with the queued
 * studies, verifies every receipt with the command line, and checks what was posted, what was sent twice and
 * which copies remain.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { askOrthanc } from '#testing/ask-orthanc.ts';
import { PASSWORD } from '#testing/accounts.ts';
import { relay } from './command-line.ts';
import { judgeBytes } from './judge-bytes.ts';
import type { PageDevice } from './page.ts';
import type { Queued, State } from './state.ts';
import { expectedOf } from './studies.ts';
import type { World } from './world.ts';

export type Verdict = {
  readonly faults: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
  /** The bytes sent, and those sent again with their cause, for a person. */
  readonly bytes: string;
};

const LOOK_AGAIN_MS = 300;
const GONE_WITHIN_MS = 60_000;
const UNNAMED_KEY_MS = 2 * 3600_000;
/** Headers, manifests, requests and tokens, in addition to the queued bytes. */
const OVERHEAD_PER_QUEUED_BYTES = 400_000;

type Client = { get(path: string): Promise<Response>; post(path: string, body: unknown): Promise<Response> };

/** The gateways' API in the session of the user `admin`. */
export async function signedIn(api: string): Promise<Client> {
  const headers = { 'content-type': 'application/json' };
  const login = await fetch(`${api}/auth/login`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ username: 'admin', password: PASSWORD }),
  });
  const { accessToken } = (await login.json()) as { accessToken: string };
  const authorization = `Bearer ${accessToken}`;
  return {
    get: (path) => fetch(`${api}${path}`, { headers: { authorization } }),
    post: (path, body) =>
      fetch(`${api}${path}`, {
        method: 'POST',
        headers: { ...headers, authorization },
        body: JSON.stringify(body),
      }),
  };
}

/** SOP Instance UID → digests of all instances of this UID that the PACS holds. */
async function heldByPacs(world: World): Promise<Map<string, string[]>> {
  const listed = JSON.parse((await askOrthanc(world.pacs, '/instances?expand')).toString()) as {
    ID: string;
    MainDicomTags: { SOPInstanceUID: string };
  }[];
  const held = new Map<string, string[]>();
  for (const {
    ID,
    MainDicomTags: { SOPInstanceUID },
  } of listed) {
    const digest = createHash('sha256')
      .update(await askOrthanc(world.pacs, `/instances/${ID}/file`))
      .digest('hex');
    held.set(SOPInstanceUID, [...(held.get(SOPInstanceUID) ?? []), digest]);
  }
  return held;
}

/**
 * Writes a study's files, de-identified under `deidentified`, next to them: by the device's own code, with
 * the gateway's key.
 */
async function deidentifiedFolder(world: World, study: Queued, files: string): Promise<string> {
  const out = join(world.folder, 'deidentified', String(study.number));
  // No device ever has the bytes of the key; the owner of the data directory has.
  const keyFile = join(world.folder, 'data', 'keys', 'pseudonyms.key');
  const { code, stderr } = await relay(['deidentify', files, '--out', out, '--key', keyFile]);
  if (code !== 0) throw new Error(`study ${study.number} could not be de-identified: ${stderr}`);
  return out;
}

/** The digests that may stand in the PACS for each UID: two where two versions contend. */
async function expectedInPacs(world: World, queued: readonly Queued[]): Promise<Map<string, Set<string>>> {
  const expected = new Map<string, Set<string>>();
  const seen = new Set<string>();
  for (const study of queued) {
    const content = `${study.of} ${study.policy} ${study.isConflict}`;
    if (seen.has(content)) continue;
    seen.add(content);
    const files = join(world.folder, 'studies', String(study.number));
    const folder = study.policy === 'identified' ? files : await deidentifiedFolder(world, study, files);
    for (const { sopInstanceUID, digest } of await expectedOf(folder))
      expected.set(sopInstanceUID, (expected.get(sopInstanceUID) ?? new Set()).add(digest));
  }
  return expected;
}

function compare(
  expected: ReadonlyMap<string, ReadonlySet<string>>,
  held: ReadonlyMap<string, readonly string[]>,
  faults: string[],
): void {
  const lost = [...expected.keys()].filter((uid) => !held.has(uid));
  const doubled = [...held].filter(([, digests]) => digests.length > 1);
  const wrong = [...held].filter(([uid, digests]) =>
    digests.some((digest) => !expected.get(uid)?.has(digest)),
  );
  if (lost.length > 0) faults.push(`${lost.length} instances are lost, among them ${lost[0]}`);
  if (doubled.length > 0)
    faults.push(`${doubled.length} instances are in the PACS more than once, among them ${doubled[0]![0]}`);
  if (wrong.length > 0)
    faults.push(`${wrong.length} instances have bytes that nobody has sent, among them ${wrong[0]![0]}`);
}

type Receipts = { readonly good: number; readonly named: ReadonlySet<string> };

/** The claims of a receipt, whose signature was checked before. */
function instancesNamed(jws: string): string[] {
  const receipt = JSON.parse(Buffer.from(jws.split('.')[1]!, 'base64url').toString()) as {
    instances: { sopInstanceUID: string; digest: string; state: string }[];
  };
  return receipt.instances
    .filter(({ state }) => state === 'stored' || state === 'already-stored')
    .map(({ sopInstanceUID, digest }) => `${sopInstanceUID} ${digest}`);
}

/**
 * Each upload's receipt, verified by `relay receipt verify`; and what all of them name as seen in the PACS.
 */
async function checkReceipts(
  world: World,
  client: Client,
  state: State,
  faults: string[],
): Promise<Receipts> {
  const folder = join(world.folder, 'receipts');
  await mkdir(folder, { recursive: true });
  const uploads = new Set(state.queued.map(({ uploadId }) => uploadId));
  const named = new Set<string>();
  let good = 0;
  for (const uploadId of uploads) {
    if (uploadId === null) {
      faults.push(
        `studies ${state.queued
          .filter((one) => one.uploadId === null)
          .map(({ number }) => number)
          .join(', ')} have no upload`,
      );
      continue;
    }
    const file = join(folder, `${uploadId}.jws`);
    const answer = await client.get(`/upload/${uploadId}/receipt`);
    const jws = await answer.text();
    await writeFile(file, jws);
    const { code, stdout, stderr } = await relay([
      'receipt',
      'verify',
      file,
      '--jwks',
      `${world.address}/api/.well-known/jwks.json`,
      '--json',
    ]);
    if (code === 0) {
      good += 1;
      for (const one of instancesNamed(jws)) named.add(one);
    } else
      faults.push(`the receipt of upload ${uploadId} does not hold (${answer.status}): ${stderr}${stdout}`);
  }
  return { good, named };
}

/**
 * Leaves out the instances that lost against another version: only then their study closes and the copy goes.
 */
async function settleConflicts(client: Client, state: State): Promise<void> {
  for (const { uploadId, lostConflict } of state.queued) {
    if (!lostConflict || uploadId === null) continue;
    const status = (await (await client.get(`/upload/${uploadId}/status?instances=1`)).json()) as {
      instances: { sopInstanceUID: string; digest: string; state: string }[];
    };
    const instances = status.instances
      .filter((one) => one.state === 'quarantined')
      .map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest }));
    if (instances.length > 0)
      await client.post(`/upload/${uploadId}/decisions`, { decision: 'leave-out', instances });
  }
}

/** Checks that the device keeps nothing of a study except the record of its arrival. */
async function checkDevice(page: PageDevice | null, faults: string[]): Promise<void> {
  if (page === null) return;
  const end = performance.now() + GONE_WITHIN_MS;
  let now = await page.look();
  while ((now === null || now.records > 0 || now.parcels > 0) && performance.now() < end) {
    await after(LOOK_AGAIN_MS);
    now = await page.look();
  }
  if (now === null) return void faults.push('the page does not say what it holds');
  if (now.records > 0 || now.parcels > 0)
    faults.push(`${now.records} records of ${now.parcels} parcels are left on the device`);
  const open = now.studies.filter(
    ({ state, waiting }) => state !== 'done' && state !== 'taken-back' && waiting !== 'interrupted',
  );
  if (open.length > 0)
    faults.push(
      `${open.length} studies of the device have not ended, the first is ${open[0]!.state} (${open[0]!.problem ?? open[0]!.waiting})`,
    );
}

/**
 * Makes the files as old as if so much time had passed: a key that was made for a study which the database never came
 * to know (it crashed) is swept after an hour.
 */
async function makeOld(folder: string): Promise<void> {
  const before = new Date(Date.now() - UNNAMED_KEY_MS);
  for (const name of await readdir(folder).catch(() => []))
    await ignoreFailure(utimes(join(folder, name), before, before), 'the gateway has removed it');
}

/**
 * Checks that the gateways keep no copies of studies that have left them. A starting gateway sweeps up the
 * remains of a killed run.
 */
async function checkCopies(world: World, faults: string[]): Promise<void> {
  const [gateway] = world.gateways;
  await gateway!.kill('SIGTERM');
  await makeOld(join(world.folder, 'data', 'keys/studies'));
  gateway!.want();
  const end = performance.now() + GONE_WITHIN_MS;
  for (const part of ['blobs', 'keys/studies']) {
    const left = async (): Promise<string[]> => readdir(join(world.folder, 'data', part)).catch(() => []);
    while ((await left()).length > 0 && performance.now() < end) await after(LOOK_AGAIN_MS);
    const names = await left();
    if (names.length > 0)
      faults.push(`${names.length} files are left in ${part} of the gateways, among them ${names[0]}`);
  }
}

/** Judges a run. The world must be repaired and every study ended. */
export async function judge(
  world: World,
  page: PageDevice | null,
  state: State,
  { lossy, disturbing }: { readonly lossy: number; readonly disturbing: number },
): Promise<Verdict> {
  const faults = [...state.wrong];
  const client = await signedIn(`${world.address}/api`);
  await settleConflicts(client, state);
  const expected = await expectedInPacs(world, state.queued);
  const held = await heldByPacs(world);
  compare(expected, held, faults);
  const receipts = await checkReceipts(world, client, state, faults);
  const unnamed = [...held].filter(([uid, digests]) =>
    digests.some((digest) => !receipts.named.has(`${uid} ${digest}`)),
  );
  if (unnamed.length > 0)
    faults.push(
      `${unnamed.length} instances are in the PACS and in no receipt, among them ${unnamed[0]![0]}`,
    );
  await checkDevice(page, faults);
  await checkCopies(world, faults);
  world.count();
  const posted = [...expected.keys()].map((uid) => state.posted[uid] ?? 0);
  const mostPosted = Math.max(0, ...posted);
  if (mostPosted > 1 + lossy)
    faults.push(
      `an instance was posted ${mostPosted} times, after ${lossy} faults that may have cost an answer`,
    );
  const { up, inParcels, ended } = state.bytes;
  const judged = judgeBytes(state, disturbing);
  faults.push(...judged.faults);
  if (up - inParcels > OVERHEAD_PER_QUEUED_BYTES * (state.queued.length + disturbing + ended))
    faults.push(`${up - inParcels} bytes travelled outside the parcels`);
  const postedInAll = posted.reduce((sum, times) => sum + times, 0);
  return {
    faults,
    figures: {
      instances: expected.size,
      inPacs: held.size,
      receipts: receipts.good,
      mostPosted,
      postedAgain: postedInAll - expected.size,
      ...judged.figures,
      besideParcels: up - inParcels,
    },
    bytes: judged.words,
  };
}
