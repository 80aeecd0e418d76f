/** The pixels of files as pydicom and dcmtk read them (`reference-pixels.py`), and files that they write. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FrameValues } from '#shared/pixels/picture.ts';
import { PATIENCE_MS } from './environment.ts';

const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('reference-pixels.py', import.meta.url));
const ODD_PIXELS = fileURLToPath(new URL('odd-pixels.py', import.meta.url));
const run = promisify(execFile);

export interface ReferenceFrame {
  readonly path: string;
  readonly frame: number;
  readonly syntax: string;
  readonly by: 'pydicom' | 'dcmtk';
  readonly lossy: boolean;
  readonly samples: number;
  readonly bits: number;
  /** numpy's name of a number's type: u1, i2, f4, … */
  readonly kind: string;
  readonly name: string;
}

/** Null where the machine has no pydicom. */
export async function pydicomVersion(): Promise<string | null> {
  return await run(PYTHON, ['-c', 'import pydicom, numpy, PIL; print(pydicom.__version__)']).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );
}

/** Instances of every form that pixels have (`odd-pixels.py`), in `folder`. */
export async function writeOddPixels(folder: string): Promise<string[]> {
  await run(PYTHON, [ODD_PIXELS, folder], { timeout: PATIENCE_MS });
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}

/** First, middle and last frame of each file that the reference can read. */
export async function referenceFrames(folder: string, files: readonly string[]): Promise<ReferenceFrame[]> {
  const { stdout } = await run(PYTHON, [SCRIPT, folder, ...files], {
    maxBuffer: 64 * 1024 * 1024,
    timeout: PATIENCE_MS,
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((line) => !('error' in line));
}

const KINDS: Readonly<Record<string, new (buffer: ArrayBuffer) => FrameValues>> = {
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  f4: Float32Array,
  f8: Float64Array,
};

export async function referenceValues({ name, kind }: ReferenceFrame): Promise<FrameValues> {
  const bytes = await readFile(`${name}.values`);
  return new KINDS[kind]!(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

export async function referenceGrey({ name }: ReferenceFrame): Promise<Float32Array> {
  const bytes = await readFile(`${name}.grey`);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
