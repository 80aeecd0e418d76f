/**
 * The format of an association's file: instances one after the other, each followed by a mark with its length. So an
 * instance streams in before its length is known, and no place of the blob is ever written twice.
 */
import type { ByteRange, ByteSource } from '#shared/dicom/data-set.ts';

/** The mark after an instance: whether it was taken, and its length, each as a number of 32 bits. */
const MARK_BYTES = 8;
const TAKEN = 1;

/** The most marks that one file of an association holds; the next instance begins another file. */
export const MARKS_LIMIT = 10_000;

export function encodeMark(isTaken: boolean, length: number): Uint8Array {
  const mark = Buffer.alloc(MARK_BYTES);
  mark.writeUInt32BE(isTaken ? TAKEN : 0, 0);
  mark.writeUInt32BE(length, 4);
  return mark;
}

/** The instances that were taken, in order. Throws if the marks do not lead back to the beginning. */
export async function findTaken(file: ByteSource): Promise<readonly ByteRange[]> {
  const taken: ByteRange[] = [];
  for (let end = file.size, count = 0; end > 0; count += 1) {
    const at = end - MARK_BYTES;
    if (at < 0 || count > MARKS_LIMIT) throw new Error('the marks of an association lead nowhere');
    const mark = Buffer.from(await file.read(at, MARK_BYTES));
    const length = mark.readUInt32BE(4);
    end = at - length;
    if (end < 0) throw new Error('the marks of an association lead nowhere');
    if (mark.readUInt32BE(0) === TAKEN) taken.push({ offset: end, length });
  }
  return taken.reverse();
}
