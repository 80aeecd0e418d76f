/**
 * A file's first frame in short, so that two engines can be compared: digests of stored values, of the grey
 * and of the square for the models.
 */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import type { Codecs } from '#shared/pixels/codecs.ts';
import { decodeFrame } from '#shared/pixels/decode-frame.ts';
import { greyPicture } from '#shared/pixels/grey-picture.ts';
import { readImageFile } from '#shared/pixels/image-file.ts';
import { toSquare } from '#shared/pixels/to-square.ts';

export interface PictureDigests {
  /** A line of digests, or why there are none. */
  readonly said: string;
  readonly ms: number;
}

export async function digestPicture(bytes: Uint8Array, codecs: Codecs): Promise<PictureDigests> {
  const startedAt = performance.now();
  const outcome = await readInstance(bytesSource(bytes));
  if (outcome.kind !== 'ready') return await digestImageFile(bytes);
  const { instance } = outcome;
  const decoded = await decodeFrame(instance, instance.dataSet, 0, { codecs });
  if (decoded.kind === 'refused') return { said: decoded.because, ms: performance.now() - startedAt };
  const picture = await greyPicture(instance, instance.dataSet, decoded.frame);
  const square = picture && toSquare(picture, 160);
  const ms = performance.now() - startedAt;
  const { values } = decoded.frame;
  const parts = [values, picture?.grey, square].map((part) => (part ? digestOf(part) : 'none'));
  return { said: [values.constructor.name, ...(await Promise.all(parts))].join(' '), ms };
}

async function digestImageFile(bytes: Uint8Array): Promise<PictureDigests> {
  const startedAt = performance.now();
  const read = await readImageFile(bytes);
  const ms = performance.now() - startedAt;
  return {
    said:
      read.kind === 'refused'
        ? read.because
        : `${read.type} ${read.warnings} ${await digestOf(read.picture.grey)}`,
    ms,
  };
}

async function digestOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Promise<string> {
  const digest = await crypto.subtle.digest(
    'SHA-256',
    new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
  );
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, 16);
}
