/** The front of a damaged file says which instance it began to be, or nothing at all. */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '../dicom/byte-source.ts';
import type { ByteSource } from '../dicom/data-set.ts';
import { concatBytes, encodeFileMeta } from '../dicom/encode.ts';
import { inflateFront } from '../dicom/inflate-data-set.ts';
import { FRONT_BYTES } from '../dicom/limits.ts';
import { readInstance } from '../dicom/part10.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
} from '../dicom/registry.ts';
import { PIXEL_DATA, SERIES_INSTANCE_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID } from '../dicom/tags.ts';
import { findElement } from '../dicom/values.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { readBegunInstance } from './begun-instance.ts';
import { summariseFile } from './ingest-file.ts';

const ENCODINGS = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN];

const instanceIn = (transferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN): SyntheticInstance =>
  syntheticStudy({ seed: 90, instancesPerSeries: 1, transferSyntaxUID }).instances[0]!;

const begunIn = (bytes: Uint8Array) => readBegunInstance(bytesSource(bytes));

const saysOf = ({ identifiers: { studyInstanceUID, sopInstanceUID, sopClassUID } }: SyntheticInstance) => ({
  studyInstanceUID,
  sopInstanceUID,
  sopClassUID,
});

async function readyIn({ bytes }: SyntheticInstance) {
  const read = await readInstance(bytesSource(bytes));
  if (read.kind !== 'ready') throw new Error(read.because);
  return read.instance;
}

async function elementsOf(instance: SyntheticInstance) {
  const { elements } = await readyIn(instance);
  return (tag: number) => findElement(elements, tag)!;
}

test('a file cut anywhere behind its UIDs names its study and instance, and one cut before them names none', async () => {
  for (const encoding of ENCODINGS) {
    const instance = instanceIn(encoding);
    const { bytes } = instance;
    const elementOf = await elementsOf(instance);
    const known = elementOf(SERIES_INSTANCE_UID).endOffset;
    const pixels = elementOf(PIXEL_DATA);
    for (const end of [
      known,
      known + 3,
      pixels.offset,
      pixels.offset + 6,
      pixels.valueOffset + 1,
      bytes.length - 1,
    ])
      assert.equal(await begunIn(bytes.subarray(0, end)), saysOf(instance), `${encoding}, cut at ${end}`);
    const study = elementOf(STUDY_INSTANCE_UID);
    const ends = [0, 1, 100, 132, 200, elementOf(SOP_INSTANCE_UID).endOffset, study.valueOffset + 8];
    for (const end of [...ends, study.endOffset, known - 1])
      assert.is(await begunIn(bytes.subarray(0, end)), null, `${encoding}, cut at ${end}`);
  }
});

test('no cut of a header says anything but the truth', async () => {
  for (const encoding of ENCODINGS) {
    const instance = instanceIn(encoding);
    const truth = JSON.stringify(saysOf(instance));
    const end = (await elementsOf(instance))(PIXEL_DATA).valueOffset;
    for (let at = 0; at <= end; at++) {
      const begun = await begunIn(instance.bytes.subarray(0, at));
      assert.ok(begun === null || JSON.stringify(begun) === truth, `${encoding}, cut at ${at}`);
    }
  }
});

test('a deflated file that is cut or damaged behind its UIDs names them too, and nothing but the truth', async () => {
  const instance = instanceIn();
  const { dataSetOffset } = await readyIn(instance);
  const meta = encodeFileMeta(instance.identifiers, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN);
  const deflated = deflateRawSync(instance.bytes.subarray(dataSetOffset));
  const known = (await elementsOf(instance))(SERIES_INSTANCE_UID).endOffset - dataSetOffset;
  const bytes = concatBytes([meta, deflated]);
  const truth = saysOf(instance);
  let named = 0;
  for (let end = meta.length; end < bytes.length; end += 5) {
    const begun = await begunIn(bytes.subarray(0, end));
    if (begun !== null) assert.equal(begun, truth, `cut at ${end}`);
    // Nothing may be known of the last piece before the cut.
    const certain = deflated.subarray(0, Math.max(0, end - meta.length - 64));
    const front = inflateRawSync(certain, { finishFlush: constants.Z_SYNC_FLUSH });
    if (front.length <= known) continue;
    assert.ok(begun, `cut at ${end}`);
    named += 1;
  }
  assert.ok(named > 20, `${named}`);
  const damaged = Uint8Array.from(bytes).fill(0xff, -200);
  assert.equal(await begunIn(damaged), truth);
  const cut = await summariseFile(new Blob([bytes.slice(0, -100)]), true, 'identified');
  assert.equal(cut.kind === 'refused' && [cut.because, cut.begun], ['truncated', truth]);
});

