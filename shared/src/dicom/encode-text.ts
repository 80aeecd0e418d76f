/**
 * Text as the bytes of a Data Set's own character set: ASCII anywhere, UTF-8, the sets of one byte a character, GBK,
 * GB18030 as far as it has two bytes a character, and the code extensions of ISO 2022 that the Data Set names.
 */
import { asciiPieces, canonicalCharacterSet, textReader, type TextPiece } from './character-sets.ts';
import { repertoireOf } from './repertoire.ts';

/** `isName`: PN. Null: the character sets do not have one of its characters. */
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

/** By the first set that has the character: PS3.3 §C.12.1.1.2, others are reached by escape sequences. */
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
