/**
 * An initial password that can be read out and typed on a tablet: 16 letters in groups of four, without letters that
 * look alike. The 30 possible letters give 78 bits. `random` fills an array with random bytes.
 */
const LETTERS = 'abcdefghjkmnpqrstvwxyz23456789';
const LENGTH = 16;
/** Bytes from here on are discarded, because they would make some letters more frequent. */
const BYTES_USED = 256 - (256 % LETTERS.length);

export function makePassword(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string {
  let letters = '';
  while (letters.length < LENGTH)
    for (const byte of random(new Uint8Array(LENGTH)))
      if (byte < BYTES_USED && letters.length < LENGTH) letters += LETTERS[byte % LETTERS.length];
  return letters.replace(/(.{4})(?=.)/g, '$1-');
}
