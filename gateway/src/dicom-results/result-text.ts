/**
 * The gateway's own text for a Data Set in the source's character set. It is ASCII, which every character set
 * includes.
 */
const ASCII_FOR: Readonly<Record<string, string>> = {
  '–': '-',
  '—': '-',
  '−': '-',
  '‑': '-',
  '×': 'x',
  '÷': '/',
  '≥': '>=',
  '≤': '<=',
  '≈': '~',
  '…': '...',
  '·': '-',
  '•': '-',
  '“': '"',
  '”': '"',
  '„': '"',
  '‘': "'",
  '’': "'",
  '±': '+/-',
  '°': ' degrees',
  '\u00a0': ' ',
  '\u202f': ' ',
  '→': '->',
};

/** Replaces punctuation and mathematical signs by their ASCII equivalents; letters stay. */
export function plainSigns(text: string): string {
  return text.replaceAll(/[^\x00-\x7f]/g, (sign) => ASCII_FOR[sign] ?? sign);
}

export function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}

/** Removes the accents from letters, and replaces everything else outside ASCII with `?`. */
export function toAscii(text: string): string {
  return plainSigns(text)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^\x20-\x7e\n]/g, '?');
}

/**
 * Writes a single value of a text VR in ASCII. A backslash is replaced, because it would separate two values (PS3.5
 * §6.2).
 */
export function oneValue(text: string, limit = 64): string {
  return toAscii(text).replaceAll('\\', '/').replaceAll('\n', ' ').trim().slice(0, limit);
}
