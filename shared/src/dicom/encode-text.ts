/**
 * Text as the bytes of a Data Set's own character set: ASCII anywhere, UTF-8, and the sets of one byte a character.
 * Sets of several bytes are read, not written.
 */
import { canonicalCharacterSet, textReader } from './character-sets.ts';

/** `isName`: PN. Null: the character set does not have one of its characters. */
export function encodeText(characterSets: readonly string[], text: string): Uint8Array | null {
  if (isPlainAscii(text)) return new TextEncoder().encode(text);
  const [first = ''] = characterSets;
  const set = canonicalCharacterSet(first);
  if (set === 'utf-8') return new TextEncoder().encode(text);
  if (set === null || set === 'gbk' || set === 'gb18030') return null;
  const byText = upperHalf(first);
  const bytes: number[] = [];
  for (const character of text) {
    const byte = isPlainAscii(character) ? character.charCodeAt(0) : byText.get(character);
    if (byte === undefined) return null;
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

export function isPlainAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7e || unit < 0x20) return false;
  }
  return true;
}

/** The characters that this set has beyond ASCII, each with its byte. */
function upperHalf(set: string): ReadonlyMap<string, number> {
  const reader = textReader([set]);
  const found = new Map<string, number>();
  for (let byte = 0x80; byte <= 0xff; byte++) {
    const { text, damaged } = reader.decode(Uint8Array.of(byte));
    if (!damaged && text.length === 1) found.set(text, byte);
  }
  return found;
}
