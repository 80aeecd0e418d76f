// test:all: every file of the corpus to the bit; decode-in-browser.e2e.ts and decode-frame.test.ts guard it by day
/// <reference path="../../testing/codec-openjph.d.ts" />
/**
 * Real files of every transfer syntax are read as pydicom and dcmtk read them: lossless ones to the bit,
 * lossy ones within two grey levels of 255.
 */
import { readFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { representativeFiles } from '#testing/corpus-files.ts';
import { inFolder } from '#testing/in-folder.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import {
  pydicomVersion,
  referenceFrames,
  referenceGrey,
  referenceValues,
  writeOddPixels,
  type ReferenceFrame,
} from '#testing/reference-pixels.ts';
import { bytesSource } from '../dicom/byte-source.ts';
import type { ParsedInstance } from '../dicom/data-set.ts';
import { readInstance } from '../dicom/part10.ts';
import { createWaveletCodec, SILENT } from './codecs.ts';
import { decodeFrame } from './decode-frame.ts';
import { greyPicture, readInstancePicture } from './grey-picture.ts';
import { loadCodecs } from './load-codecs.ts';
import type { Frame, FrameValues } from './picture.ts';

const { corpus } = testEnvironment();
const version = await pydicomVersion();

const test = suite('pixels of real files');
const codecs = loadCodecs();

async function instanceAt(path: string): Promise<ParsedInstance> {
  const outcome = await readInstance(bytesSource(new Uint8Array(await readFile(path))));
  if (outcome.kind !== 'ready') throw new Error(outcome.because);
  return outcome.instance;
}

async function frameAt(path: string, index: number): Promise<readonly [ParsedInstance, Frame]> {
  const instance = await instanceAt(path);
  const decoded = await decodeFrame(instance, instance.dataSet, index, { codecs });
  if (decoded.kind === 'refused') throw new Error(decoded.because);
  return [instance, decoded.frame];
}

function largestDifference(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  if (ours.length !== theirs.length) return Infinity;
  let most = 0;
  for (let at = 0; at < ours.length; at += 1) {
    const difference = Math.abs(ours[at]! - theirs[at]!);
    if (!(difference <= most)) most = Number.isNaN(difference) ? Infinity : difference;
  }
  return most;
}

/**
 * Two levels of 255, in stored values: of the range that the values take, where they take little of what
 * their bits could.
 */
function tolerance({ lossy, samples, bits }: ReferenceFrame, values: FrameValues): number {
  if (!lossy) return 0;
  return samples === 3 || bits <= 8
    ? 2
    : (2 * (largestDifference(values, new Float64Array(values.length)) || 1)) / 255;
}

/**
 * Compares every frame that the reference could read, prints a line for each transfer syntax, and gives what
 * differs. `refused`: files that the product may refuse.
 */
async function differences(files: readonly string[], folder: string, refused: RegExp): Promise<string[]> {
  const table = new Map<string, { frames: number; files: Set<string>; values: number; grey: number }>();
  const faults: string[] = [];
  for (const reference of await referenceFrames(folder, files)) {
    const decoded = await frameAt(reference.path, reference.frame).catch((error: Error) => error.message);
    const place = `${reference.path.split('/').slice(-2).join('/')} frame ${reference.frame}`;
    if (typeof decoded === 'string') {
      if (!refused.test(place)) faults.push(`${place}: ${decoded}`);
      continue;
    }
    const [instance, frame] = decoded;
    const theirs = await referenceValues(reference);
    const values = largestDifference(frame.values, theirs);
    const picture = await greyPicture(instance, instance.dataSet, frame);
    const grey = picture ? largestDifference(picture.grey, await referenceGrey(reference)) : Infinity;
    const row = table.get(reference.syntax) ?? { frames: 0, files: new Set(), values: 0, grey: 0 };
    table.set(reference.syntax, {
      frames: row.frames + 1,
      files: row.files.add(reference.path),
      values: Math.max(row.values, values),
      grey: Math.max(row.grey, grey),
    });
    if (values > tolerance(reference, theirs)) faults.push(`${place}: stored values differ by ${values}`);
    else if (grey > (reference.lossy ? 2 / 255 : 1e-4)) faults.push(`${place}: grey differs by ${grey}`);
  }
  for (const [syntax, row] of [...table].sort()) {
    process.stdout.write(
      `    ${syntax.padEnd(24)} ${row.files.size} files, ${row.frames} frames, values ± ${row.values}, grey ± ${row.grey.toExponential(1)}\n`,
    );
  }
  return faults;
}

if (corpus && version) {
  test(`stored values and grey are those of pydicom ${version} and dcmtk`, () =>
    inFolder(async (folder) => {
      assert.equal(
        await differences(
          representativeFiles(corpus).map(({ path }) => join(corpus, path)),
          folder,
          REFUSED,
        ),
        [],
      );
    }));
} else
  skipped(
    'pixels against pydicom and dcmtk',
    corpus ? 'python3-pydicom is not installed' : 'the corpus is not there',
  );

if (version) {
  test(`every form of pixels, written by pydicom ${version} and dcmtk, with rubbish in unused bits and odd sizes`, () =>
    inFolder(async (folder) => {
      const files = await writeOddPixels(folder);
      assert.ok(files.length > 150, `${files.length} files`);
      assert.equal(await differences(files, folder, /^$/), []);
    }));
} else skipped('every form of pixels', 'python3-pydicom is not installed');

if (corpus) {
  test('HTJ2K: OpenJPEG and OpenJPH agree', async () => {
    const codec = createWaveletCodec(async () => {
      const { default: createModule } = await import('@cornerstonejs/codec-openjph/wasmjs');
      return (await createModule({ ...SILENT })).HTJ2KDecoder;
    });
    const [instance, frame] = await frameAt(join(corpus, 'dev/derived-htj2k/mr-htj2k-lossless.dcm'), 0);
    const outcome = await decodeFrame(instance, instance.dataSet, 0, { codecs: { jpeg2000: codec } });
    assert.is(outcome.kind === 'frame' && largestDifference(frame.values, outcome.frame.values), 0);
  });

  test('no hostile file does anything but give a picture or a refusal', async () => {
    const paths = readdirSync(join(corpus, 'bad'), { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && entry.name.endsWith('.dcm'),
    );
    let instances = 0;
    for (const { parentPath, name } of paths) {
      const read = await readInstance(bytesSource(new Uint8Array(await readFile(join(parentPath, name)))));
      if (read.kind !== 'ready') continue;
      instances += 1;
      const outcome = await readInstancePicture(read.instance, read.instance.dataSet, 0, { codecs });
      if (outcome.kind === 'picture')
        assert.ok(
          outcome.picture.grey.every((grey) => grey >= 0 && grey <= 1),
          name,
        );
    }
    assert.ok(instances > 10);
  });
} else skipped('damaged and hostile files', 'the corpus is not there');

/**
 * Files that the reader refuses have no pixels here either; the last frame of this slide is 121 × 55 pixels
 * although its header says 240 × 240.
 */
const REFUSED = /no-meta|sequences-private|palettes|too_short|multiframe\.dcm frame 139/;

test.run();
