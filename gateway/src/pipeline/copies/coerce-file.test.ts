/** Replaces values in an instance: what goes with a value that is replaced. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildInstance } from '#shared/dicom/build-instance.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { findElement } from '#shared/dicom/values.ts';
import { readSegments } from '#shared/deid/segments.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { coerceFile } from './coerce-file.ts';

const test = suite('an instance with other values');
const QUALIFIERS = 0x00100024;

test('keeps no qualifiers of an issuer that is replaced, and those of one that stays', async () => {
  const { identifiers, transferSyntaxUID } = syntheticStudy({ seed: 4712, instancesPerSeries: 1 })
    .instances[0]!;
  const elements = [
    [0x00100020, 'LO', 'ID-1'],
    [0x00100021, 'LO', 'HERE'],
    [QUALIFIERS, 'SQ', [[0x00400032, 'UT', '2.25.7']]],
  ] as const;
  const image = { rows: 1, columns: 2, bitsAllocated: 8, pixels: new Uint8Array(2) } as const;
  const bytes = concatBytes(buildInstance({ identifiers, transferSyntaxUID, elements, image }));
  const file = bytesSource(bytes);
  const qualifiersFor = async (issuer: string): Promise<number> => {
    const wanted = { coercion: { issuer, institution: 'THERE' }, at: new Date(0) };
    const coerced = await coerceFile(file, wanted, new AbortController().signal);
    if (coerced.kind !== 'coerced') throw assert.unreachable(coerced.kind);
    const pieces = await Array.fromAsync(readSegments(coerced.pieces, file));
    const read = await readInstance(bytesSource(concatBytes(pieces.map((piece) => new Uint8Array(piece)))));
    if (read.kind !== 'ready') throw assert.unreachable('it can be read');
    return findElement(read.instance.elements, QUALIFIERS)?.items?.length ?? 0;
  };
  assert.is(await qualifiersFor('THERE'), 0);
  assert.is(await qualifiersFor('HERE'), 1);
});

test.run();
