/** Never more pixels at once than there is room for, and each image has its turn. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { buildInstance } from '#shared/dicom/build-instance.ts';
import type { InstanceIdentifiers } from '#shared/dicom/data-set.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { RLE_LOSSLESS } from '#shared/dicom/registry.ts';
import type { TransferSyntaxUID } from '#shared/dicom/uid.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { createRoom } from '../threads/room.ts';
import { PICTURE_BYTES_LIMIT, showImage } from './examination.ts';

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

test('a larger picture is refused by its header, before anything is decoded', async () => {
  assert.is(await refusalOf(6_400, 8, RLE_LOSSLESS), 'image-too-large');
  assert.is(await refusalOf(5_850, 16, RLE_LOSSLESS), 'image-too-large');
  assert.is(await refusalOf(4_150, 16, JPEG_2000), 'image-too-large', 'its decoder takes more');
  assert.is(await refusalOf(5_800, 16, RLE_LOSSLESS), 'image-damaged');
  assert.is(await refusalOf(4_100, 16, JPEG_2000), 'image-damaged');
});

const JPEG_2000 = '1.2.840.10008.1.2.4.90' as TransferSyntaxUID;

/** Why a square film whose pixels are rubbish is refused. */
async function refusalOf(
  side: number,
  bitsAllocated: 8 | 16,
  transferSyntaxUID: TransferSyntaxUID,
): Promise<string> {
  const identifiers = {
    ...{ studyInstanceUID: '1.2', seriesInstanceUID: '1.3', sopInstanceUID: '1.4' },
    sopClassUID: '1.2.840.10008.5.1.4.1.1.7',
  } as InstanceIdentifiers;
  const image = { rows: side, columns: side, bitsAllocated, pixels: [new Uint8Array(64)] };
  const bytes = concatBytes(buildInstance({ identifiers, transferSyntaxUID, elements: [], image }));
  const tools = { codecs: loadCodecs(), room: createRoom(PICTURE_BYTES_LIMIT) };
  const shown = await showImage(bytes, { frame: 0, limit: 1024 }, tools, new AbortController().signal);
  return shown.kind === 'refused' ? shown.because : shown.kind;
}

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
