/**
 * Clears text in kept values of numbers and bytes: a name in LUT Data appears in no image and yet leaves with it. A
 * value that consists only of words is no number, so it is cleared. So is a value that holds a value from the header
 * or a name behind a cue. An unknown name alone between numbers cannot be recognised.
 */
import type { ByteSource, DicomElement } from '../../dicom/data-set.ts';
import { dictionaryEntry, dictionaryVR } from '../../dicom/dictionary.ts';
import { asciiText } from '../../dicom/values.ts';
import { PIECE_BYTES, type Segment, zeros } from '../segments.ts';
import { namesSomebody, type Known } from '../text/hold-known-values.ts';

const BINARY = new Set('AT FD FL OB OD OF OL OV OW SL SS SV UL UN US UV'.split(' '));
/** HP-GL is text by definition, so it is only searched for names. */
const HPGL_DOCUMENT = 0x00686300;
const ENCAPSULATED_DOCUMENT = 0x00420011;
/**
 * The fewest printable bytes in a row that count as text: enough for a name and a number. Numbers rarely look like
 * that.
 */
const RUN_BYTES = 8;
/** The most characters of a run, and of all runs of one value. Anything beyond is counted but not searched. */
const RUNS_CHARACTERS_LIMIT = 256 * 1024;
/** The share of a value's characters that must be words for the value to count as text. */
const SHARE_OF_WORDS = 0.6;
/** Words as people write them. Chance letters in a curve form longer runs or change their case. */
const WORDS = /(?<![A-Za-z])(?:[A-Za-z]?[a-z]{1,23}|[A-Z]{2,24})(?![A-Za-z])/g;
const LONG_WORD = /(?<![A-Za-z])(?:[A-Za-z]?[a-z]{3,23}|[A-Z]{4,24})(?![A-Za-z])/;

/** Words and their punctuation, without chance letters from curves. */
const PHRASES = /[A-Za-z][A-Za-z ,.:'-]{6,200}/g;

/**
 * Whether at least every second word is followed by a space or line break. Curves contain letters but rarely spaces.
 */
function areSpaced(text: string): boolean {
  const words = text.match(WORDS)?.length ?? 0;
  return (text.match(/\s/g)?.length ?? 0) >= words / 2;
}

const isPrintable = (byte: number): boolean =>
  (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/** Collects the printable runs of a value, in encodings of one or two bytes per letter. */
class Runs {
  text = '';
  #run: number[] = [];
  #runLength = 0;
  /** Printable bytes in all runs. */
  #printable = 0;
  #at = 0;
  #last = 0;

  take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#at += 1;
      // Skips the NULs between the letters of UTF-16.
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

  /** Whether the runs are most of the value and consist of words with spaces between them. */
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

/** Whether `RUN_BYTES` printable bytes occur in a row, with at most one NUL between two. */
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
 * Whether the value may hold text; nearly all numbers hold none. Private values were already compared with their
 * expected content, and a document is kept whole where a policy says so.
 */
export const mayHoldText = ({ tag, vr, bytes, valueLength, fragments, items }: DicomElement): boolean =>
  valueLength >= RUN_BYTES &&
  BINARY.has(vr) &&
  (bytes === null ? fragments === null && items === null : hasRun(bytes)) &&
  tag !== ENCAPSULATED_DOCUMENT &&
  dictionaryEntry(tag) !== null &&
  BINARY.has(dictionaryVR(tag));

/**
 * Zeros of the same length, or null if the value holds no text that names anybody. Rejects if reading the source does.
 */
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
