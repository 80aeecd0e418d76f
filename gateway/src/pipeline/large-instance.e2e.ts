// test:all: takes minutes and 3 GB of disk; gateway/src/pipeline/intake/parcel-limits.test.ts guards the sizes by day
/**
 * An instance of 512 MiB (or as many as `RELAY_LARGE_MEBIBYTES` says) goes from a disk into the PACS through the
 * command line and the gateway: as it is and de-identified. It arrives bit for bit, and neither program ever holds
 * a large part of it in memory. The Orthanc behind it is a real one, the database the embedded one.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PASSWORD } from '#testing/accounts.ts';
import { PATIENCE_MS, skipped } from '#testing/environment.ts';
import { openGatewayAndPacs } from '#testing/gateway-and-pacs.ts';
import { canMeasureMemory, forgetPeak, peakResidentBytes, residentBytes } from '#testing/process-memory.ts';
import { largeInstance } from '#testing/synthetic-study.ts';

const RELAY = fileURLToPath(new URL('../../../scripts/relay.ts', import.meta.url));
const MEBIBYTES = Number(process.env['RELAY_LARGE_MEBIBYTES'] ?? 512);
const PIXEL_BYTES = MEBIBYTES * 1024 * 1024;
const MB = 1e6;
/**
 * The file, the gateway's spool and the PACS's storage, and as much again where the PACS has not yet deleted.
 */
const DISK_BYTES = 5 * PIXEL_BYTES;
/**
 * Multiples of what the gateway holds while it is idle, some 130 MB: it grows by 30 to 190, and the command line takes
 * 230 to 270 in all, for pieces of 1 and 8 MiB, a few at once, and buffers that the engine has not collected yet. A
 * program that holds the instance takes at least four times as much.
 */
const GROWTH_TIMES = 3;
const COMMAND_LINE_TIMES = 3.5;
const LOOK_EVERY_MS = 50;

interface UploadDocument {
  readonly files: { state: string; reason: string | null }[];
  readonly studies: { instances: { sopInstanceUID: string; digest: string; state: string }[] }[];
}

async function openWorld() {
  const own = await openGatewayAndPacs('large');
  const { folder, gateway } = own;
  // Making the database takes memory that is given back late: idle is what a second start takes.
  await gateway.stop();
  await gateway.start();
  const { blob } = largeInstance(MEBIBYTES, 4);
  const headerBytes = blob.size - PIXEL_BYTES;
  const path = join(folder, 'large.dcm');
  const digest = createHash('sha256');
  const pixels = createHash('sha256');
  let at = 0;
  await pipeline(
    Readable.fromWeb(blob.stream() as never),
    async function* (pieces: AsyncIterable<Uint8Array>) {
      for await (const piece of pieces) {
        digest.update(piece);
        pixels.update(piece.subarray(Math.min(piece.length, Math.max(0, headerBytes - at))));
        at += piece.length;
        yield piece;
      }
    },
    createWriteStream(path),
  );
  return {
    ...own,
    path,
    digest: digest.digest('hex'),
    pixels: pixels.digest('hex'),
  };
}
type World = Awaited<ReturnType<typeof openWorld>>;

/**
 * Runs the command line; `peak` is the most memory that it held, to within what it took in its last 50 ms.
 */
async function upload(
  { path, gateway }: World,
  policy: string,
): Promise<{ code: number; document: UploadDocument; peak: number }> {
  const args = [
    RELAY,
    'upload',
    path,
    '--gateway',
    gateway.api,
    '--user',
    'admin',
    '--policy',
    policy,
    '--wait',
    '--json',
  ];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, RELAY_PASSWORD: PASSWORD },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  let peak = 0;
  const look = setInterval(() => {
    if (canMeasureMemory)
      void peakResidentBytes(child.pid!).then(
        (bytes) => (peak = bytes),
        () => undefined,
      );
  }, LOOK_EVERY_MS);
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(look);
  assert.ok(out !== '', `the command line ended with ${code ?? 'a kill: it took too long'}`);
  return { code: code ?? -1, document: JSON.parse(out) as UploadDocument, peak };
}

