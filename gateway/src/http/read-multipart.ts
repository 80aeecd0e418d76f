/**
 * A multipart request body (RFC 2046 §5.1, RFC 7578) as it streams in: one part after the other, each held in
 * memory while it is looked at and then forgotten. Nothing touches a disk, and no name of a file is looked
 * at: it may be a patient's.
 */
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';

const CRLF = '\r\n';
/** The headers of a part end within this many bytes; a browser's take about 200. */
const PART_HEADER_LIMIT = 8 * 1024;
/** RFC 2046 §5.1.1: a boundary has 1 to 70 characters. */
const BOUNDARY = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s";]{1,70}))/i;
/** RFC 7578 §4.2: the name of the field. */
const FIELD_NAME = /^content-disposition:\s*form-data\s*;(?:[^\r\n]*;)?\s*name="([^"\r\n]*)"/im;
/** RFC 7578 §4.2: a part with the name of a file, which is not looked at, is a file. */
const OF_A_FILE = /^content-disposition:[^\r\n]*;\s*filename\*?=/im;

export type MultipartLimits = {
  readonly parts: number;
  /** Of all of it, with headers and delimiters. */
  readonly bytes: number;
  /** Of the part at this place, from 0. */
  readonly partBytes: (at: number) => number;
  /** How long nothing may come. */
  readonly quietMs: number;
  /** How long all of it may take; for ever unless said otherwise. */
  readonly totalMs?: number;
  /** What is answered where a part, or all of it, has more bytes; `body-too-large` unless said otherwise. */
  readonly tooLarge?: AnyProblemCode;
};

export type Part = {
  /** The name of the form's field. */
  readonly field: string;
  readonly isFile: boolean;
  /** As they came: joining them would take the memory twice. */
  readonly chunks: readonly Uint8Array[];
};

/**
 * Yields each part when it is whole. @throws Problem unsupported-media-type, body-too-large, and bad-request
 * for what is malformed, cut off or stands still.
 */
export async function* readMultipart(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
  limits: MultipartLimits,
): AsyncGenerator<Part> {
  const [, quoted, bare] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw new Problem('unsupported-media-type');
  const read = createReader(body, limits);
  const delimiter = Buffer.from(`${CRLF}--${boundary}`);
  // What may stand before the first delimiter is to be ignored.
  await read.until(delimiter, PART_HEADER_LIMIT);
  for (let at = 0; ; at += 1) {
    // The line of the delimiter: "--" ends the body; what stands behind it is ignored.
    const line = await read.until(Buffer.from(CRLF), PART_HEADER_LIMIT, '--');
    if (line === 'ended') return;
    if (at >= limits.parts) throw new Problem('body-too-large');
    // The line break before an empty line belongs to the last header, or to the delimiter's line where there
    // is none.
    read.putBack(CRLF);
    const headers = Buffer.concat(
      chunksOf(await read.until(Buffer.from(CRLF + CRLF), PART_HEADER_LIMIT)),
    ).toString();
    const field = FIELD_NAME.exec(headers.trimStart())?.[1];
    if (field === undefined) throw new Problem('bad-request');
    yield {
      field,
      isFile: OF_A_FILE.test(headers),
      chunks: chunksOf(await read.until(delimiter, limits.partBytes(at))),
    };
  }
}

type BodyLimits = Pick<MultipartLimits, 'bytes' | 'quietMs' | 'totalMs' | 'tooLarge'>;

/** What comes, as it comes. @throws Problem body-too-large, and bad-request for what stands still. */
export async function* readLimited(
  body: AsyncIterable<Uint8Array>,
  { bytes: limit, quietMs, totalMs = Infinity, tooLarge = 'body-too-large' }: BodyLimits,
): AsyncGenerator<Uint8Array> {
  const beganMs = performance.now();
  const pieces = body[Symbol.asyncIterator]();
  for (let total = 0; ; ) {
    const leftMs = beganMs + totalMs - performance.now();
    if (leftMs < 0) throw new Problem('bad-request');
    const { done, value } = await unlessQuiet(pieces.next(), Math.min(quietMs, leftMs));
    if (done === true) return;
    total += value.length;
    if (total > limit) throw new Problem(tooLarge);
    yield value;
  }
}

async function unlessQuiet<T>(next: Promise<T>, quietMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<never>(
    (_, reject) => void (timer = setTimeout(() => reject(new Problem('bad-request')), quietMs)),
  );
  return Promise.race([next, quiet]).finally(() => clearTimeout(timer));
}

type Found = readonly Uint8Array[] | 'ended';

function chunksOf(found: Found): readonly Uint8Array[] {
  if (found === 'ended') throw new Problem('bad-request');
  return found;
}

function createReader(body: AsyncIterable<Uint8Array>, limits: MultipartLimits) {
  const { tooLarge = 'body-too-large' } = limits;
  const pieces = readLimited(body, limits);
  // A line break before the first delimiter makes it look like all others.
  let held: Buffer = Buffer.from(CRLF);

  async function more(): Promise<void> {
    const { done, value } = await pieces.next();
    if (done === true) throw new Problem('bad-request');
    held = Buffer.concat([held, value]);
  }

  return {
    putBack(text: string): void {
      held = Buffer.concat([Buffer.from(text), held]);
    },
    /** What stands before `mark`, which is passed over. `ended`: it begins with `orEnd` instead. */
    async until(mark: Buffer, limit: number, orEnd?: string): Promise<Found> {
      while (orEnd !== undefined && held.length < orEnd.length) await more();
      if (orEnd !== undefined && held.subarray(0, orEnd.length).toString('latin1') === orEnd) return 'ended';
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      const take = (length: number): void => {
        if (length > 0) chunks.push(held.subarray(0, length));
        bytes += length;
        if (bytes > limit) throw new Problem(tooLarge);
        held = held.subarray(length);
      };
      for (;;) {
        const end = held.indexOf(mark);
        if (end >= 0) {
          take(end);
          held = held.subarray(mark.length);
          return chunks;
        }
        // What could be the beginning of the mark stays until more has come.
        take(Math.max(0, held.length - mark.length + 1));
        await more();
      }
    },
  };
}
