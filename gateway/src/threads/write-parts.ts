/** Writes `multipart/related` (RFC 2387, PS3.18 §8.7.1): store requests to a PACS, and answers to DICOMweb clients. */
import { randomBytes } from 'node:crypto';

/** The head of a part: its media type and, where it is known, its length. */
type PartHead = { readonly type: string; readonly length?: number };
/** The head of a part, then its bytes. */
export type PartPiece = PartHead | Uint8Array;

export const CRLF = Buffer.from('\r\n');

/**
 * `type`: the media type of the parts. For each part the body has its head, its content and a line break; then comes
 * `tail`.
 */
export function relatedParts(type: string, boundary = randomBytes(16).toString('hex')) {
  const head = (part: PartHead): Buffer => {
    const length = part.length === undefined ? '' : `Content-Length: ${part.length}\r\n`;
    return Buffer.from(`--${boundary}\r\nContent-Type: ${part.type}\r\n${length}\r\n`);
  };
  const tail = Buffer.from(`--${boundary}--\r\n`);
  return {
    contentType: `multipart/related; type="${type}"; boundary=${boundary}`,
    ...{ head, tail },
    async *write(pieces: AsyncIterable<PartPiece>): AsyncGenerator<Uint8Array> {
      let isOpen = false;
      for await (const piece of pieces) {
        if (piece instanceof Uint8Array) yield piece;
        else {
          yield isOpen ? Buffer.concat([CRLF, head(piece)]) : head(piece);
          isOpen = true;
        }
      }
      yield isOpen ? Buffer.concat([CRLF, tail]) : tail;
    },
  };
}
