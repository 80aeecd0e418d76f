/**
 * The forms in which an identity can stand in bytes: the encodings of text, and their usual disguises
 * (base64, hex, percent-encoding, JSON), in capitals, in small letters and backwards. The search unpacks
 * compressed data (find-identities.ts).
 */

export type IdentityForm = { readonly form: string; readonly bytes: Buffer };

/** The base64 forms of bytes at each alignment, without the characters that also hold neighbouring bits. */
function base64Of(bytes: Buffer): Buffer[] {
  return [0, 1, 2].flatMap((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes]);
    const first = Math.ceil((shift * 8) / 6);
    const last = Math.floor((whole.length * 8) / 6);
    return (['base64', 'base64url'] as const).map((variant) =>
      Buffer.from(whole.toString(variant).slice(first, last)),
    );
  });
}

function percentOf(bytes: Buffer): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

/** JSON may write what is beyond ASCII as escapes (RFC 8259 §7). */
function jsonOf(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function* formsOf(text: string): Generator<IdentityForm> {
  const utf8 = Buffer.from(text);
  const utf16 = Buffer.from(text, 'utf16le');
  yield { form: 'utf8', bytes: utf8 };
  yield { form: 'utf16le', bytes: utf16 };
  yield { form: 'utf16be', bytes: Buffer.from(utf16).swap16() };
  if (/^[\0-\xff]*$/.test(text)) yield { form: 'latin1', bytes: Buffer.from(text, 'latin1') };
  for (const bytes of base64Of(utf8)) yield { form: 'base64', bytes };
  yield { form: 'capitals', bytes: Buffer.from(text.toUpperCase()) };
  yield { form: 'small letters', bytes: Buffer.from(text.toLowerCase()) };
  yield { form: 'reversed', bytes: Buffer.from([...text].reverse().join('')) };
  yield { form: 'hex', bytes: Buffer.from(utf8.toString('hex')) };
  yield { form: 'hex', bytes: Buffer.from(utf8.toString('hex').toUpperCase()) };
  yield { form: 'percent', bytes: Buffer.from(percentOf(utf8)) };
  yield { form: 'percent', bytes: Buffer.from(percentOf(utf8).toUpperCase()) };
  yield { form: 'percent', bytes: Buffer.from(encodeURIComponent(text)) };
  yield { form: 'json', bytes: Buffer.from(jsonOf(text)) };
}

/** Every form once: where two are the same bytes, under the name of the first. */
export function identityForms(text: string): readonly IdentityForm[] {
  return [
    ...new Map([...formsOf(text)].reverse().map((form) => [form.bytes.toString('latin1'), form])).values(),
  ].reverse();
}
