/**
 * CT slices for benches and load: one real (or synthetic) slice made into many, each with its own SOP
 * Instance UID and with noise of its own in every pixel (uniform, ± 2 stored values), so that no compression
 * and no deduplication gets them for nothing.
 *
 * Patches bytes in place: the length and the layout of the header stay those of the scanner.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isUid } from '#shared/dicom/uid.ts';
import { seededRandom } from './synthetic-study.ts';

const NOISE = 2;

/**
 * A UID of the same length whose last digits are the number: it can be patched in place. Throws RangeError
 * where it has no room.
 */
export function numberedUid(uid: string, number: number): string {
  const digits = String(number).padStart(6, '0');
  // A leading 1 keeps the component from beginning with 0.
  for (const tail of [`1${digits}`, `.1${digits}`]) {
    const candidate = uid.slice(0, -tail.length) + tail;
    if (candidate !== uid && isUid(candidate)) return candidate;
  }
  throw new RangeError('the UID is too short to be numbered');
}

function replaceAll(bytes: Buffer, from: string, to: string): void {
  for (
    let at = bytes.indexOf(from, 0, 'latin1');
    at >= 0;
    at = bytes.indexOf(from, at + from.length, 'latin1')
  )
    bytes.write(to, at, 'latin1');
}

export type SliceSource = {
  readonly path: string;
  readonly sopInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly studyInstanceUID: string;
  /** Where the 16-bit little-endian pixels begin; they go to the end of the file. */
  readonly pixelOffset: number;
};

export type SlicesToWrite = {
  readonly count: number;
  /** The number of their study. */
  readonly study: number;
  /** In stored values, on either side; 0 leaves the pixels untouched. */
  readonly noise?: number | undefined;
};

/** Writes slices of one study into `folder` and returns their paths. Bytes on disk: count × the source's. */
export async function writeSlices(
  source: SliceSource,
  folder: string,
  { count, study, noise = NOISE }: SlicesToWrite,
): Promise<string[]> {
  const original = await readFile(source.path);
  const header = original.subarray(0, source.pixelOffset);
  const random = seededRandom(study);
  const paths: string[] = [];
  const base = Buffer.from(original);
  replaceAll(
    base.subarray(0, header.length),
    source.studyInstanceUID,
    numberedUid(source.studyInstanceUID, study),
  );
  replaceAll(
    base.subarray(0, header.length),
    source.seriesInstanceUID,
    numberedUid(source.seriesInstanceUID, study),
  );
  for (let number = 0; number < count; number += 1) {
    const bytes = Buffer.from(base);
    replaceAll(
      bytes.subarray(0, header.length),
      source.sopInstanceUID,
      numberedUid(source.sopInstanceUID, study * 10_000 + number),
    );
    for (let at = source.pixelOffset; noise > 0 && at + 1 < bytes.length; at += 2) {
      const noisy = bytes.readInt16LE(at) + Math.floor(random() * (2 * noise + 1)) - noise;
      bytes.writeInt16LE(Math.max(-32768, Math.min(32767, noisy)), at);
    }
    const path = join(folder, `slice-${String(number).padStart(5, '0')}.dcm`);
    await writeFile(path, bytes);
    paths.push(path);
  }
  return paths;
}
