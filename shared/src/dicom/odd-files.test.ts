/** An odd instance that endangers nobody is read with a warning; one that would exhaust its readers is refused. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { ODD_FILES } from '#testing/odd-files.ts';
import { IRREGULARITIES } from '../protocol/irregularities.ts';
import { bytesSource, rangeSource } from './byte-source.ts';
import { FRAME_PIXELS_LIMIT, FRAMES_LIMIT } from './limits.ts';
import { readInstance } from './part10.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, RLE_LOSSLESS } from './registry.ts';

for (const { name, because, bytes } of ODD_FILES) {
  test(`${name} is read, with the warning ${because} and no other`, async () => {
    const outcome = await readInstance(bytesSource(bytes));
    assert.equal(outcome.kind === 'ready' ? outcome.instance.warnings : outcome, [because]);
  });
}

test('there is a file of each kind', () => {
  assert.equal([...new Set(ODD_FILES.map(({ because }) => because))].sort(), [...IRREGULARITIES].sort());
});

/** 64 bytes of native pixels, or two fragments, and a header that claims more. */
async function claiming(
  image: { readonly rows: number; readonly columns: number; readonly frames?: number },
  syntax: string = EXPLICIT_VR_LITTLE_ENDIAN,
): Promise<string> {
  const native = syntax === EXPLICIT_VR_LITTLE_ENDIAN;
  const pixels = native ? new Uint8Array(64) : [new Uint8Array(64), new Uint8Array(64)];
  const bytes = builtFile([[0x00100020, 'LO', 'P']], {
    syntax,
    image: { ...image, bitsAllocated: 8, pixels },
  });
  const outcome = await readInstance(bytesSource(bytes));
  return outcome.kind === 'refused' ? `refused: ${outcome.because}` : 'sent';
}

test('pixel data may be too short only within the limits on pixels and frames', async () => {
  const rows = 2 ** 13;
  const columns = FRAME_PIXELS_LIMIT / rows;
  assert.is(await claiming({ rows, columns, frames: FRAMES_LIMIT }), 'sent');
  assert.is(await claiming({ rows: rows + 1, columns }), 'refused: pixel-data-length');
  assert.is(await claiming({ rows, columns, frames: FRAMES_LIMIT + 1 }), 'refused: pixel-data-length');
  const coded = { rows: 8, columns: 8, frames: FRAMES_LIMIT };
  assert.is(await claiming(coded, RLE_LOSSLESS), 'sent');
  const more = { ...coded, frames: FRAMES_LIMIT + 1 };
  assert.is(await claiming(more, RLE_LOSSLESS), 'refused: pixel-data-length');
});

test('a value that runs past the end of the file is cut off, however odd the file is', async () => {
  const { bytes } = ODD_FILES.find(({ name }) => name === 'pixel-data-long')!;
  const cut = rangeSource(bytesSource(bytes), { offset: 0, length: bytes.length - 2 });
  assert.is((await readInstance(cut)).kind, 'refused');
});

test.run();
