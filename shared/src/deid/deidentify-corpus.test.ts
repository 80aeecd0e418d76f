import dcmjs from 'dcmjs';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deidentifyBytes, parsed, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import type { DeidentifiedFile } from '#testing/deidentified-file.ts';
import { skip, testEnvironment } from '#testing/environment.ts';
import type { DicomElement, ParsedInstance } from '../dicom/data-set.ts';
import { dictionaryEntry, isPrivate } from '../dicom/dictionary.ts';
import { asciiText, findElement } from '../dicom/values.ts';
import { decodeFrame } from '../pixels/decode-frame.ts';
import { readFrameShape } from '../pixels/frame-shape.ts';
import { loadCodecs } from '../pixels/load-codecs.ts';
import { decidingRows, OPTIONS } from './profile.ts';
import { checkResidue } from './residue.ts';

type Ready = Extract<DeidentifiedFile, { kind: 'ready' }> & { readonly path: string };
// dcmjs prints remarks about real files on the console; only its result is wanted.
dcmjs.log.setLevel('silent');
const { corpus } = testEnvironment();
const decoding = { codecs: loadCodecs() };
const everyOption = Object.keys(OPTIONS).filter(
  (name) => !/^clean-(pixel|recog|desc)|full-dates$/.test(name),
);

/**
 * The files of `dev/` (under `folder`) that become an instance, their pictures released as by a person who looked.
 * Slow only for the bytes: 60 MB are read.
 */
