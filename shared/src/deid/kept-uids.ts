/** Decides which UIDs stay as they are. */
import { REGISTERED_UIDS } from './uids.generated.ts';

/** The root of the standard's own UIDs (PS3.6 Annex A). */
const ROOT = '1.2.840.10008.';
const REGISTERED: ReadonlySet<string> = new Set(REGISTERED_UIDS.trim().split(/\s+/));

/**
 * True for values that are not replaced: empty values in a list, and UIDs that PS3.6 Annex A registers. The standard's
 * root alone proves nothing, because devices and people have made instance UIDs below it.
 */
export function isKeptUid(value: string): boolean {
  const uid = value.trim();
  return uid === '' || (uid.startsWith(ROOT) && REGISTERED.has(uid.slice(ROOT.length)));
}

/**
 * The most digits that a component of a class UID may have, below the standard's root and elsewhere. Organisations use
 * up to seven.
 */
const DIGITS_OF_A_CLASS = { standard: 4, others: 7 };

/**
 * Whether a UID can be that of a class, a syntax or a vocabulary: one that PS3.6 registers (or will), or one that an
 * organisation assigned. Such UIDs have short components; a long component is a counter, a date or an identifier.
 */
export function mayNameClass(value: string): boolean {
  const uid = value.trim();
  if (isKeptUid(uid)) return true;
  const isOfStandard = uid.startsWith(ROOT);
  const most = isOfStandard ? DIGITS_OF_A_CLASS.standard : DIGITS_OF_A_CLASS.others;
  return (isOfStandard ? uid.slice(ROOT.length) : uid).split('.').every(({ length }) => length <= most);
}
