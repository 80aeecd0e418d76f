/** Text of our own in the Data Set of another's character set: ASCII is in all of them. */
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

/** With signs of punctuation and mathematics as ASCII writes them; letters stay. */
export function plainSigns(text: string): string {
  return text.replaceAll(/[^\x00-\x7f]/g, (sign) => ASCII_FOR[sign] ?? sign);
}

export function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}

/** Letters without their accents, and `?` for anything else beyond ASCII. */
export function toAscii(text: string): string {
  return plainSigns(text)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^\x20-\x7e\n]/g, '?');
}

/** Writes a single value of a text VR in ASCII: a backslash would make it two (PS3.5 §6.2). */
export function oneValue(text: string, limit = 64): string {
  return toAscii(text).replaceAll('\\', '/').replaceAll('\n', ' ').trim().slice(0, limit);
}
