/**
 * multipart/related (PS3.18 §8.7.1) from the PACS to the caller, as a stream: parts are read, and written again with
 * only one header, a verified media type. Other headers of a part may contain the PACS's own address.
 */
import { answerParts } from '../../ports/pacs/multipart.ts';
import { PacsUnreachable } from '../../ports/pacs/pacs.ts';
import { contentTypeIn } from '../../threads/split-parts.ts';
import type { PartPiece } from '../../threads/write-parts.ts';
import { DICOM, ENCODED, OCTETS } from './accepted.ts';

/** Instances, frames, bulk data, pictures. None of these types is executed by a browser. */
const PART_TYPES: readonly string[] = [DICOM, ...ENCODED];
const PART_TYPE = /^([a-z0-9/-]+)(\s*;\s*transfer-syntax="?[0-9.]{1,64}"?)?$/i;

/** Verifies a media type before it is passed on. @throws PacsUnreachable */
function checkedType(said: string): string {
  const [, type = ''] = PART_TYPE.exec(said.trim()) ?? [];
  if (!PART_TYPES.includes(type.toLowerCase()))
    throw new PacsUnreachable('the PACS answered with another media type', null);
  return said.trim();
}

/** Yields the parts of an answer. Throws PacsUnreachable if it is cut off, malformed, or of another media type. */
export async function* readParts(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<PartPiece> {
  for await (const event of answerParts(contentType, body))
    if (event instanceof Uint8Array) yield event;
    else if (event !== 'end') yield { type: checkedType(contentTypeIn(event.head) ?? OCTETS) };
}

/** Yields only the bytes of the first part. */
export async function* onlyPart(answer: AsyncIterable<PartPiece>): AsyncGenerator<Uint8Array> {
  let parts = 0;
  for await (const piece of answer) {
    if (piece instanceof Uint8Array) yield piece;
    else parts += 1;
    if (parts > 1) return;
  }
}
