/**
 * The data dictionary (PS3.6) by tag: VR and value multiplicity of the elements that the standard names. Private
 * elements are unknown here, except private creators. Keywords, which are only for display, are loaded separately.
 */
import { TAGS_BY_KIND } from './tags.generated.ts';

interface DictionaryEntry {
  /** A VR or, if the standard leaves a choice, an abbreviation: 'xs' (US or SS), 'ox' (OB or OW), 'lt' (US or OW). */
  readonly vr: string;
  /** Value multiplicity as the standard writes it: '1', '1-n', '2-2n'… */
  readonly vm: string;
}

/** The VRs behind each abbreviation. Under implicit VR, the first one applies. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  xs: ['US', 'SS'],
  ox: ['OW', 'OB'],
  lt: ['OW', 'US', 'SS'],
  up: ['UL'],
};

const ENTRIES = unpack();

function unpack(): Map<number, DictionaryEntry> {
  const entries = new Map<number, DictionaryEntry>();
  for (const [kind, deltas] of Object.entries(TAGS_BY_KIND)) {
    const [vr = 'UN', vm = '1'] = kind.split(' ');
    const entry = { vr, vm };
    let tag = 0;
    for (const delta of deltas.split(' ')) {
      tag += Number.parseInt(delta, 36);
      entries.set(tag, entry);
    }
  }
  return entries;
}

/**
 * PS3.5 §7.6: groups 50xx and 60xx repeat; the dictionary contains the first group of each. Other repeating tags of
 * PS3.6, (0020,31xx) and (0028,04xx…), are so rare that they stay unknown.
 */
function canonicalTag(tag: number): number {
  const family = tag >>> 24;
  return family === 0x50 || family === 0x60 ? (tag & 0xff00ffff) >>> 0 : tag;
}

/** The standard's entry for this tag; null if it has none. */
export function dictionaryEntry(tag: number): DictionaryEntry | null {
  return ENTRIES.get(canonicalTag(tag)) ?? null;
}

/** The VR of an implicit VR element: the dictionary's, or 'UN' if the tag is unknown. */
export function dictionaryVR(tag: number): string {
  const entry = ENTRIES.get(canonicalTag(tag));
  if (entry) return CHOICES[entry.vr]?.[0] ?? entry.vr;
  // PS3.5 §7.2: element 0000 is the group's length, UL.
  if ((tag & 0xffff) === 0) return 'UL';
  if (isPrivateCreator(tag)) return 'LO';
  return 'UN';
}

/**
 * True if `vr` is the standard's VR for the tag, or if the standard does not know the tag. UN is always allowed (PS3.5
 * §6.2.2).
 */
export function isExpectedVR(tag: number, vr: string): boolean {
  const entry = ENTRIES.get(canonicalTag(tag));
  if (!entry || vr === 'UN' || entry.vr === vr) return true;
  return CHOICES[entry.vr]?.includes(vr) ?? false;
}

export function isPrivate(tag: number): boolean {
  return ((tag >>> 16) & 1) === 1;
}

/** PS3.5 §7.8.1: (gggg,0010-00FF) with odd gggg names the owner of a block of private elements. */
export function isPrivateCreator(tag: number): boolean {
  const element = tag & 0xffff;
  return isPrivate(tag) && element >= 0x0010 && element <= 0x00ff;
}

const NAMES = new Map<number, string>();
/** The most names in the cache: more than PS3.6 has. A hostile file may contain any number of tags. */
const NAMES_KEPT = 10_000;

/** `gggg,eeee` in lower-case hexadecimal. */
export function tagName(tag: number): string {
  const known = NAMES.get(tag);
  if (known !== undefined) return known;
  const digits = (tag >>> 0).toString(16).padStart(8, '0');
  const name = `${digits.slice(0, 4)},${digits.slice(4)}`;
  if (NAMES.size < NAMES_KEPT) NAMES.set(tag, name);
  return name;
}

/** Maps tags to keywords for everything that PS3.6 names. Loaded on first use. */
export async function loadKeywords(): Promise<ReadonlyMap<number, string>> {
  const { KEYWORDS } = await import('./keywords.generated.ts');
  const words = KEYWORDS.split(' ');
  const keywords = new Map<number, string>();
  for (let i = 0, tag = 0; i + 1 < words.length; i += 2) {
    tag += Number.parseInt(words[i]!, 36);
    keywords.set(tag, words[i + 1]!);
  }
  return keywords;
}