/**
 * The file that the PACS holds under a UID: its digest, that of the pixels at its end, and the bytes before
 * them.
 */
async function readFromOrthanc(
  { orthanc }: World,
  sopInstanceUID: string,
): Promise<{ digest: string; pixels: string; header: string }> {
  // Orthanc compresses what may be compressed; then Content-Length would be another.
  const headers = { authorization: orthanc.authorization, 'accept-encoding': 'identity' };
  const lookup = await fetch(`${orthanc.restUrl}/tools/lookup`, {
    method: 'POST',
    headers,
    body: sopInstanceUID,
  });
  const ids = ((await lookup.json()) as { Type: string; ID: string }[]).filter(
    ({ Type }) => Type === 'Instance',
  );
  assert.is(ids.length, 1, 'the PACS holds it once');
  const file = await fetch(`${orthanc.restUrl}/instances/${ids[0]!.ID}/file`, { headers });
  const headerBytes = Number(file.headers.get('content-length')) - PIXEL_BYTES;
  const digest = createHash('sha256');
  const pixels = createHash('sha256');
  let header = Buffer.alloc(0);
  for await (const piece of file.body!) {
    const ofHeader = Math.min(piece.length, headerBytes - header.length);
    if (ofHeader > 0) header = Buffer.concat([header, piece.subarray(0, ofHeader)]);
    digest.update(piece);
    pixels.update(piece.subarray(Math.max(0, ofHeader)));
  }
  return { digest: digest.digest('hex'), pixels: pixels.digest('hex'), header: header.toString('latin1') };
}

const test = suite('a large instance');
let world: World;

/** Sends the file, prints what it took and gives back what the PACS holds of it. */
async function send(policy: string): Promise<Awaited<ReturnType<typeof readFromOrthanc>>> {
  const { pid } = world.gateway;
  const idle = canMeasureMemory ? await residentBytes(pid) : 0;
  if (canMeasureMemory) await forgetPeak(pid);
  const { code, document, peak } = await upload(world, policy);
  assert.equal([code, document.files.map(({ state }) => state)], [0, ['stored']]);
  if (canMeasureMemory) {
    const growth = (await peakResidentBytes(pid)) - idle;
    const figures = `gateway idle ${Math.round(idle / MB)} MB, grew by ${Math.round(growth / MB)} MB; command line at most ${Math.round(peak / MB)} MB`;
    process.stdout.write(`${MEBIBYTES} MiB ${policy}: ${figures}\n`);
    assert.ok(growth < GROWTH_TIMES * idle, 'the gateway’s memory is bounded');
    assert.ok(peak < COMMAND_LINE_TIMES * idle, 'the command line’s memory is bounded');
  } else skipped('the memory that a large instance takes', 'only Linux tells it');
  assert.is(world.gateway.pid, pid);
  const { sopInstanceUID, digest } = document.studies[0]!.instances[0]!;
  const held = await readFromOrthanc(world, sopInstanceUID);
  assert.is(held.digest, digest, 'the PACS holds what was promised');
  return held;
}

const disk = await statfs(tmpdir());
if (disk.bavail * disk.bsize < DISK_BYTES) {
  skipped('a large instance', `the disk has not ${Math.ceil(DISK_BYTES / 1e9)} GB free`);
} else {
  test.before(async () => {
    world = await openWorld();
  });
  test.after(async () => world?.close());

  test('arrives bit for bit, and no program holds it', async () => {
    assert.is((await send('identified')).digest, world.digest);
  });

  test('is de-identified in its header; its pixels are the same bytes', async () => {
    const held = await send('deidentified');
    assert.is(held.pixels, world.pixels);
    // Every identifying value that was planted looks like this.
    assert.not.match(held.header, /Qz\w+Xq/);
  });
}

test.run();
