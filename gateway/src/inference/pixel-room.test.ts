/** Never more pixels at once than there is room for, and each image has its turn. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileOf, text } from '#testing/deidentified-elements.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { createRoom } from '../threads/room.ts';
import { PIXELS_LIMIT, showImage } from './examination.ts';

const test = suite('room for pixels');

test('large images wait for each other, in their order, and small ones are looked at side by side', async () => {
  const room = createRoom(10);
  const began: string[] = [];
  const enter = (name: string, pixels: number) =>
    room.enter(pixels).then((leave) => {
      began.push(name);
      return leave;
    });
  const a = enter('a', 4);
  const b = enter('b', 6);
  const c = enter('c', 9);
  const d = enter('d', 1);
  (await a)();
  (await b)();
  (await c)();
  assert.equal(began.slice(0, 3), ['a', 'b', 'c']);
  const leave = await d;
  leave();
  leave();
  assert.equal(began, ['a', 'b', 'c', 'd']);
  const all = await Promise.all([enter('e', 5), enter('f', 5)]);
  assert.is(all.length, 2, 'leaving twice gave back the room once');
});

test('an image of more pixels is refused by its header, before anything is decoded', async () => {
  const side = Math.ceil(Math.sqrt(PIXELS_LIMIT)) + 1;
  const us = (tag: number, value: number) => ({
    ...{ tag, vr: 'US' },
    value: Uint8Array.of(value & 0xff, value >> 8),
  });
  const bytes = fileOf([
    text(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.7'),
    us(0x00280002, 1),
    text(0x00280004, 'CS', 'MONOCHROME2'),
    us(0x00280010, side),
    us(0x00280011, side),
    us(0x00280100, 1),
    us(0x00280101, 1),
    us(0x00280102, 0),
    us(0x00280103, 0),
    { tag: 0x7fe00010, vr: 'OB', value: new Uint8Array(2 * Math.ceil((side * side) / 16)) },
  ]);
  const tools = { codecs: loadCodecs(), room: createRoom(PIXELS_LIMIT) };
  const shown = await showImage(bytes, { frame: 0, limit: 1024 }, tools, new AbortController().signal);
  assert.equal(shown, { kind: 'refused', because: 'image-too-large' });
});

test('the pixels of a frame and its picture are given back before the next image may enter', async () => {
  const [{ bytes }] = syntheticStudy({ seed: 9601, instancesPerSeries: 1, rows: 64, columns: 64 })
    .instances as [SyntheticInstance];
  const seen: string[] = [];
  const room = { enter: async () => () => void seen.push('leaves') };
  const { transfer } = ArrayBuffer.prototype;
  ArrayBuffer.prototype.transfer = function (this: ArrayBuffer, length) {
    if (length === 0) seen.push(`gives ${this.byteLength} back`);
    return transfer.call(this, length);
  };
  try {
    const tools = { codecs: loadCodecs(), room };
    const shown = await showImage(bytes, { frame: 0, limit: 1024 }, tools, new AbortController().signal);
    assert.is(shown.kind, 'shown');
  } finally {
    ArrayBuffer.prototype.transfer = transfer;
  }
  const pixels = 64 * 64;
  assert.equal(seen, [`gives ${2 * pixels} back`, `gives ${4 * pixels} back`, 'leaves']);
});

test.run();
