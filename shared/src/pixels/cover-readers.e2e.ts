// test:all: other readers of DICOM; cover-corpus.test guards the same boxes
/**
 * Covered files are read by others: dciodvfy finds no error in them that the original did not have, dcmtk and pydicom
 * read their pixels as we do, Orthanc stores and draws them, and the text that was drawn there is nowhere in them.
 * One real file of each form of pixels is covered; cover-corpus.test.ts covers them all.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { askOrthanc } from '#testing/ask-orthanc.ts';
import { burnedInFile, NAME_PLACE } from '#testing/burned-in-file.ts';
import { covered, DECODING } from '#testing/covered-file.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { pydicomVersion, referenceFrames, referenceValues } from '#testing/reference-pixels.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../scripts/system/orthanc.ts';
import type { ParsedInstance } from '../dicom/data-set.ts';
import { concatBytes, encodeFileMeta } from '../dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../dicom/registry.ts';
import { decodeFrame } from './decode-frame.ts';
import { readFrameShape } from './frame-shape.ts';

const test = suite('covered files in the hands of other readers');
const { corpus } = testEnvironment();

interface CoveredFile {
  readonly original: string;
  /** The original with File Meta Information as we write it. */
  readonly whole: string;
  readonly path: string;
  readonly instance: ParsedInstance;
}

let folder = '';
let orthanc: RunningOrthanc;
let files: readonly CoveredFile[] = [];

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-cover-readers-'));
  orthanc = await startOrthanc({ folder: join(folder, 'orthanc') });
  files = await coverOneOfEachForm();
});
test.after(async () => {
  await orthanc.stop();
  await rm(folder, { recursive: true });
});

/** Transfer syntax, colours, bits, and whether it has several frames. */
function formOf(instance: ParsedInstance): string | null {
  const shape = readFrameShape(instance);
  if ('because' in shape) return null;
  const { photometricInterpretation, bitsAllocated, frames } = shape;
  return [instance.transferSyntaxUID, photometricInterpretation, bitsAllocated, frames > 1].join(' ');
}

