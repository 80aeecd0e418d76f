/** base64url (RFC 4648 §5) without padding, the form of keys, points and tokens in JSON and URLs. */
import { trimEnd } from '../trim-end.ts';

export function toBase64Url(bytes: Uint8Array): string {
  return trimEnd(btoa(String.fromCharCode(...bytes)), '=')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}

/** Throws DOMException for characters outside the alphabet. */
export function parseBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
    character.charCodeAt(0),
  );
}