test('a deflated front grows no further than its limit, whatever it would inflate to', async () => {
  const { identifiers } = instanceIn();
  const meta = encodeFileMeta(identifiers, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN);
  const bomb = deflateRawSync(new Uint8Array(64 * 1024 * 1024));
  const front = await inflateFront(bytesSource(concatBytes([meta, bomb])), meta.length, FRONT_BYTES);
  assert.is(front.length, FRONT_BYTES);
});

test('a copy whose end was filled with zeros names its study only where its UIDs are all there', async () => {
  const instance = instanceIn();
  const elementOf = await elementsOf(instance);
  const study = elementOf(STUDY_INSTANCE_UID);
  const filledFrom = (at: number) => Uint8Array.from(instance.bytes).fill(0, at);
  assert.is(await begunIn(filledFrom(study.valueOffset + 10)), null, 'half of a UID is another UID');
  assert.is(await begunIn(filledFrom(study.endOffset)), null);
  assert.equal(await begunIn(filledFrom(elementOf(SERIES_INSTANCE_UID).endOffset)), saysOf(instance));
});

test('a front that lies about a length names no other study', async () => {
  for (const encoding of [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN]) {
    const instance = instanceIn(encoding);
    const elementOf = await elementsOf(instance);
    const isExplicit = encoding === EXPLICIT_VR_LITTLE_ENDIAN;
    for (const tag of [SOP_INSTANCE_UID, STUDY_INSTANCE_UID, SERIES_INSTANCE_UID]) {
      const { valueOffset, valueLength } = elementOf(tag);
      const most = isExplicit ? 0xffff : 0xffffffff;
      for (const lie of [0, 2, valueLength - 2, valueLength + 2, valueLength + 40, most - 1, most]) {
        const bytes = Uint8Array.from(instance.bytes);
        const view = new DataView(bytes.buffer);
        if (isExplicit) view.setUint16(valueOffset - 2, lie, true);
        else view.setUint32(valueOffset - 4, lie, true);
        const begun = await begunIn(bytes);
        const name = `${encoding}, (${tag.toString(16)}) with length ${lie}`;
        // Behind a series of another length the study and the instance are as before.
        if (tag === SERIES_INSTANCE_UID && begun !== null) assert.equal(begun, saysOf(instance), name);
        else assert.is(begun, null, name);
      }
    }
  }
});

test('nothing is read behind the front, however many elements follow', async () => {
  const instance = instanceIn();
  const known = (await elementsOf(instance))(SERIES_INSTANCE_UID).endOffset;
  const elements = Array.from({ length: 8 }, (_, nth) => {
    const element = new Uint8Array(12 + 40_000);
    element.set([0x21, 0, 0x10 + nth, 0, 0x55, 0x4e]);
    new DataView(element.buffer).setUint32(8, 40_000, true);
    return element;
  });
  const bytes = concatBytes([instance.bytes.subarray(0, known), ...elements]);
  const whole = bytesSource(bytes);
  let end = 0;
  const watched: ByteSource = {
    size: whole.size,
    read(offset, length) {
      end = Math.max(end, offset + length);
      return whole.read(offset, length);
    },
  };
  assert.equal(await readBegunInstance(watched), saysOf(instance));
  assert.ok(end <= FRONT_BYTES, `${end}`);
});

test('a front without UIDs says nothing, and a whole file is not called damaged', async () => {
  const encoder = new TextEncoder();
  for (const bytes of [
    new Uint8Array(),
    new Uint8Array(FRONT_BYTES),
    encoder.encode('no image'),
    encoder.encode(`${'\0'.repeat(128)}DICM`),
    instanceIn().bytes.map((byte, at) => (at < 600 ? byte : 0x55)),
  ])
    assert.is(await begunIn(bytes), null);
  const { bytes } = instanceIn();
  const summaryOf = (some: Uint8Array<ArrayBuffer>) => summariseFile(new Blob([some]), true, 'identified');
  assert.is((await summaryOf(bytes)).kind, 'summary');
  const cut = await summaryOf(bytes.slice(0, -100));
  assert.equal(cut.kind === 'refused' && [cut.because, cut.begun], ['truncated', saysOf(instanceIn())]);
  const early = await summaryOf(bytes.slice(0, 400));
  assert.equal(early.kind === 'refused' && early.begun, undefined);
});

test.run();