async function coverOneOfEachForm(): Promise<CoveredFile[]> {
  const made = new Map<string, CoveredFile>();
  const paths = readdirSync(join(corpus!, 'dev'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.dcm$|^[^.]+$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
  for (const original of paths) {
    const instance = await parsed(new Uint8Array(await readFile(original))).catch(() => null);
    const form = instance && formOf(instance);
    if (!instance || !form || made.has(form)) continue;
    const { rows, columns } = readFrameShape(instance) as { rows: number; columns: number };
    const box = {
      x: 0,
      y: 0,
      width: Math.max(1, columns >> 1),
      height: Math.max(1, rows >> 2),
      frames: null,
    };
    const file = await covered(instance, [box]).catch(() => null);
    if (file === null) continue;
    const path = join(folder, `${made.size}.dcm`);
    await writeFile(path, file.bytes);
    const whole = join(folder, `${made.size}.original.dcm`);
    await writeFile(whole, await wholeOf(instance));
    made.set(form, { original, whole, path, instance: file.instance });
  }
  return [...made.values()];
}

/** Inflated: dciodvfy does not read what is deflated. */
async function wholeOf(instance: ParsedInstance): Promise<Uint8Array> {
  const { identifiers, dataSet, dataSetOffset, encoding, transferSyntaxUID } = instance;
  const { deflated } = encoding;
  const meta = encodeFileMeta(identifiers, deflated ? EXPLICIT_VR_LITTLE_ENDIAN : transferSyntaxUID);
  const start = deflated ? 0 : dataSetOffset;
  return concatBytes([meta, await dataSet.read(start, dataSet.size - start)]);
}

/** The words and the exit code of a program; throws where it cannot be run. */
function ask(program: string, ...args: readonly string[]): { readonly text: string; readonly code: number } {
  const { error, stdout, stderr, status } = spawnSync(program, args, { maxBuffer: 256 * 1024 * 1024 });
  if (error) throw error;
  return { text: `${stdout}${stderr}`, code: status ?? -1 };
}

const errorsOf = (path: string): string[] =>
  ask('dciodvfy', path)
    .text.split('\n')
    .filter((line) => /\bError\b/.test(line));

test('dciodvfy finds no error that the original did not have', () => {
  assert.ok(files.length >= 20, `${files.length} forms`);
  for (const { original, whole, path } of files) {
    const known = new Set(errorsOf(whole));
    assert.equal(
      errorsOf(path).filter((error) => !known.has(error)),
      [],
      original,
    );
  }
  process.stdout.write(`${files.length} forms of pixels\n`);
});

test('dcmtk reads each element, and pydicom each pixel, as we do', async () => {
  for (const { original, path } of files) assert.is(ask('dcmdump', '-q', path).code, 0, original);
  const byPath = new Map(files.map((file) => [file.path, file]));
  const read = new Set<string>();
  const frames = await referenceFrames(
    folder,
    files.map(({ path }) => path),
  );
  for (const reference of frames) {
    const { original, instance } = byPath.get(reference.path)!;
    const ours = await decodeFrame(instance, instance.dataSet, reference.frame, DECODING);
    assert.ok(ours.kind === 'frame', original);
    const theirs = await referenceValues(reference);
    assert.is(theirs.length, ours.frame.values.length, original);
    assert.ok(
      theirs.every((value, at) => Object.is(value, ours.frame.values[at])),
      `${original}, frame ${reference.frame}`,
    );
    read.add(reference.path);
  }
  assert.equal(
    files.filter(({ path }) => !read.has(path)).map(({ original }) => original),
    [],
    'each of them was read',
  );
});

async function store(bytes: Uint8Array): Promise<string> {
  const answer = await fetch(`${orthanc.restUrl}/instances`, {
    method: 'POST',
    headers: { authorization: orthanc.authorization },
    body: bytes as Uint8Array<ArrayBuffer>,
  });
  assert.is(answer.status, 200, await answer.clone().text());
  return ((await answer.json()) as { ID: string }).ID;
}

async function remove(id: string): Promise<void> {
  const { restUrl, authorization } = orthanc;
  const answer = await fetch(`${restUrl}/instances/${id}`, { method: 'DELETE', headers: { authorization } });
  await answer.body?.cancel();
  assert.ok(answer.ok);
}

/** Some files of the corpus are one image in several forms, under one UID: none stays. */
async function drawnByOrthanc(
  bytes: Uint8Array,
): Promise<{ readonly isDrawn: boolean; readonly kept: Buffer }> {
  const id = await store(bytes);
  const kept = await askOrthanc(orthanc, `/instances/${id}/file`);
  const drawn = await askOrthanc(orthanc, `/instances/${id}/preview`).catch(() => null);
  await remove(id);
  return { isDrawn: drawn !== null && drawn.length > 0, kept };
}

test('Orthanc stores each, gives it back, and draws it where it draws the original', async () => {
  let drawn = 0;
  for (const { original, whole, path } of files) {
    const bytes = await readFile(path);
    const { isDrawn, kept } = await drawnByOrthanc(bytes);
    assert.ok(bytes.equals(kept), original);
    if (isDrawn) drawn += 1;
    else assert.not((await drawnByOrthanc(await readFile(whole))).isDrawn, original);
  }
  assert.ok(drawn >= 40, `${drawn} of ${files.length}`);
});

/** The rows of the name, as they lie in a native file. */
async function rowsOfName(bytes: Uint8Array): Promise<Buffer[]> {
  const instance = await parsed(bytes);
  const decoded = await decodeFrame(instance, instance.dataSet, 0, DECODING);
  assert.ok(decoded.kind === 'frame');
  const { values, columns } = decoded.frame;
  const { x, y, width, height } = NAME_PLACE;
  return Array.from({ length: height }, (_, row) =>
    Buffer.from(Uint8Array.from(values.subarray((y + row) * columns + x, (y + row) * columns + x + width))),
  );
}

test('the text that was drawn there is nowhere in the file or where the PACS keeps it', async () => {
  const film = { seed: 7741, rows: 120, columns: 160, frames: 3 } as const;
  const native = burnedInFile({ ...film, number: 1, coding: 'native' });
  const rows = await rowsOfName(native);
  const foundIn = (bytes: Uint8Array): number =>
    rows.filter((row) => Buffer.from(bytes).includes(row)).length;
  assert.is(foundIn(native), rows.length, 'the search finds what is there');
  for (const [number, coding] of (['native', 'rle'] as const).entries()) {
    const original = await parsed(burnedInFile({ ...film, number: number + 2, coding }));
    const file = await covered(original, [{ ...NAME_PLACE, frames: null }]);
    const id = await store(file!.bytes);
    for (const bytes of [file!.bytes, await askOrthanc(orthanc, `/instances/${id}/file`)])
      assert.is(foundIn(bytes), 0, coding);
    const instance = await parsed(file!.bytes);
    for (let frame = 0; frame < film.frames; frame += 1) {
      const decoded = await decodeFrame(instance, instance.dataSet, frame, DECODING);
      assert.ok(decoded.kind === 'frame');
      assert.is(foundIn(Uint8Array.from(decoded.frame.values)), 0, `${coding}, frame ${frame}`);
    }
  }
});

const missing =
  corpus === null
    ? 'the corpus is not there'
    : (await pydicomVersion()) === null
      ? 'python3-pydicom is not installed'
      : (await findOrthanc()) === null
        ? 'Orthanc is not installed'
        : null;
if (missing === null) test.run();
else skipped('covered files in the hands of other readers', missing);
