/**
 * Reads the words of a value that are not ASCII in every encoding that devices write although they declare
 * another: a name in UTF-8 stays a name where Latin-1 is declared. Only words are read so, each once, because
 * a report of another language would otherwise be read ten times.
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
/** Read of one value: no name has more. */
const WORDS_MOST = 2_000;

const isFirstByte = (byte: number): boolean => byte >= 0x80 || (byte >= 0x41 && byte <= 0x7a);
const isForeign = (byte: number): boolean => byte >= 0x80;

/** The words with a byte above ASCII, as Latin-1 characters, with a space between them; '' where there is none. */
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

/** The bytes of the characters of Windows-1252. */
const WINDOWS_BYTES: ReadonlyMap<string, number> = new Map(
  [...new TextDecoder('windows-1252').decode(Uint8Array.from({ length: 256 }, (_, byte) => byte))].map(
    (character, byte) => [character, byte],
  ),
);

/** UTF-8 that was once taken for Windows-1252 and written as UTF-8 again: "Ã¼" is "ü". */
function rereadUtf8(text: string): string {
  const bytes = [...text].map((character) => WINDOWS_BYTES.get(character) ?? 0x20);
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** A foreign sign or number: a word with one was not written in this encoding. */
const FOREIGN_SIGN = /(?![\0-\x7f])[\p{S}\p{N}\p{C}]/u;
const withoutMisread = (text: string): string =>
  text.replace(/\S+/g, (word) => (FOREIGN_SIGN.test(word) ? '' : word));

/** Readings of the bytes: one for each encoding, and one for two encodings; none where all is ASCII. */
export function otherReadings(bytes: Uint8Array): string[] {
  if (!bytes.some(isForeign)) return [];
  const words = Uint8Array.from(foreignWords(bytes), (character) => character.charCodeAt(0));
  const [utf8 = '', ...others] = DECODERS.map((decoder) => decoder.decode(words));
  return [utf8, rereadUtf8(utf8), ...others].map(withoutMisread);
}
