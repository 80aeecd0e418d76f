/** Before Send no more of an image is read than tells whether a person can release it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { CODED, CODED_COLUMNS, CODED_ROWS } from '#testing/coded-pictures.ts';
import { parsed } from '#testing/deidentified-file.ts';
import type { SimpleElement } from '../dicom/build-instance.ts';
import { concatBytes } from '../dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, JPEG_BASELINE } from '../dicom/registry.ts';
import { holdCausesWithin } from './reason-to-quarantine.ts';

const MIB = 1024 * 1024;
type Clip = { readonly frames: number; readonly pixels: Uint8Array | readonly Uint8Array[] };

/** The causes that hold an ultrasound clip, and how many bytes of it were read to know them. */
async function judged({ frames, pixels }: Clip) {
  const elements: SimpleElement[] = [
    [0x00080060, 'CS', 'US'],
    [0x00280008, 'IS', frames],
  ];
  const bytes = builtFile(elements, {
    sopClass: '1.2.840.10008.5.1.4.1.1.3.1',
    syntax: pixels instanceof Uint8Array ? EXPLICIT_VR_LITTLE_ENDIAN : JPEG_BASELINE,
    image: { rows: CODED_ROWS, columns: CODED_COLUMNS, bitsAllocated: 8, pixels },
  });
  const instance = await parsed(bytes);
  let bytesRead = 0;
  const dataSet = {
    size: instance.dataSet.size,
    read(offset: number, length: number) {
      bytesRead += length;
      return instance.dataSet.read(offset, length);
    },
  };
  return { causes: await holdCausesWithin({ ...instance, dataSet }), bytesRead, bytes: bytes.length };
}

/** A coded frame of about a megabyte: most of it is comments. */
function largeFrame(cut = 0): Uint8Array {
  const comment = concatBytes([Uint8Array.of(0xff, 0xfe, 0xff, 0xff), new Uint8Array(0xfffd)]);
  const { jpegBaseline: coded } = CODED;
  const rest = coded.subarray(2, coded.length - cut);
  const frame = [coded.subarray(0, 2), ...Array.from({ length: 16 }, () => comment), rest];
  return concatBytes([...frame, new Uint8Array(rest.length % 2)]);
}

const clipOf = (frames: readonly Uint8Array[]): Clip => ({ frames: frames.length, pixels: frames });

test('a clip that is not coded can always be cleared: none of its pixels is read', async () => {
  const frames = Math.ceil((4 * MIB) / (CODED_ROWS * CODED_COLUMNS));
  const pixels = new Uint8Array(frames * CODED_ROWS * CODED_COLUMNS);
  const { causes, bytesRead } = await judged({ frames, pixels });
  assert.equal(causes, ['undeclared-text']);
  assert.ok(bytesRead < 4096, `${bytesRead} bytes were read`);
});

test('of a long clip the first megabytes are read, and what they hide is found', async () => {
  const clear = Array.from({ length: 23 }, () => largeFrame());
  const long = await judged(clipOf([...clear, largeFrame(2)]));
  assert.equal(long.causes, ['undeclared-text']);
  assert.ok(long.bytes > 24 * MIB && long.bytesRead <= 8 * MIB, `${long.bytesRead} bytes were read`);
  const { causes } = await judged(clipOf([largeFrame(2), ...clear]));
  assert.equal(causes, ['undeclared-text', 'unclear-codestream']);
});

test.run();
