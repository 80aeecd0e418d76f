/**
 * Splits a multipart body (RFC 2046 §5.1.1) into its parts as it streams in: forms, store requests, and the answers of
 * a PACS. Text before the first delimiter and after the last one is ignored. No more is held than the head of one part,
 * or less than one delimiter of its content.
 */

/** The most bytes of a part's head, and before the first boundary, with its line break (unlimited by default). */
type PartBounds = { readonly head: number; readonly before?: number };

/** A part begins with its head, at this place of the body; then come pieces of its content; then it ends. */
export type PartEvent = { readonly head: Buffer; readonly at: number } | Uint8Array | 'end';

/** The body is not what its Content-Type says, or it is beyond a bound. */
export class PartsError extends Error {
  readonly isTooLarge: boolean;

  constructor(message: string, isTooLarge = false) {
    super(message);
    this.isTooLarge = isTooLarge;
  }
}

const CRLF = '\r\n';
/** Between a boundary and its line end RFC 2046 allows white space. */
const PADDING_LIMIT = 256;

export class PartSplitter {
  readonly #delimiter: Buffer;
  readonly #bounds: PartBounds;
  /** Bytes that came and were not looked through to their end. The line break before the body makes its first
   * delimiter like all others. */
  #held: Buffer = Buffer.from(CRLF);
  /** Where they begin in the body. */
  #at = -CRLF.length;
  #place: 'before' | 'content' | 'boundary' | 'head' | 'over' = 'before';

  /** `boundary`: 1 to 70 characters. */
  constructor(boundary: string, bounds: PartBounds) {
    this.#delimiter = Buffer.from(`${CRLF}--${boundary}`);
    this.#bounds = bounds;
  }

  /** The last delimiter has come. */
  get isOver(): boolean {
    return this.#place === 'over';
  }

  /**
   * Once all events are read, the piece is its giver's again: content is a view of it, or of what is held. Throws
   * PartsError.
   */
  *add(piece: Uint8Array): Generator<PartEvent> {
    if (this.isOver) return;
    const came = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    // Content that begins no delimiter is passed on where it is.
    if (this.#isContent() && !this.#isAcross(came)) yield* this.#pass(this.#held.length);
    this.#held = this.#held.length === 0 ? came : Buffer.concat([this.#held, came]);
    while (yield* this.#step());
    this.#held = Buffer.from(this.#held);
  }

  /** The whole body has come. Throws PartsError. */
  end(): void {
    if (!this.isOver) throw new PartsError('the body ends before its last boundary');
  }

  #isContent(): boolean {
    return this.#place === 'before' || this.#place === 'content';
  }

  /** Returns whether there may be another one in what is held. */
  *#step(): Generator<PartEvent, boolean> {
    if (this.#place === 'boundary') return this.#endBoundary();
    if (this.#place === 'head') return yield* this.#readHead();
    return this.#place !== 'over' && (yield* this.#findDelimiter());
  }

  /** Whether a delimiter begins in what is held, of which there is less than one, and ends in what came. */
  #isAcross(came: Buffer): boolean {
    // The body comes in pieces shorter than a delimiter.
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
    // The delimiter's beginning may be the end of what is held.
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

/** Splits a whole body, which is read no further than its last delimiter. Throws PartsError. */
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

/** The Content-Type in the head of a part; null: it has none. */
export const contentTypeIn = (head: Buffer): string | null =>
  /^content-type:[ \t]*([^\r\n]*)/im.exec(head.toString('latin1'))?.[1]?.trim() ?? null;
