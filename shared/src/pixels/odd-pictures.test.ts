/**
 * Odd instances (protocol/irregularities.ts) before everybody who opens pixels: there is a picture, or an answer that
 * there is none, and nobody fails.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ODD_FILES, oddFiles } from '#testing/odd-files.ts';
import { blobSource, bytesSource } from '../dicom/byte-source.ts';
import type { ParsedInstance } from '../dicom/data-set.ts';
import { readInstance } from '../dicom/part10.ts';
import { PIXEL_DATA } from '../dicom/tags.ts';
import { findElement } from '../dicom/values.ts';
import { codeInstance } from '../transfer/coding/code-instance.ts';
import { loadCharls } from '../transfer/coding/load-charls.ts';
import { restoreInstance } from '../transfer/coding/restore-instance.ts';
import { holdCausesWithin } from '../deid/reason-to-quarantine.ts';
import { areCovered } from './check-cover.ts';
import { coverPixels, NotCoverable } from './cover-pixels.ts';
import { decodeFrame } from './decode-frame.ts';
import { readInstancePicture } from './grey-picture.ts';
import { loadCodecs } from './load-codecs.ts';
import { thumbnail } from './thumbnail.ts';

const decoding = { codecs: loadCodecs() };
/** Their pixels are whole, or more than that. */
const SHOWN = new Set([
  'pixel-data-long',
  'rle-in-pieces',
  'uid-leading-zero',
  'odd-length',
  'second-header',
  'explicit-items-in-un',
]);
/** The first frame is there, and the second is not. */
const IN_PART = 'frame-missing';
const BOXES = [{ x: 0, y: 0, width: 2, height: 2, frames: null }];

async function canBeCovered(instance: ParsedInstance): Promise<boolean> {
  const covered = await coverPixels(instance, BOXES, decoding);
  if (covered.kind === 'refused') return false;
  try {
    for await (const piece of covered.pieces()) assert.ok(piece.length > 0);
    return true;
  } catch (error) {
    assert.instance(error, NotCoverable);
    return false;
  }
}

for (const { name, bytes } of ODD_FILES) {
  const isShown = SHOWN.has(name);
  test(`${name} ${isShown ? 'can be seen' : 'says that there is no picture'}`, async () => {
    const read = await readInstance(bytesSource(bytes));
    if (read.kind === 'refused') throw new Error(read.because);
    const { instance } = read;
    const frame = name === IN_PART ? 1 : 0;
    const picture = await readInstancePicture(instance, instance.dataSet, frame, decoding);
    assert.is(picture.kind, isShown ? 'picture' : 'refused');
    const decoded = await decodeFrame(instance, instance.dataSet, frame, decoding);
    assert.is(decoded.kind, isShown ? 'frame' : 'refused');
    const small = await thumbnail(instance, instance.dataSet, { maxSide: 8 }, decoding);
    assert.is(typeof small !== 'string', isShown);
    assert.is(await areCovered(instance, BOXES, decoding), false);
    assert.is(await canBeCovered(instance), isShown);
  });

  test(`${name} comes out of the coding bit for bit`, async () => {
    const file = new Blob([bytes]);
    const { encoding, bytes: coded } = await codeInstance(file, { loadCharls });
    if (encoding === null) return void assert.is(coded, file);
    const pieces: Uint8Array[] = [];
    for await (const piece of restoreInstance(blobSource(coded), encoding, file.size)) pieces.push(piece);
    assert.equal(Uint8Array.from(Buffer.concat(pieces)), bytes);
  });
}

const BURNED_IN_ANNOTATION = 0x00280301;
const NAMED = oddFiles(2, [[BURNED_IN_ANNOTATION, 'CS', 'YES']]);

for (const { name, bytes } of NAMED)
  test(`${name} with a name in its pixels is offered to a person only if its pixels can be covered`, async () => {
    const read = await readInstance(bytesSource(bytes));
    if (read.kind === 'refused') throw new Error(read.because);
    const hasPixels = findElement(read.instance.elements, PIXEL_DATA) !== null;
    const isFinal = (await holdCausesWithin(read.instance)).includes('unclearable-pixels');
    assert.is(isFinal, hasPixels && !(await canBeCovered(read.instance)));
  });

test.run();
