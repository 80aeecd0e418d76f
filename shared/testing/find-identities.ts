/**
 * The search for planted identities: in every form of `identity-forms.ts`, and in folders also inside Snappy,
 * zlib, gzip, the entries of a ZIP and LevelDB's files. A test that finds nothing is worth as much as its
 * positive control finds with the same search.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { brotliDecompressSync, constants, inflateRawSync, inflateSync } from 'node:zlib';
import { identityForms } from './identity-forms.ts';
import { logContents, tableContents, unpackSnappy } from './level-tables.ts';

export type Found = {
  /** Relative to the folder that was searched. */
  readonly file: string;
  readonly identity: string;
  /** The form in which it was found, for example `utf16le in snappy`. */
  readonly form: string;
};

/** An identity in bytes that were not unpacked. */
export type Place = {
  readonly identity: string;
  readonly form: string;
  readonly at: number;
  readonly length: number;
};

type Pattern = { readonly identity: string; readonly form: string; readonly bytes: Buffer };
type Occurrence = { readonly pattern: Pattern; readonly at: number };

/** Shorter ones occur by chance, above all within base64. */
const LEAST_LENGTH = 7;
/** Packed bytes may hold packed bytes (a deflated answer in a Snappy block), but not without end. */
const DEPTH_LIMIT = 3;
const UNPACKED_LIMIT = 512 * 1024 * 1024;

function patternsOf(identity: string): Pattern[] {
  if (identity.length < LEAST_LENGTH)
    throw new RangeError('an identity to search for has at least seven characters');
  return identityForms(identity).map((form) => ({ identity, ...form }));
}

export type IdentitySearch = {
  inBytes(bytes: Buffer): readonly Omit<Found, 'file'>[];
  /**
   * Searches every file under the folder, except below the names in `apart`. Files that vanish in the meantime
   * are skipped.
   */
  inFolder(folder: string, apart?: readonly string[]): Promise<readonly Found[]>;
  /** Every place in the bytes as they are, without unpacking. */
  placesIn(bytes: Uint8Array): readonly Place[];
};

type Match = Omit<Found, 'file'>;

export function createIdentitySearch(identities: readonly string[]): IdentitySearch {
  const patterns = createPatternIndex(identities.flatMap(patternsOf));
  return {
    inBytes: (bytes) => matchesIn(patterns, bytes),
    placesIn: (bytes) =>
      [...patterns(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))].map(({ pattern, at }) => ({
        identity: pattern.identity,
        form: pattern.form,
        at,
        length: pattern.bytes.length,
      })),
    async inFolder(folder, apart = []) {
      const found: Found[] = [];
      for (const path of await filesOf(folder, new Set(apart))) {
        const bytes = await readFile(path).catch(() => null);
        if (bytes === null) continue;
        const file = relative(folder, path);
        for (const view of [bytes, ...levelViews(path, bytes)])
          for (const each of matchesIn(patterns, view)) found.push({ file, ...each });
      }
      return unique(found);
    },
  };
}

type PatternIndex = (bytes: Buffer) => Generator<Occurrence>;

/**
 * Finds a thousand patterns in one pass over hundreds of megabytes: a table says which of them may begin with
 * the hash of the next four bytes.
 */
function createPatternIndex(patterns: readonly Pattern[]): PatternIndex {
  const hashOf = (word: number): number => Math.imul(word, 0x9e3779b1) >>> 16;
  const starts = new Uint8Array(1 << 16);
  const byHash = new Map<number, Pattern[]>();
  for (const pattern of patterns) {
    const hash = hashOf(pattern.bytes.readInt32LE(0));
    starts[hash] = 1;
    byHash.set(hash, [...(byHash.get(hash) ?? []), pattern]);
  }
  return function* (bytes) {
    let word = 0;
    for (let end = 0; end < bytes.length; end += 1) {
      word = (word >>> 8) | (bytes[end]! << 24);
      const at = end - 3;
      if (starts[hashOf(word)] === 0 || at < 0) continue;
      for (const pattern of byHash.get(hashOf(word))!) {
        const { bytes: wanted } = pattern;
        const to = at + wanted.length;
        if (to <= bytes.length && wanted.compare(bytes, at, to) === 0) yield { pattern, at };
      }
    }
  };
}

