// test:all: every file of the corpus; canaries.e2e.ts and the units of the profile guard it by day
/** Real files, de-identified: they keep their pictures and their references, and what names somebody goes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { realFiles, representativeFiles, type CorpusFile } from '#testing/corpus-files.ts';
import {
  deidentifyBytes,
  parsed,
  pseudonymsOf,
  rulesOf,
  type DeidentifiedFile,
} from '#testing/deidentified-file.ts';
import { IS_WHOLE_PROOF, skip, skipped, testEnvironment } from '#testing/environment.ts';
import type { DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import { dictionaryEntry, isPrivate } from '../dicom/dictionary.ts';
import { asciiText, findElement } from '../dicom/values.ts';
import { decodeFrame } from '../pixels/decode-frame.ts';
import { readFrameShape } from '../pixels/frame-shape.ts';
import { loadCodecs } from '../pixels/load-codecs.ts';
import { decidingRows, OPTIONS } from './profile.ts';
import { checkResidue } from './residue.ts';

type Ready = Extract<DeidentifiedFile, { kind: 'ready' }> & { readonly path: string };
const decoding = { codecs: loadCodecs() };
const everyOption = Object.keys(OPTIONS).filter(
  (name) => !/^clean-(pixel|recog|desc)|full-dates$/.test(name),
);

const { corpus } = testEnvironment();
const pseudonyms = await pseudonymsOf(1);

/** The files that become an instance, their pictures released as by a person who looked. */
async function deidentified(files: readonly CorpusFile[], options: readonly string[] = []): Promise<Ready[]> {
  const rules = rulesOf(...options);
  const ready: Ready[] = [];
  for (const { path } of files) {
    const bytes = new Uint8Array(readFileSync(join(corpus!, path)));
    const result = await deidentifyBytes(bytes, rules, pseudonyms, { looked: ['pixels'] });
    if (result.kind === 'ready') ready.push({ ...result, path });
  }
  return ready;
}

function walk(elements: readonly DicomElement[], visit: (element: DicomElement) => void): void {
  for (const element of elements) {
    visit(element);
    for (const item of element.items ?? []) walk(item.elements, visit);
  }
}

/** Every UID of an instance that is not the standard's own. */
function uidsOf(instance: ParsedInstance): Set<string> {
  const uids = new Set<string>();
  walk(instance.elements, ({ vr, bytes }) => {
    if (vr === 'UI' && bytes)
      for (const uid of asciiText(bytes).replaceAll('\0', '').split('\\'))
        if (uid && !uid.startsWith('1.2.840.10008.')) uids.add(uid.trim());
  });
  return uids;
}

const PIXELS = new Set([0x7fe00001, 0x7fe00002, 0x7fe00008, 0x7fe00009, 0x7fe00010, 0x54001010]);
async function pixelsOf(instance: ParsedInstance): Promise<Buffer> {
  const bulk = instance.elements.filter(({ tag }) => PIXELS.has(tag));
  return Buffer.concat(
    await Promise.all(
      bulk.map(({ valueOffset, valueLength }) => instance.dataSet.read(valueOffset, valueLength)),
    ),
  );
}

/** Damaged on purpose: a delimiter stands inside its codestream. */
const NOT_DECODED = new Set(['dev/nm-bone-syntaxes/JPEG2000-embedded-sequence-delimiter.dcm']);

/** Bytes that no image shows may go: every frame is decoded as before. */
async function showTheSame(before: ParsedInstance, after: ParsedInstance, path: string): Promise<void> {
  const shape = readFrameShape(before);
  if ('because' in shape) throw new Error(`${path}: ${shape.because}`);
  for (let frame = 0; frame < shape.frames; frame += 1) {
    const one = await decodeFrame(before, before.dataSet, frame, decoding);
    const other = await decodeFrame(after, after.dataSet, frame, decoding);
    if (NOT_DECODED.has(path)) assert.equal([one.kind, other.kind], ['refused', 'refused'], path);
    if (NOT_DECODED.has(path)) continue;
    if (one.kind !== 'frame' || other.kind !== 'frame') throw new Error(`${path}: a frame is not decoded`);
    assert.ok(
      one.frame.values.every((value, at) => Object.is(value, other.frame.values[at])),
      path,
    );
    assert.is(one.frame.values.length, other.frame.values.length, path);
  }
}

