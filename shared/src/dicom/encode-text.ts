/**
 * Encodes text in a Data Set's own character set: ASCII, UTF-8, single-byte sets, GBK, the two-byte characters of
 * GB18030, and the ISO 2022 code extensions that the Data Set names.
 */
import { asciiPieces, canonicalCharacterSet, textReader, type TextPiece } from './character-sets.ts';
import { repertoireOf } from './repertoire.ts';

/** `isName`: the text is a PN. Null: the character sets lack one of its characters. */
export function encodeText(
  characterSets: readonly string[],
  text: string,
  isName = false,
): Uint8Array | null {
  if (isPlainAscii(text)) return new TextEncoder().encode(text);
  const sets = characterSets.map(canonicalCharacterSet);
  if (sets[0] === 'utf-8') return new TextEncoder().encode(text);
  const pieces = [...text].map((character) => pieceOf(sets, character));
  if (!pieces.every((piece) => piece !== null)) return null;
  return textReader(characterSets).join(pieces, isName);
}

/**
 * Uses the first set that contains the character. PS3.3 §C.12.1.1.2: escape sequences switch to sets other than the
 * first.
 */
function pieceOf(sets: readonly (string | null)[], character: string): TextPiece | null {
  if (isPlainAscii(character)) return asciiPieces(character)[0]!;
  for (const set of sets) {
    const piece = set === null || set === 'utf-8' ? undefined : repertoireOf(set).get(character);
    if (piece !== undefined) return piece;
  }
  return null;
}

export function isPlainAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7e || unit < 0x20) return false;
  }
  return true;
}
