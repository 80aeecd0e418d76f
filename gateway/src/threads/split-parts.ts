/**
 * Splits a multipart body (RFC 2046 §5.1.1) into its parts as it streams in: forms, store requests, and the answers of
 * a PACS. Text before the first delimiter and after the last one is ignored. At most the head of one part is held, or
 * less content than one delimiter is long.
 */

/** The most bytes of a part's head, and before the first boundary with its line break (by default unlimited). */
type PartBounds = { readonly head: number; readonly before?: number };

/** A part starts with its head and the head's offset in the body, then come pieces of its content, then its end. */
export type PartEvent = { readonly head: Buffer; readonly at: number } | Uint8Array | 'end';

/** The body does not match its Content-Type, or exceeds a limit. */
export class PartsError extends Error {
  readonly isTooLarge: boolean;

  constructor(message: string, isTooLarge = false) {
    super(message);
    this.isTooLarge = isTooLarge;
  }
}

const CRLF = '\r\n';
/** RFC 2046 allows white space between a boundary and the end of its line. */
const PADDING_LIMIT = 256;

export class PartSplitter {
  readonly #delimiter: Buffer;
  readonly #bounds: PartBounds;
  /**
   * Bytes that came and were not searched to their end. A line break is put before the body, so that its first
   * delimiter looks like all others.
   */
  #held: Buffer = Buffer.from(CRLF);
  /** The offset of the held bytes in the body. */
  #at = -CRLF.length;
  #place: 'before' | 'content' | 'boundary' | 'head' | 'over' = 'before';

  /** `boundary`: 1 to 70 characters. */
  constructor(boundary: string, bounds: PartBounds) {
    this.#delimiter = Buffer.from(`${CRLF}--${boundary}`);
    this.#bounds = bounds;
  }

  /** True once the last delimiter has come. */
  get isOver(): boolean {
    return this.#place === 'over';
  }

  /**
   * Call it with each piece. Once all events are read, the piece belongs to its giver again: content is a view of it,
   * or of held bytes. Throws PartsError.
   */
  *add(piece: Uint8Array): Generator<PartEvent> {
    if (this.isOver) return;
    const came = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    // Content in which no delimiter begins is passed on without copying.
    if (this.#isContent() && !this.#isAcross(came)) yield* this.#pass(this.#held.length);
    this.#held = this.#held.length === 0 ? came : Buffer.concat([this.#held, came]);
    while (yield* this.#step());
    this.#held = Buffer.from(this.#held);
  }

  /** Call it when the whole body has come. Throws PartsError. */
  end(): void {
    if (!this.isOver) throw new PartsError('the body ends before its last boundary');
  }

  #isContent(): boolean {
    return this.#place === 'before' || this.#place === 'content';
  }

  /** Returns whether there may be another step in the held bytes. */
  *#step(): Generator<PartEvent, boolean> {
    if (this.#place === 'boundary') return this.#endBoundary();
    if (this.#place === 'head') return yield* this.#readHead();
    return this.#place !== 'over' && (yield* this.#findDelimiter());
  }

  /** Whether a delimiter begins in the held bytes (which are shorter than one) and ends in `came`. */
  #isAcross(came: Buffer): boolean {
    // The piece is shorter than a delimiter.
    if (came.length < this.#delimiter.length) return true;
    const border = Buffer.concat([this.#held, came.subarray(0, this.#delimiter.length - 1)]);
    return border.includes(this.#delimiter);
  }

  #take(bytes: number): Buffer {
    const taken = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
    this.#at += bytes;
    return taken;
  }

  *#pass(bytes: number): Generator<Uint8Array> {
    const passed = this.#take(bytes);
    if (this.#place === 'content' && bytes > 0) yield passed;
    if (this.#place === 'before' && this.#at + CRLF.length > (this.#bounds.before ?? Infinity))
      throw new PartsError('too much before the first boundary', true);
  }

  *#findDelimiter(): Generator<PartEvent, boolean> {
    const found = this.#held.indexOf(this.#delimiter);
    // The held bytes may end with the beginning of a delimiter.
    yield* this.#pass(found < 0 ? Math.max(0, this.#held.length - this.#delimiter.length + 1) : found);
    if (found < 0) return false;
    if (this.#place === 'content') yield 'end';
    this.#take(this.#delimiter.length);
    this.#place = 'boundary';
    return true;
  }

  #endBoundary(): boolean {
    const line = this.#held.subarray(0, PADDING_LIMIT).toString('latin1');
    if (line.startsWith('--')) {
      this.#place = 'over';
      this.#take(this.#held.length);
      return false;
    }
    const end = line.indexOf(CRLF);
    if (end < 0 && line.length < PADDING_LIMIT) return false;
    if (end < 0 || line.slice(0, end).trim() !== '') throw new PartsError('no line end after a boundary');
    this.#take(end + CRLF.length);
    this.#place = 'head';
    return true;
  }

  *#readHead(): Generator<PartEvent, boolean> {
    const { head: limit } = this.#bounds;
    const begun = this.#held.subarray(0, limit);
    if (begun.length < CRLF.length) return false;
    const hasNone = begun.indexOf(CRLF) === 0;
    const length = hasNone ? 0 : begun.indexOf(CRLF + CRLF);
    if (length < 0 && begun.length < limit) return false;
    if (length < 0) throw new PartsError('the head of a part has no end', true);
    const head = this.#take(length);
    this.#take(CRLF.length * (hasNone ? 1 : 2));
    this.#place = 'content';
    yield { head, at: this.#at };
    return true;
  }
}

/** Splits a whole body, which is not read beyond its last delimiter. Throws PartsError. */
export async function* splitParts(
  boundary: string,
  body: AsyncIterable<Uint8Array>,
  bounds: PartBounds,
): AsyncGenerator<PartEvent> {
  const splitter = new PartSplitter(boundary, bounds);
  for await (const piece of body) {
    yield* splitter.add(piece);
    if (splitter.isOver) return;
  }
  splitter.end();
}

/** The Content-Type in the head of a part; null: there is none. */
export const contentTypeIn = (head: Buffer): string | null =>
  /^content-type:[ \t]*([^\r\n]*)/im.exec(head.toString('latin1'))?.[1]?.trim() ?? null;
