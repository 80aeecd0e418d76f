/**
 * A multipart request body (RFC 2046 §5.1, RFC 7578) as it streams in: one part after the other, each held in
 * memory while it is used and then forgotten. Nothing touches a disk, and file names are not read: they may
 * be a patient's.
 */
import { boundaryOf } from '#shared/boundary-of.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { giveBack } from '#shared/give-back.ts';
import { gatherBytes } from '../threads/gather-bytes.ts';

const CRLF = '\r\n';
/** The headers of a part end within this many bytes; a browser's take about 200. */
const PART_HEADER_LIMIT = 8 * 1024;
/** RFC 7578 §4.2: the name of the field. */
const FIELD_NAME = /^content-disposition:\s*form-data\s*;(?:[^\r\n]*;)?\s*name="([^"\r\n]*)"/i;
/** RFC 7578 §4.2: a part with a file name is a file; the name is not read. */
const OF_A_FILE = /^content-disposition:[^\r\n]*;\s*filename\*?=/i;
/** RFC 5322 §2.2.3: between two headers; a line that opens with a space belongs to the header before it. */
const BETWEEN_HEADERS = /\r?\n(?![ \t])/;

export type MultipartLimits = {
  readonly parts: number;
  /** For the whole body, with headers and delimiters. */
  readonly bytes: number;
  /** For the part at this place, counted from 0. */
  readonly partBytes: (at: number) => number;
  /** The longest silence. */
  readonly quietMs: number;
  /** The longest time for the whole body; unlimited by default. */
  readonly totalMs?: number;
  /** The problem when a part, or the whole body, has too many bytes; `body-too-large` by default. */
  readonly tooLarge?: AnyProblemCode;
};

export type Part = {
  /** The name of the form's field. */
  readonly field: string;
  readonly isFile: boolean;
  /** In pieces, each in memory of its own: joining them all would double it. */
  readonly chunks: readonly Uint8Array[];
};

/**
 * Yields each part when it is whole. @throws Problem unsupported-media-type, body-too-large, and bad-request
 * for a body that is malformed, cut off or stalled.
 */
export async function* readMultipart(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
  limits: MultipartLimits,
): AsyncGenerator<Part> {
  const boundary = boundaryOf(contentType, 'form-data');
  if (boundary === null) throw new Problem('unsupported-media-type');
  const read = createReader(body, limits);
  const delimiter = Buffer.from(`${CRLF}--${boundary}`);
  // Text before the first delimiter is ignored.
  await read.until(delimiter, PART_HEADER_LIMIT);
  for (let at = 0; ; at += 1) {
    // The line of the delimiter: "--" ends the body, and anything after it is ignored.
    const line = await read.until(Buffer.from(CRLF), PART_HEADER_LIMIT, '--');
    if (line === 'ended') return;
    if (at >= limits.parts) throw new Problem('body-too-large');
    // The line break before an empty line belongs to the last header, or to the delimiter's line where there
    // is none.
    read.putBack(CRLF);
    const headers = Buffer.concat(chunksOf(await read.until(Buffer.from(CRLF + CRLF), PART_HEADER_LIMIT)))
      .toString()
      .split(BETWEEN_HEADERS);
    const field = headers.map((header) => FIELD_NAME.exec(header)?.[1]).find((name) => name !== undefined);
    if (field === undefined) throw new Problem('bad-request');
    yield {
      field,
      isFile: headers.some((header) => OF_A_FILE.test(header)),
      chunks: chunksOf(await read.until(delimiter, limits.partBytes(at))),
    };
  }
}

/** After so many pieces everything else has its turn: they take a few milliseconds. */
const PIECES_A_TURN = 256;

type BodyLimits = Pick<MultipartLimits, 'bytes' | 'quietMs' | 'totalMs' | 'tooLarge'>;

/**
 * The pieces of the body as they come. @throws Problem body-too-large, and bad-request for a stalled body.
 */
export async function* readLimited(
  body: AsyncIterable<Uint8Array>,
  { bytes: limit, quietMs, totalMs = Infinity, tooLarge = 'body-too-large' }: BodyLimits,
): AsyncGenerator<Uint8Array> {
  const beganMs = performance.now();
  const pieces = body[Symbol.asyncIterator]();
  for (let total = 0, count = 1; ; count += 1) {
    // Pieces that are here already come without a pause, however many they are.
    if (count % PIECES_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
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
  const quiet = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Problem('bad-request')), quietMs);
  });
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
    const joined = Buffer.concat([held, value]);
    giveBack(value);
    held = joined;
  }

  return {
    putBack(text: string): void {
      held = Buffer.concat([Buffer.from(text), held]);
    },
    /** The bytes before `mark`, which is skipped. `ended`: the body begins with `orEnd` instead. */
    async until(mark: Buffer, limit: number, orEnd?: string): Promise<Found> {
      while (orEnd !== undefined && held.length < orEnd.length) await more();
      if (orEnd !== undefined && held.subarray(0, orEnd.length).toString('latin1') === orEnd) return 'ended';
      const gathered = gatherBytes();
      const take = (length: number): void => {
        if (gathered.size() + length > limit) throw new Problem(tooLarge);
        const all = held;
        if (length > 0) gathered.add(new Uint8Array(all.subarray(0, length)));
        held = Buffer.from(all.subarray(length));
        giveBack(all);
      };
      for (;;) {
        const end = held.indexOf(mark);
        if (end >= 0) {
          take(end);
          held = held.subarray(mark.length);
          return gathered.chunks();
        }
        // Bytes that may begin the mark stay until more have come.
        take(Math.max(0, held.length - mark.length + 1));
        await more();
      }
    },
  };
}
