/**
 * Reads a multipart request body (RFC 2046 §5.1, RFC 7578) as it streams in: one part after the other, each in memory
 * only while it is used. Nothing is written to a disk, and file names are not read, because they may contain a
 * patient's name.
 */
import { boundaryOf } from '#shared/boundary-of.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { giveBack } from '#shared/give-back.ts';
import { gatherBytes } from '../threads/gather-bytes.ts';
import { PartsError, splitParts } from '../threads/split-parts.ts';

/** Limits in bytes; a browser's part head takes about 200. */
const BOUNDS = { head: 8 * 1024, before: 8 * 1024 };
/** RFC 7578 §4.2: the name of the field. */
const FIELD_NAME = /^content-disposition:\s*form-data\s*;(?:[^\r\n]*;)?\s*name="([^"\r\n]*)"/i;
/** RFC 7578 §4.2: a part with a file name is a file; the name is not read. */
const OF_A_FILE = /^content-disposition:[^\r\n]*;\s*filename\*?=/i;
/** RFC 5322 §2.2.3: separates headers; a line that begins with a space continues the header before it. */
const BETWEEN_HEADERS = /\r?\n(?![ \t])/;

export type MultipartLimits = {
  readonly parts: number;
  /** The limit of the whole body, with headers and delimiters. */
  readonly bytes: number;
  /** The limit of the part at this index, counted from 0. */
  readonly partBytes: (at: number) => number;
  /** The longest silence. */
  readonly quietMs: number;
  /** The longest time for the whole body; unlimited by default. */
  readonly totalMs?: number;
  /** The problem when a part, or the whole body, has too many bytes; `body-too-large` by default. */
  readonly tooLarge?: AnyProblemCode;
};

type Part = {
  /** The name of the form field. */
  readonly field: string;
  readonly isFile: boolean;
  /** In separate pieces of memory: joining them would double the memory. */
  readonly chunks: readonly Uint8Array[];
};

/**
 * Yields each part once it is complete. @throws Problem unsupported-media-type, body-too-large, and bad-request for a
 * body that is malformed, cut off or stalled.
 */
export async function* readMultipart(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
  limits: MultipartLimits,
): AsyncGenerator<Part> {
  const boundary = boundaryOf(contentType, 'form-data');
  if (boundary === null) throw new Problem('unsupported-media-type');
  const { tooLarge = 'body-too-large' } = limits;
  let parts = 0;
  let open = { field: '', isFile: false, gathered: gatherBytes() };
  try {
    for await (const event of splitParts(boundary, givenBack(readLimited(body, limits)), BOUNDS)) {
      if (event === 'end') {
        const { gathered, ...part } = open;
        yield { ...part, chunks: gathered.chunks() };
        parts += 1;
      } else if (event instanceof Uint8Array) {
        if (open.gathered.size() + event.length > limits.partBytes(parts)) throw new Problem(tooLarge);
        open.gathered.add(new Uint8Array(event));
      } else {
        if (parts >= limits.parts) throw new Problem('body-too-large');
        open = { ...fieldIn(event.head), gathered: gatherBytes() };
      }
    }
  } catch (error) {
    throw error instanceof PartsError ? new Problem(error.isTooLarge ? tooLarge : 'bad-request') : error;
  }
}

function fieldIn(head: Buffer): Pick<Part, 'field' | 'isFile'> {
  const headers = head.toString().split(BETWEEN_HEADERS);
  const field = headers.map((header) => FIELD_NAME.exec(header)?.[1]).find((name) => name !== undefined);
  if (field === undefined) throw new Problem('bad-request');
  return { field, isFile: headers.some((header) => OF_A_FILE.test(header)) };
}

/** Frees the memory of each piece once the next one is asked for. */
async function* givenBack(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield piece;
    giveBack(piece);
  }
}

/** After this many pieces, which take a few milliseconds, other work gets its turn. */
const PIECES_A_TURN = 256;

type BodyLimits = Pick<MultipartLimits, 'bytes' | 'quietMs' | 'totalMs' | 'tooLarge'>;

/**
 * Passes the pieces of the body on as they come. @throws Problem body-too-large, and bad-request for a stalled body.
 */
export async function* readLimited(
  body: AsyncIterable<Uint8Array>,
  { bytes: limit, quietMs, totalMs = Infinity, tooLarge = 'body-too-large' }: BodyLimits,
): AsyncGenerator<Uint8Array> {
  const beganMs = performance.now();
  const pieces = body[Symbol.asyncIterator]();
  for (let total = 0, count = 1; ; count += 1) {
    // Pieces that are already here would otherwise come without a pause, however many they are.
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