if (corpus === null) skipped('de-identification of real files', 'no corpus');
else {
  const files = representativeFiles(corpus);
  const plain = await deidentified(files);

  for (const options of [[], everyOption])
    test(`every real file that can be sent keeps its picture and has nothing left to remove (${options.length} options)`, async () => {
      const rules = rulesOf(...options);
      const ready = options.length === 0 ? plain : await deidentified(files, options);
      assert.ok(ready.length > (IS_WHOLE_PROOF ? 350 : 80), `${ready.length}`);
      for (const { path, bytes, original, outcome } of ready) {
        const instance = await parsed(bytes);
        assert.is(instance.transferSyntaxUID, original.transferSyntaxUID, path);
        assert.equal(instance.identifiers, outcome.identifiers, path);
        if (!(await pixelsOf(instance)).equals(await pixelsOf(original)))
          await showTheSame(original, instance, path);
        assert.equal(await checkResidue(instance, rules, pseudonyms), [], path);
        const again = await deidentifyBytes(bytes, rules, pseudonyms);
        assert.ok(again.kind === 'ready' && Buffer.compare(again.bytes, bytes) === 0, path);
      }
    });

  for (const folder of ['ct-3slice-seg', 'pt-seg-sr-rwv', 'ct-perfusion-multiframe', 'mr-enh-siemens-xa'])
    test(`instances that referred to each other still do, and nothing else matches (${folder})`, async () => {
      const series = await deidentified(
        realFiles(corpus).filter(({ path }) => path.startsWith(`dev/${folder}/`)),
      );
      const pairs = await Promise.all(
        series.map(async ({ bytes, original }) => [uidsOf(original), uidsOf(await parsed(bytes))] as const),
      );
      const shared = (index: 0 | 1) =>
        pairs.flatMap((one, i) =>
          pairs.slice(i + 1).map((other) => [...one[index]].filter((uid) => other[index].has(uid)).length),
        );
      const before = shared(0);
      const after = shared(1);
      assert.ok(before.some((count) => count > 0));
      // Nothing may be gained; elements that the profile removes may be lost; instances with a common UID still
      // share one.
      for (const [index, count] of after.entries())
        assert.ok(
          count <= (before[index] ?? 0) && count > 0 === (before[index] ?? 0) > 0,
          `${folder} ${index}`,
        );
      const originals = new Set(
        series.flatMap(({ original }) =>
          Object.values(original.identifiers).filter((uid) => !uid.startsWith('1.2.840.10008.')),
        ),
      );
      for (const [, uids] of pairs) for (const uid of uids) assert.not.ok(originals.has(uid as never), uid);
      for (const { original, bytes } of series) {
        const segmented = findElement(original.elements, 0x00081115)?.items?.[0]?.elements.find(
          ({ tag }) => tag === 0x0020000e,
        );
        const target = series.find(
          (file) =>
            segmented?.bytes &&
            asciiText(segmented.bytes).replace(/\0/g, '') === file.original.identifiers.seriesInstanceUID,
        );
        if (!target) continue;
        assert.ok(uidsOf(await parsed(bytes)).has(target.outcome.identifiers.seriesInstanceUID));
      }
    });

  test('attributes that say nothing about a person stay: at least 999 of 1000', async () => {
    const rows = decidingRows();
    const markers = new Set([0x00120062, 0x00120063, 0x00280303]);
    const prose = new Set(['PN', 'LT', 'ST', 'UT', 'UR', 'UI', 'DA', 'DT', 'TM', 'UN', 'SQ']);
    let harmless = 0;
    let kept = 0;
    for (const { bytes, original } of plain) {
      const now = new Map((await parsed(bytes)).elements.map((element) => [element.tag, element]));
      for (const { tag, vr, bytes: value } of original.elements) {
        const isHarmless =
          !rows.has(tag) &&
          !markers.has(tag) &&
          dictionaryEntry(tag) !== null &&
          !isPrivate(tag) &&
          !prose.has(vr) &&
          (tag & 0xffff) !== 0 &&
          ![0x50, 0x60].includes(tag >>> 24);
        if (!isHarmless || value === null) continue;
        harmless += 1;
        const after = now.get(tag)?.bytes;
        if (after && Buffer.compare(after, value) === 0) kept += 1;
      }
    }
    assert.ok(harmless > (IS_WHOLE_PROOF ? 15_000 : 3_000), `${harmless}`);
    assert.ok(kept / harmless >= 0.999, `${kept} of ${harmless}`);
  });

  test('dcmdump reads the output', () => {
    const folder = mkdtempSync(join(tmpdir(), 'deidentified-'));
    const names = plain.map(({ bytes }, at) => {
      const name = join(folder, `${at}.dcm`);
      writeFileSync(name, bytes);
      return name;
    });
    const dumped = spawnSync('dcmdump', ['-q', '+E', '+M', ...names], { maxBuffer: 512 * 1024 * 1024 });
    rmSync(folder, { recursive: true });
    if (dumped.error) skip('de-identified files through dcmdump', 'dcmtk is not installed');
    assert.is(dumped.status, 0, dumped.stderr.toString().slice(0, 2000).replaceAll(folder, ''));
  });
}

test.run();