/** In the bytes and in everything that can be unpacked from them, each form of an identity once. */
function matchesIn(patterns: PatternIndex, bytes: Buffer): readonly Match[] {
  const found = new Map<string, Match>();
  const look = (content: Buffer, within: string, depth: number): void => {
    for (const { pattern } of patterns(content)) {
      const { identity } = pattern;
      const form = within === '' ? pattern.form : `${pattern.form} in ${within}`;
      found.set(`${identity} ${form}`, { identity, form });
    }
    if (depth === DEPTH_LIMIT) return;
    for (const { how, content: inner } of unpacked(content))
      look(inner, within === '' ? how : `${how} in ${within}`, depth + 1);
  };
  look(bytes, '', 0);
  return [...found.values()];
}

function unique(found: readonly Found[]): Found[] {
  return [...new Map(found.map((each) => [`${each.file} ${each.identity} ${each.form}`, each])).values()];
}

async function filesOf(folder: string, apart: ReadonlySet<string>): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files: string[] = [];
  for (const entry of entries) {
    if (apart.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await filesOf(path, apart)));
    else if (entry.isFile()) files.push(path);
  }
  return files;
}

function levelViews(path: string, bytes: Buffer): Buffer[] {
  if (/\.(ldb|sst)$/.test(path)) return [Buffer.concat([...tableContents(bytes)])];
  return /\.log$/.test(path) ? [logContents(bytes)] : [];
}

/**
 * Chromium marks a value of IndexedDB that it packed with these three bytes (third_party/blink,
 * idb_value_wrapping).
 */
const PACKED_VALUE = Buffer.from([0xff, 0x11, 0x02]);
const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);
/**
 * APPNOTE.TXT §4.3.7: a local file header, then the name, an extra field and the data, which is deflated if the
 * method is 8.
 */
const ZIP_ENTRY = Buffer.from('PK\x03\x04');
/** RFC 1950 §2.2: CMF 0x78 with each of the four levels. */
const ZLIB = [0x01, 0x5e, 0x9c, 0xda].map((flags) => Buffer.from([0x78, flags]));

type Unpacked = { readonly how: string; readonly content: Buffer };

function* unpacked(bytes: Buffer): Generator<Unpacked> {
  for (const at of places(bytes, PACKED_VALUE))
    yield* unlessNull('snappy', unpackSnappyPrefix(bytes.subarray(at + PACKED_VALUE.length)));
  for (const at of places(bytes, GZIP))
    yield* unlessNull(
      'gzip',
      attempt(() => inflateRawSync(bytes.subarray(gzipHeaderEnd(bytes, at)), INFLATE)),
    );
  for (const head of ZLIB)
    for (const at of places(bytes, head))
      yield* unlessNull(
        'zlib',
        attempt(() => inflateSync(bytes.subarray(at), INFLATE)),
      );
  for (const at of places(bytes, ZIP_ENTRY)) yield* unlessNull('zip', zipEntry(bytes, at));
  yield* unlessNull('snappy', unpackWholeSnappy(bytes));
  yield* unlessNull(
    'deflate',
    attempt(() => inflateRawSync(bytes, INFLATE)),
  );
  yield* unlessNull(
    'brotli',
    attempt(() => brotliDecompressSync(bytes, { maxOutputLength: UNPACKED_LIMIT })),
  );
}

/** Bytes after the packed ones are ignored, and an early end is no fault: whatever came out is searched. */
const INFLATE = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: UNPACKED_LIMIT } as const;