async function deidentifiedCorpus(folder = '', options: readonly string[] = [], seed = 1): Promise<Ready[]> {
  const { files } = JSON.parse(readFileSync(join(corpus ?? '', 'manifest.json'), 'utf8')) as {
    files: { path: string; set: string }[];
  };
  const rules = rulesOf(...options);
  const pseudonyms = await pseudonymsOf(seed);
  const ready: Ready[] = [];
  for (const { path } of files.filter(({ set, path }) => set === 'dev' && path.startsWith(`dev/${folder}`))) {
    const result = await deidentifyBytes(
      new Uint8Array(readFileSync(join(corpus ?? '', path))),
      rules,
      pseudonyms,
      { looked: ['pixels'] },
    );
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

for (const options of [[], everyOption]) {
  test(`every real file that can be sent keeps its picture and has nothing left to remove (${options.length} options)`, async () => {
    if (corpus === null) skip('de-identification of real files', 'no corpus');
    const rules = rulesOf(...options);
    const pseudonyms = await pseudonymsOf(1);
    const files = await deidentifiedCorpus('', options);
    assert.ok(files.length > 350);
    for (const { path, bytes, original, outcome } of files) {
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
}

test('no canary is left in any encoding, in the file, in its UIDs or in its report', async () => {
  if (corpus === null) skip('the canaries', 'no corpus');
  const list = JSON.parse(readFileSync(join(corpus, 'dev/derived-phi-canary/canaries.json'), 'utf8')) as {
    dates: string[];
    tokens: { token: string }[];
  };
  const tokens = [...list.dates, ...list.tokens.map(({ token }) => token)];
  const files = await deidentifiedCorpus('derived-phi-canary');
  assert.is(files.length, 2);
  for (const { path, bytes, outcome } of files) {
    const said =
      `${Buffer.from(bytes).toString('latin1')}${JSON.stringify([outcome.report, outcome.identifiers])}`.toLowerCase();
    for (const token of tokens) {
      const text = Buffer.from(token.toLowerCase());
      const wide = Buffer.from(token.toLowerCase(), 'utf16le');
      const base64 = Buffer.from(token).toString('base64').slice(2, -4).toLowerCase();
      for (const form of [text, wide, Buffer.from(wide).swap16()])
        assert.not.ok(said.includes(form.toString('latin1')), `${path} ${token}`);
      assert.not.ok(said.includes(base64), `${path} ${token} in base 64`);
    }
  }
});

for (const folder of ['ct-3slice-seg', 'pt-seg-sr-rwv', 'ct-perfusion-multiframe', 'mr-enh-siemens-xa']) {
  test(`instances that referred to each other still do, and nothing else matches (${folder})`, async () => {
    if (corpus === null) skip('references between real instances', 'no corpus');
    const files = await deidentifiedCorpus(folder);
    const pairs = await Promise.all(
      files.map(async ({ bytes, original }) => [uidsOf(original), uidsOf(await parsed(bytes))] as const),
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
      files.flatMap(({ original }) =>
        Object.values(original.identifiers).filter((uid) => !uid.startsWith('1.2.840.10008.')),
      ),
    );
    for (const [, uids] of pairs) for (const uid of uids) assert.not.ok(originals.has(uid as never), uid);
    for (const { original, outcome } of files) {
      const segmented = findElement(original.elements, 0x00081115)?.items?.[0]?.elements.find(
        ({ tag }) => tag === 0x0020000e,
      );
      const target = files.find(
        (file) =>
          segmented?.bytes &&
          asciiText(segmented.bytes).replace(/\0/g, '') === file.original.identifiers.seriesInstanceUID,
      );
      if (!target) continue;
      assert.ok(
        uidsOf(await parsed(files.find((file) => file.outcome === outcome)?.bytes ?? new Uint8Array())).has(
          target.outcome.identifiers.seriesInstanceUID,
        ),
      );
    }
  });
}

test('under another key no pseudonym is the same', async () => {
  if (corpus === null) skip('two keys over real files', 'no corpus');
  const one = await deidentifiedCorpus('ct-3slice-seg', [], 1);
  const two = await deidentifiedCorpus('ct-3slice-seg', [], 2);
  const all = async (files: Ready[]) =>
    (await Promise.all(files.map(async ({ bytes }) => [...uidsOf(await parsed(bytes))])))
      .flat()
      .filter((uid) => uid.startsWith('2.25.'));
  const first = new Set(await all(one));
  const second = await all(two);
  // Our own Implementation Class UID is the only one below 2.25 that all instances share; it is not in the
  // Data Set.
  assert.not.ok(second.some((uid) => first.has(uid)));
  const patient = (bytes: Uint8Array) => /RP-[0-9A-Z]{26}/.exec(asciiText(bytes.subarray(0, 4000)))?.[0];
  assert.ok(patient(one[0]?.bytes ?? new Uint8Array()));
  assert.is.not(patient(one[0]?.bytes ?? new Uint8Array()), patient(two[0]?.bytes ?? new Uint8Array()));
});

test('attributes that say nothing about a person stay: at least 999 of 1000', async () => {
  if (corpus === null) skip('harmless attributes of real files', 'no corpus');
  const rows = decidingRows();
  const markers = new Set([0x00120062, 0x00120063, 0x00280303]);
  const prose = new Set(['PN', 'LT', 'ST', 'UT', 'UR', 'UI', 'DA', 'DT', 'TM', 'UN', 'SQ']);
  let harmless = 0;
  let kept = 0;
  for (const { bytes, original } of await deidentifiedCorpus()) {
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
  assert.ok(harmless > 15_000, `${harmless}`);
  assert.ok(kept / harmless >= 0.999, `${kept} of ${harmless}`);
});

test('other readers read the output: dcmjs, and dcmdump where it is installed', async () => {
  if (corpus === null) skip('other readers', 'no corpus');
  const folder = mkdtempSync(join(tmpdir(), 'deidentified-'));
  const names: string[] = [];
  for (const { path, bytes, original, outcome } of await deidentifiedCorpus()) {
    // dcmjs takes no deflated and no big endian Data Sets everywhere; the three largest series would only
    // repeat themselves.
    if (/mr-epi-ge|mr-t1-siemens|mr-dwi-ge/.test(path)) continue;
    const name = join(folder, `${names.length}.dcm`);
    writeFileSync(name, bytes);
    names.push(name);
    if (original.encoding.deflated || original.encoding.bigEndian) continue;
    const read = dcmjs.data.DicomMessage.readFile(bytes.slice().buffer, {
      ignoreErrors: true,
      untilTag: '7FE00010',
      includeUntilTagValue: false,
    });
    assert.is(
      (read.dict['00080018'] as { Value: string[] } | undefined)?.Value[0],
      outcome.identifiers.sopInstanceUID,
      path,
    );
  }
  const dumped = spawnSync('dcmdump', ['-q', '+E', '+M', ...names], { maxBuffer: 512 * 1024 * 1024 });
  rmSync(folder, { recursive: true });
  if (dumped.error) skip('de-identified files through dcmdump', 'dcmtk is not installed');
  assert.is(dumped.status, 0, dumped.stderr.toString().slice(0, 2000).replaceAll(folder, ''));
});

test.run();
