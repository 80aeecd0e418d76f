/** Pixels that no reader could find are refused before anything is made of them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fileOf, sequence, text } from '#testing/deidentified-elements.ts';
import { bytesSource } from './byte-source.ts';
import { readInstance } from './part10.ts';
import { PIXEL_DATA } from './tags.ts';

test('Pixel Data that is a Sequence is refused, however many bytes it has', async () => {
  const file = fileOf([
    { tag: 0x00280002, vr: 'US', value: Uint8Array.of(1, 0) },
    text(0x00280004, 'CS', 'MONOCHROME2'),
    ...[0x00280010, 0x00280011].map((tag) => ({ tag, vr: 'US', value: Uint8Array.of(4, 0) })),
    ...[0x00280100, 0x00280101].map((tag) => ({ tag, vr: 'US', value: Uint8Array.of(8, 0) })),
    { tag: 0x00280102, vr: 'US', value: Uint8Array.of(7, 0) },
    { tag: 0x00280103, vr: 'US', value: Uint8Array.of(0, 0) },
    sequence(PIXEL_DATA, [text(0x00321060, 'LO', 'more than sixteen bytes')]),
  ]);
  const outcome = await readInstance(bytesSource(file));
  assert.equal(outcome.kind === 'ready' ? 'ready' : [outcome.because, outcome.where?.tag], [
    'wrong-vr',
    '7fe0,0010',
  ]);
});

test.run();