/** RFC 1952 §2.3: ten bytes, then an extra field, a name and a comment where the flags say so. */
function gzipHeaderEnd(bytes: Buffer, at: number): number {
  const flags = bytes[at + 3] ?? 0;
  let end = at + 10;
  if (flags & 4) end += 2 + (end + 2 <= bytes.length ? bytes.readUInt16LE(end) : 0);
  for (const text of [8, 16]) if (flags & text) end = bytes.indexOf(0, end) + 1;
  return flags & 2 ? end + 2 : end;
}

function zipEntry(bytes: Buffer, at: number): Buffer | null {
  if (at + 30 > bytes.length || bytes.readUInt16LE(at + 8) !== 8) return null;
  const start = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28);
  return attempt(() => inflateRawSync(bytes.subarray(start), INFLATE));
}

function attempt(unpack: () => Buffer): Buffer | null {
  try {
    return unpack();
  } catch {
    return null;
  }
}

function* unlessNull(how: string, content: Buffer | null): Generator<Unpacked> {
  if (content !== null && content.length > 0) yield { how, content };
}

function* places(bytes: Buffer, wanted: Buffer): Generator<number> {
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) yield at;
}

/** The packed value reaches to the end of its record, which is unknown here, so its own tags tell the end. */
function unpackSnappyPrefix(bytes: Buffer): Buffer | null {
  const end = snappyEnd(bytes);
  return end === null ? null : unpackSnappy(bytes.subarray(0, end));
}

/** Most bytes that are no Snappy stream are refused at their first tags, before anything is unpacked. */
function unpackWholeSnappy(bytes: Buffer): Buffer | null {
  return snappyEnd(bytes) === bytes.length ? unpackSnappy(bytes) : null;
}

/** The length that a Snappy stream gives for its content, and where its tags begin (format_description.txt §1). */
function snappyLength(bytes: Buffer): { readonly wanted: number; readonly at: number } | null {
  let wanted = 0;
  for (let at = 0; at < 5; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return null;
    wanted += (byte & 0x7f) * 128 ** at;
    if (byte < 0x80) return wanted <= UNPACKED_LIMIT ? { wanted, at: at + 1 } : null;
  }
  return null;
}

type SnappyTag = { readonly bytes: number; readonly made: number; readonly isValid: boolean };

/** The tag at this place, after which `made` bytes are there (§2): a copy reaches back into them. */
function snappyTag(bytes: Buffer, at: number, made: number): SnappyTag {
  const tag = bytes[at]!;
  const kind = tag & 3;
  const short = tag >> 2;
  if (kind === 0) {
    const extra = short < 60 ? 0 : short - 59;
    if (at + 1 + extra > bytes.length) return { bytes: 0, made: 0, isValid: false };
    const length = (extra === 0 ? short : bytes.readUIntLE(at + 1, extra)) + 1;
    return { bytes: 1 + extra + length, made: length, isValid: true };
  }
  const offsetBytes = kind === 1 ? 1 : kind === 2 ? 2 : 4;
  if (at + 1 + offsetBytes > bytes.length) return { bytes: 0, made: 0, isValid: false };
  const low = bytes.readUIntLE(at + 1, offsetBytes);
  const offset = kind === 1 ? ((tag >> 5) << 8) | low : low;
  const length = kind === 1 ? (short & 7) + 4 : short + 1;
  return { bytes: 1 + offsetBytes, made: length, isValid: offset > 0 && offset <= made };
}

/** The end of the Snappy stream that begins here, or null where none does. */
function snappyEnd(bytes: Buffer): number | null {
  const begin = snappyLength(bytes);
  if (begin === null) return null;
  let { at } = begin;
  let made = 0;
  while (made < begin.wanted) {
    if (at >= bytes.length) return null;
    const tag = snappyTag(bytes, at, made);
    at += tag.bytes;
    made += tag.made;
    if (!tag.isValid || at > bytes.length) return null;
  }
  return at;
}
