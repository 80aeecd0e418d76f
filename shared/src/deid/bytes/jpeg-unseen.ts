/**
 * Finds what a JPEG (ITU-T T.81) or JPEG-LS (ISO/IEC 14495-1) codestream holds beside the image: comments, application
 * segments with camera data, thumbnails or profiles, and bytes behind its end. Of the application segments, only what
 * a decoder needs stays: the JFIF and Adobe headers, which tell how colours are coded, and HP's colour transformation.
 * A profile is not needed, because PS3.5 §8.2.1 provides ICC Profile (0028,2000) for it.
 *
 * Nothing is decoded: entropy-coded bytes are only searched for the next marker.
 */
import type { ByteRange } from '../../dicom/data-set.ts';
import { asciiText } from '../../dicom/values.ts';
import { type Codestream, type FoundInCodestream, SEGMENTS_LIMIT } from './codestream.ts';
import { JpegTables } from './jpeg-tables.ts';

const EOI = 0xd9;
const SOS = 0xda;
const COM = 0xfe;
const APP0 = 0xe0;
const APP8 = 0xe8;
const APP14 = 0xee;
const APP15 = 0xef;
/** SOF0 to SOF15 except DHT, JPG and DAC, and SOF55 of JPEG-LS. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf, 0xf7]);
const DHT = 0xc4;
const DAC = 0xcc;
const DQT = 0xdb;
const DNL = 0xdc;
const DRI = 0xdd;
const DHP = 0xde;
const EXP = 0xdf;
/** Parameters of JPEG-LS. */
const LSE = 0xf8;
const TABLES = new Set([DHT, DAC, DQT, DNL, DRI, DHP, EXP, LSE]);
/** The most bytes of an application segment that are needed. */
const HEADER_BYTES = 14;

type Kind = 'jpeg' | 'jpeg-ls';

/** Null if the codestream cannot be followed to its end. */
export async function findUnseenInJpeg(
  codestream: Codestream,
  kind: Kind,
  signal?: AbortSignal,
): Promise<FoundInCodestream | null> {
  const unseen: ByteRange[] = [];
  const tables = new JpegTables();
  let precision = 0;
  const [first, second] = await codestream.peek(0, 2);
  if (first !== 0xff || second !== 0xd8) return null;
  let at = 2;
  for (let count = 0; count < SEGMENTS_LIMIT; count += 1) {
    const [ff, marker, high, low, bits] = await codestream.peek(at, 5);
    if (ff !== 0xff || marker === undefined) return null;
    if (marker === EOI) {
      unseen.push({ offset: at + 2, length: codestream.length - at - 2 });
      return precision === 0 ? null : { unseen: [...unseen, ...tables.finish()], precision };
    }
    // §B.1.1.2: fill bytes before a marker.
    if (marker === 0xff) at += 1;
    if (marker === 0xff) continue;
    const content = { offset: at + 4, length: ((high ?? 0) << 8) + (low ?? 0) - 2 };
    const end = content.offset + content.length;
    if (content.length < 0 || end > codestream.length) return null;
    if (marker === COM || (marker >= APP0 && marker <= APP15)) {
      const kept = await neededBytes(codestream, marker, content, kind);
      unseen.push({ offset: content.offset + kept, length: content.length - kept });
    } else if (marker === SOS || FRAMES.has(marker) || TABLES.has(marker)) {
      if (FRAMES.has(marker)) precision = Math.max(precision, bits ?? 0);
      if (!(await isExact(codestream, marker, content, tables))) return null;
    } else return null;
    at = marker === SOS ? await endOfScan(codestream, end, kind, signal) : end;
  }
  return null;
}

/** The number of bytes at the start of an application segment that are needed for correct colours. */
async function neededBytes(
  codestream: Codestream,
  marker: number,
  { offset, length }: ByteRange,
  kind: Kind,
): Promise<number> {
  if (marker !== APP0 && marker !== APP8 && marker !== APP14) return 0;
  const bytes = await codestream.peek(offset, Math.min(length, HEADER_BYTES));
  const name = asciiText(bytes);
  // Keeps version, units and density, but neither the thumbnail nor its size.
  if (marker === APP0 && name.startsWith('JFIF\0')) return Math.min(length, 12);
  if (marker === APP14 && name.startsWith('Adobe')) return Math.min(length, 12);
  return kind === 'jpeg-ls' && marker === APP8 && name.startsWith('mrfx') ? Math.min(length, 5) : 0;
}

/**
 * §B.2: whether the content has exactly the length that it states. Further bytes could be text, and then the
 * codestream counts as not understood.
 */
async function isExact(
  codestream: Codestream,
  marker: number,
  { offset, length }: ByteRange,
  tables: JpegTables,
): Promise<boolean> {
  if (marker === DNL || marker === DRI) return length >= 2 && length <= 4;
  if (marker === EXP) return length === 1;
  const content = await codestream.peek(offset, length);
  if (marker === LSE) return content[0] === 1 && length === 11;
  if (marker === DAC) return length % 2 === 0 && length <= 16;
  if (marker === DHT || marker === DQT) return tables.define(marker, content, offset);
  if (marker === SOS) {
    tables.scan(content);
    return length === 4 + 2 * (content[0] ?? 0);
  }
  if (marker !== DHP) tables.frame(marker, content);
  return length === 6 + 3 * (content[5] ?? 0);
}

/**
 * The first marker behind entropy-coded bytes. §F.1.2.3: inside entropy-coded bytes, 0xFF is followed by a zero byte
 * or a restart marker, and in JPEG-LS (§A.1) by a byte whose highest bit is zero.
 */
async function endOfScan(
  codestream: Codestream,
  from: number,
  kind: Kind,
  signal: AbortSignal | undefined,
): Promise<number> {
  const firstMarker = kind === 'jpeg' ? 1 : 0x80;
  let isAfterOnes = false;
  for (let at = from; at < codestream.length; ) {
    signal?.throwIfAborted();
    const bytes = await codestream.run(at);
    for (let i = 0; i < bytes.length; i += 1) {
      const byte = bytes[i]!;
      if (isAfterOnes && byte !== 0xff && byte >= firstMarker && (byte < 0xd0 || byte > 0xd7))
        return at + i - 1;
      isAfterOnes = byte === 0xff;
    }
    at += bytes.length;
  }
  return codestream.length;
}
