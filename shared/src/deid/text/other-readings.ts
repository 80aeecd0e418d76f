/**
 * Decodes the non-ASCII words of a value in all encodings that devices use without declaring them: a name in UTF-8
 * must be recognised where Latin-1 is declared. Each such word is decoded only once, because otherwise a report in
 * another language would be decoded ten times over.
 */

/** Labels of the WHATWG Encoding Standard. */
const ENCODINGS = [
  'utf-8',
  'windows-1252',
  'iso-8859-2',
  'windows-1250',
  'iso-8859-5',
  'windows-1251',
  'koi8-r',
  'iso-8859-7',
  'windows-1254',
  'gb18030',
  'shift_jis',
  'euc-jp',
  'euc-kr',
  'big5',
];
const DECODERS: readonly TextDecoder[] = ENCODINGS.map((label) => new TextDecoder(label));
/** The most words that are decoded of one value; no name has more. */
const WORDS_MOST = 2_000;

const isFirstByte = (byte: number): boolean => byte >= 0x80 || (byte >= 0x41 && byte <= 0x7a);
const isForeign = (byte: number): boolean => byte >= 0x80;

/** The words with a non-ASCII byte, as Latin-1 characters separated by spaces; '' if there are none. */
function foreignWords(bytes: Uint8Array): string {
  const words = new Set<string>();
  let word = '';
  let hasForeign = false;
  for (let at = 0; at <= bytes.length && words.size < WORDS_MOST; at += 1) {
    const byte = bytes[at] ?? 0;
    if (isFirstByte(byte)) {
      word += String.fromCharCode(byte);
      hasForeign ||= isForeign(byte);
      continue;
    }
    if (hasForeign) words.add(word);
    word = '';
    hasForeign = false;
  }
  return [...words].join(' ');
}

/** Maps the characters of Windows-1252 to their bytes. */
const WINDOWS_BYTES: ReadonlyMap<string, number> = new Map(
  [...new TextDecoder('windows-1252').decode(Uint8Array.from({ length: 256 }, (_, byte) => byte))].map(
    (character, byte) => [character, byte],
  ),
);

/** Repairs UTF-8 that was misread as Windows-1252 and encoded as UTF-8 again: "Ã¼" is "ü". */
function rereadUtf8(text: string): string {
  const bytes = [...text].map((character) => WINDOWS_BYTES.get(character) ?? 0x20);
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** A non-ASCII symbol or number. A word that contains one was decoded with the wrong encoding. */
const FOREIGN_SIGN = /(?![\0-\x7f])[\p{S}\p{N}\p{C}]/u;
const withoutMisread = (text: string): string =>
  text.replace(/\S+/g, (word) => (FOREIGN_SIGN.test(word) ? '' : word));

/** Decodings of the bytes: one for each encoding, and one for doubly encoded UTF-8. Empty if all bytes are ASCII. */
export function otherReadings(bytes: Uint8Array): string[] {
  if (!bytes.some(isForeign)) return [];
  const words = Uint8Array.from(foreignWords(bytes), (character) => character.charCodeAt(0));
  const [utf8 = '', ...others] = DECODERS.map((decoder) => decoder.decode(words));
  return [utf8, rereadUtf8(utf8), ...others].map(withoutMisread);
}
