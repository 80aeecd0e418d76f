/**
 * Text in values of numbers and bytes that are kept: a name in LUT Data shows in no image and leaves with it. A value
 * that is nothing but words is no number; one that holds what the header names, or a name behind a cue, is not
 * kept either. Names alone between numbers, which nobody knows, are not told from them.
 */
import type { ByteSource, DicomElement } from '../../dicom/data-set.ts';
import { dictionaryEntry, dictionaryVR } from '../../dicom/dictionary.ts';
import { asciiText } from '../../dicom/values.ts';
import { PIECE_BYTES, type Segment, zeros } from '../segments.ts';
import { namesSomebody, type Known } from '../text/hold-known-values.ts';

const BINARY = new Set('AT FD FL OB OD OF OL OV OW SL SS SV UL UN US UV'.split(' '));
/** HP-GL is a text by definition, in which only names are looked for. */
const HPGL_DOCUMENT = 0x00686300;
const ENCAPSULATED_DOCUMENT = 0x00420011;
/** The least printable bytes in a row: a name and a number at least; numbers rarely look so. */
const RUN_BYTES = 8;
/** The most characters of a run, and of all runs of one value; what lies behind is counted, and not looked at. */
const RUNS_CHARACTERS_LIMIT = 256 * 1024;
/** The share of a value that words cover where it is text. */
const SHARE_OF_WORDS = 0.6;
/** Words as people write them; the letters of a curve run on, or change their case. */
const WORDS = /(?<![A-Za-z])(?:[A-Za-z]?[a-z]{1,23}|[A-Z]{2,24})(?![A-Za-z])/g;
const LONG_WORD = /(?<![A-Za-z])(?:[A-Za-z]?[a-z]{3,23}|[A-Z]{4,24})(?![A-Za-z])/;

/** Words and their signs, without those of curves. */
const PHRASES = /[A-Za-z][A-Za-z ,.:'-]{6,200}/g;

/** With a space or a line's end between two words at least: a curve has letters, and rarely spaces. */
function areSpaced(text: string): boolean {
  const words = text.match(WORDS)?.length ?? 0;
  return (text.match(/\s/g)?.length ?? 0) >= words / 2;
}

const isPrintable = (byte: number): boolean =>
  (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/** The printable runs of a value, in one byte a letter or two. */
class Runs {
  text = '';
  #run: number[] = [];
  #runLength = 0;
  /** In all runs. */
  #printable = 0;
  #at = 0;
  #last = 0;

  take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#at += 1;
      // The NULs between the letters of UTF-16 go.
      if (byte === 0 && this.#last !== 0) this.#last = 0;
      else if (isPrintable(byte)) {
        if (this.#runLength < RUNS_CHARACTERS_LIMIT) this.#run.push(byte);
        this.#runLength += 1;
        this.#last = byte;
      } else this.end();
    }
  }

  end(): void {
    if (this.#runLength >= RUN_BYTES) this.#printable += this.#runLength + 1;
    if (this.#runLength >= RUN_BYTES && this.text.length < RUNS_CHARACTERS_LIMIT)
      this.text += `${asciiText(Uint8Array.from(this.#run))}\n`;
    this.#run = [];
    this.#runLength = 0;
    this.#last = 0;
  }

  /** Whether the runs are all that the value holds, and words with spaces between them. */
  get areWords(): boolean {
    const words = this.text.match(WORDS) ?? [];
    const letters = words.reduce((sum, { length }) => sum + length, 0);
    return (
      this.#printable >= this.#at / 2 &&
      LONG_WORD.test(this.text) &&
      letters >= SHARE_OF_WORDS * this.text.length &&
      areSpaced(this.text)
    );
  }
}

/** Whether so many printable bytes stand in a row, with a NUL between two at most. */
function hasRun(bytes: Uint8Array): boolean {
  let run = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (isPrintable(bytes[at]!)) run += 1;
    else if (bytes[at] !== 0 || at === 0 || bytes[at - 1] === 0) run = 0;
    if (run >= RUN_BYTES) return true;
  }
  return false;
}

/**
 * Nearly all numbers hold none. Private values were compared with what they should be, and a document is kept as a
 * whole where a policy says so.
 */
export const mayHoldText = ({ tag, vr, bytes, valueLength, fragments, items }: DicomElement): boolean =>
  valueLength >= RUN_BYTES &&
  BINARY.has(vr) &&
  (bytes === null ? fragments === null && items === null : hasRun(bytes)) &&
  tag !== ENCAPSULATED_DOCUMENT &&
  dictionaryEntry(tag) !== null &&
  BINARY.has(dictionaryVR(tag));

/** Zeros of the same length, or null: it holds no text that names anybody. Rejects where reading the source does. */
export async function clearedTexts(
  { tag, bytes, valueOffset, valueLength }: DicomElement,
  known: Known,
  source: ByteSource,
): Promise<Segment[] | null> {
  const runs = new Runs();
  if (bytes !== null) runs.take(bytes);
  else
    for (let at = 0; at < valueLength; at += PIECE_BYTES) {
      const piece = await source.read(valueOffset + at, Math.min(PIECE_BYTES, valueLength - at));
      runs.take(piece);
      source.giveBack?.(piece);
    }
  runs.end();
  if (runs.text === '') return null;
  const isText = tag !== HPGL_DOCUMENT && runs.areWords;
  const phrases = (runs.text.match(PHRASES) ?? []).filter(areSpaced);
  return isText || namesSomebody(known, runs.text, phrases.join('\n')) ? zeros(valueLength) : null;
}
