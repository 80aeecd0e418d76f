/**
 * The steps of a walk through a Data Set, one element, item or fragment at a time, without recursion and
 * without reading long values: pixel data is jumped over, fragments are walked by their headers. A step that
 * lacks bytes changes nothing and can be taken again.
 *
 * Promised: lengths agree with each other and with the end of the file. What the elements mean is
 * `examine-instance.ts`.
 */
import type { ReasonCode, WarningCode } from '../protocol/problem.ts';
import type { ByteRange, DicomElement, DicomItem, Encoding, Place } from './data-set.ts';
import { dictionaryVR, tagName } from './dictionary.ts';
import {
  ITEM,
  ITEM_DELIMITATION,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
  newHeader,
  readHeader,
  readTag,
} from './element-header.ts';
import type { Header } from './element-header.ts';
import {
  ELEMENT_LIMIT,
  KEPT_VALUE_BYTES,
  MANY_ELEMENTS,
  NESTING_LIMIT,
  PLAUSIBLE_VALUE_BYTES,
} from './limits.ts';
import { FLOAT_PIXEL_DATA, PIXEL_DATA } from './tags.ts';

/** Native Pixel Data claims more bytes than there are; or encapsulated Pixel Data is never closed. */
export type CutPixelData = { readonly claimedBytes: number } | 'unclosed';

/** Bytes of the source that are at hand already, from `offset` on. */
export type Window = { readonly offset: number; readonly bytes: Uint8Array };

type OwnerOfFrame = {
  tag: number;
  vr: string;
  offset: number;
  valueOffset: number;
  undefinedLength: boolean;
};

/** A Data Set or item whose elements are being read. */
type ElementsFrame = OwnerOfFrame & {
  kind: 'elements';
  /** Where its length ends it; Infinity where a delimiter does. */
  end: number;
  /** What no part of it may cross: its own end or that of what holds it. */
  limit: number;
  encoding: Encoding;
  elements: DicomElement[];
  lastTag: number;
  /** The tags so far; made only once the order is broken, for until then a repeated tag follows itself. */
  seen: Set<number> | null;
};
type ItemsFrame = OwnerOfFrame & {
  kind: 'items';
  end: number;
  limit: number;
  encoding: Encoding;
  items: DicomItem[];
};
export type FragmentsFrame = OwnerOfFrame & {
  kind: 'fragments';
  end: number;
  limit: number;
  encoding: Encoding;
  fragments: ByteRange[];
};
type Frame = ElementsFrame | ItemsFrame | FragmentsFrame;

export type Step = 'next' | 'done' | 'refused' | 'more-bytes' | 'zeros?';

export type Walk = {
  readonly size: number;
  /** File Meta Information ends before the first element of another group (PS3.10 §7.1). */
  readonly fileMeta: boolean;
  readonly header: Header;
  readonly warnings: Set<WarningCode>;
  readonly root: ElementsFrame;
  readonly stack: Frame[];
  window: Uint8Array;
  windowOffset: number;
  position: number;
  /** Bytes wanted at `position`, where a step answered 'more-bytes'. */
  wanted: number;
  count: number;
  pixelDataSeen: boolean;
  refusal: { because: ReasonCode; where: Place; cutPixelData?: CutPixelData } | null;
};

const IMPLICIT_LITTLE_ENDIAN: Encoding = {
  explicitVR: false,
  bigEndian: false,
  deflated: false,
  encapsulated: false,
};

export function newWalk(
  size: number,
  start: number,
  encoding: Encoding,
  fileMeta: boolean,
  head: Window,
): Walk {
  const root: ElementsFrame = {
    kind: 'elements',
    tag: 0,
    vr: '',
    offset: start,
    valueOffset: start,
    undefinedLength: true,
    end: Infinity,
    limit: Infinity,
    encoding,
    elements: [],
    lastTag: -1,
    seen: null,
  };
  return {
    size,
    fileMeta,
    header: newHeader(),
    warnings: new Set(),
    root,
    stack: [root],
    window: head.bytes,
    windowOffset: head.offset,
    position: start,
    wanted: 0,
    count: 0,
    pixelDataSeen: false,
    refusal: null,
  };
}

/** Takes steps until the walk is over or needs its caller. */
export function advance(walk: Walk): Step {
  for (;;) {
    const frame = walk.stack[walk.stack.length - 1]!;
    const step = take(walk, frame);
    if (step !== 'next') return step;
  }
}

function take(walk: Walk, frame: Frame): Step {
  if (frame.kind === 'elements') return readElement(walk, frame);
  return frame.kind === 'items' ? readItem(walk, frame) : readFragment(walk, frame);
}

/**
 * A delimiter at `position` is in its place: nothing else says where the frame ends, or it ends just behind.
 */
function mayBeDelimited(frame: Frame, position: number): boolean {
  return frame.end === Infinity || position + 8 === frame.end;
}

function readElement(walk: Walk, frame: ElementsFrame): Step {
  const { header, position } = walk;
  if (position >= frame.end) return closeItem(walk, frame, 0);
  const isRoot = frame === walk.root;
  if (position >= walk.size)
    return isRoot
      ? 'done'
      : refuse(walk, frame.end === Infinity ? 'missing-delimiter' : 'truncated', frame.tag);
  const at = position - walk.windowOffset;
  // PS3.10 §7.1: "the File Meta Information shall be encoded using Explicit VR Little Endian"; the Data Set
  // after it may be anything.
  if (walk.fileMeta && isRoot) {
    if (!has(walk, 2)) return walk.size - position < 2 ? refuse(walk, 'truncated') : wantBytes(walk, 2);
    if (walk.window[at] !== 2 || walk.window[at + 1] !== 0) return 'done';
  }
  const { explicitVR, bigEndian } = frame.encoding;
  const answer = readHeader(header, walk.window, at, walk.window.length - at, explicitVR, bigEndian);
  if (answer === 8 || answer === 12) return shortOf(walk, answer, isRoot);
  if (isRoot && isZeroHeader(walk.window, at))
    return frame.elements.length > 0 ? 'zeros?' : refuse(walk, 'not-parseable');
  if (answer === 'bad-vr')
    return refuse(walk, isRoot && walk.pixelDataSeen ? 'trailing-data' : 'not-parseable', header.tag);
  if (header.tag === ITEM_DELIMITATION && !isRoot && mayBeDelimited(frame, position))
    return closeItem(walk, frame, 8);
  if (header.vr === '') return refuse(walk, misplacedDelimiter(walk, isRoot), header.tag);
  const because = misplaced(walk, frame, header.tag);
  if (because) return refuse(walk, because, header.tag);
  return readValue(walk, frame, isRoot);
}

function readValue(walk: Walk, frame: ElementsFrame, isRoot: boolean): Step {
  const { header, position } = walk;
  const { tag, vr, length } = header;
  const valueOffset = position + header.size;
  const isPixelData = tag === PIXEL_DATA;
  if (length === UNDEFINED_LENGTH) {
    if (isPixelData || vr.charCodeAt(0) === 0x4f) return openFragments(walk, frame, valueOffset);
    if (vr === 'SQ' || vr === 'UN') return openSequence(walk, frame, valueOffset, Infinity);
    return refuse(walk, frame.encoding.explicitVR ? 'inconsistent-length' : 'transfer-syntax-mismatch', tag);
  }
  const end = valueOffset + length;
  if (end > frame.limit) return refuse(walk, header.unknownVR ? 'unknown-vr' : 'inconsistent-length', tag);
  if (end > walk.size) return overrun(walk, tag, length, end, isRoot && isPixelData);
  if (vr === 'SQ') return openSequence(walk, frame, valueOffset, end);
  if (vr === 'UN' && length >= 8 && frame.encoding.explicitVR && dictionaryVR(tag) === 'SQ') {
    if (!has(walk, header.size + 4)) return wantBytes(walk, header.size + 4);
    const beginsWithItem = readTag(walk.window, valueOffset - walk.windowOffset, false) === ITEM;
    if (beginsWithItem) return openSequence(walk, frame, valueOffset, end);
  }
  let bytes: Uint8Array | null = null;
  if (length <= KEPT_VALUE_BYTES && !(isRoot && isPixelData)) {
    if (!has(walk, header.size + length)) return wantBytes(walk, header.size + length);
    const at = valueOffset - walk.windowOffset;
    bytes = walk.window.subarray(at, at + length);
  }
  if ((length & 1) === 1) walk.warnings.add('odd-length');
  if (header.unknownVR) walk.warnings.add('unknown-vr');
  addElement(walk, frame, {
    tag,
    vr,
    offset: position,
    valueOffset,
    valueLength: length,
    endOffset: end,
    undefinedLength: false,
    bytes,
    items: null,
    fragments: null,
  });
  walk.position = end;
  return count(walk, tag);
}

function readItem(walk: Walk, frame: ItemsFrame): Step {
  const { position } = walk;
  if (position >= frame.end) return closeSequence(walk, frame, 0);
  if (position >= walk.size)
    return refuse(walk, frame.end === Infinity ? 'missing-delimiter' : 'truncated', frame.tag);
  const at = position - walk.windowOffset;
  const { explicitVR, bigEndian } = frame.encoding;
  const answer = readHeader(walk.header, walk.window, at, walk.window.length - at, explicitVR, bigEndian);
  if (answer === 8 || answer === 12) return shortOf(walk, 8, false);
  const { tag, length } = walk.header;
  if (answer === 'ok' && tag === SEQUENCE_DELIMITATION && mayBeDelimited(frame, position))
    return closeSequence(walk, frame, 8);
  if (answer !== 'ok' || tag !== ITEM)
    return refuse(walk, frame.end === Infinity ? 'missing-delimiter' : 'inconsistent-length', frame.tag);
  const valueOffset = position + 8;
  const end = length === UNDEFINED_LENGTH ? Infinity : valueOffset + length;
  if (end !== Infinity && end > frame.limit) return refuse(walk, 'inconsistent-length', frame.tag);
  if (end !== Infinity && end > walk.size) return overrun(walk, frame.tag, length, end, false);
  walk.stack.push({
    kind: 'elements',
    tag: frame.tag,
    vr: '',
    offset: position,
    valueOffset,
    undefinedLength: end === Infinity,
    end,
    limit: Math.min(end, frame.limit),
    encoding: frame.encoding,
    elements: [],
    lastTag: -1,
    seen: null,
  });
  walk.position = valueOffset;
  return count(walk, frame.tag);
}

/** PS3.5 §A.4: fragments are items without elements, closed by a Sequence Delimitation Item. */
function readFragment(walk: Walk, frame: FragmentsFrame): Step {
  const { header, position } = walk;
  if (position >= walk.size)
    return refuse(walk, 'missing-delimiter', frame.tag, walk.stack.length === 2 ? 'unclosed' : undefined);
  const at = position - walk.windowOffset;
  const answer = readHeader(
    header,
    walk.window,
    at,
    walk.window.length - at,
    frame.encoding.explicitVR,
    frame.encoding.bigEndian,
  );
  if (answer === 8 || answer === 12) return shortOf(walk, 8, false);
  if (answer === 'ok' && header.tag === SEQUENCE_DELIMITATION) return closeFragments(walk, frame);
  if (answer !== 'ok' || header.tag !== ITEM) return refuse(walk, 'missing-delimiter', frame.tag);
  const valueOffset = position + 8;
  const end = valueOffset + header.length;
  if (header.length === UNDEFINED_LENGTH || end > frame.limit)
    return refuse(walk, 'inconsistent-length', frame.tag);
  if (end > walk.size) return overrun(walk, frame.tag, header.length, end, false);
  if ((header.length & 1) === 1) walk.warnings.add('odd-length');
  frame.fragments.push({ offset: valueOffset, length: header.length });
  walk.position = end;
  return count(walk, frame.tag);
}

function openSequence(walk: Walk, frame: ElementsFrame, valueOffset: number, end: number): Step {
  const { tag, vr } = walk.header;
  if (walk.stack.length > 2 * NESTING_LIMIT) return refuse(walk, 'nesting-too-deep', tag);
  walk.stack.push({
    kind: 'items',
    tag,
    vr,
    offset: walk.position,
    valueOffset,
    undefinedLength: end === Infinity,
    end,
    limit: Math.min(end, frame.limit),
    // PS3.5 §6.2.2 note 4: the content of a UN of undefined length is implicit VR little endian.
    encoding: vr === 'UN' && frame.encoding.explicitVR ? IMPLICIT_LITTLE_ENDIAN : frame.encoding,
    items: [],
  });
  walk.position = valueOffset;
  return 'next';
}

function openFragments(walk: Walk, frame: ElementsFrame, valueOffset: number): Step {
  const { tag, vr } = walk.header;
  walk.stack.push({
    kind: 'fragments',
    tag,
    vr,
    offset: walk.position,
    valueOffset,
    undefinedLength: true,
    end: Infinity,
    limit: frame.limit,
    encoding: frame.encoding,
    fragments: [],
  });
  walk.position = valueOffset;
  return 'next';
}

function closeItem(walk: Walk, frame: ElementsFrame, delimiterBytes: number): Step {
  walk.stack.pop();
  const owner = walk.stack[walk.stack.length - 1] as ItemsFrame;
  const { offset, valueOffset, undefinedLength, encoding, elements } = frame;
  const endOffset = walk.position + delimiterBytes;
  owner.items.push({
    offset,
    valueOffset,
    valueLength: walk.position - valueOffset,
    endOffset,
    undefinedLength,
    encoding,
    elements,
  });
  walk.position = endOffset;
  return 'next';
}

function closeSequence(walk: Walk, frame: ItemsFrame, delimiterBytes: number): Step {
  return closeElement(walk, frame, delimiterBytes, frame.items, null);
}

function closeFragments(walk: Walk, frame: FragmentsFrame): Step {
  return closeElement(walk, frame, 8, null, frame.fragments);
}

function closeElement(
  walk: Walk,
  frame: Frame,
  delimiterBytes: number,
  items: DicomItem[] | null,
  fragments: ByteRange[] | null,
): Step {
  walk.stack.pop();
  const owner = walk.stack[walk.stack.length - 1] as ElementsFrame;
  const { tag, vr, offset, valueOffset, undefinedLength } = frame;
  const endOffset = walk.position + delimiterBytes;
  addElement(walk, owner, {
    tag,
    vr,
    offset,
    valueOffset,
    valueLength: walk.position - valueOffset,
    endOffset,
    undefinedLength,
    bytes: null,
    items,
    fragments,
  });
  walk.position = endOffset;
  return count(walk, tag);
}

function addElement(walk: Walk, frame: ElementsFrame, element: DicomElement): void {
  frame.elements.push(element);
  frame.lastTag = element.tag;
  frame.seen?.add(element.tag);
  if (frame === walk.root && element.tag >= FLOAT_PIXEL_DATA && element.tag <= PIXEL_DATA)
    walk.pixelDataSeen = true;
}

/** What is wrong with an element of this tag standing here; null where nothing is. */
function misplaced(walk: Walk, frame: ElementsFrame, tag: number): ReasonCode | null {
  const isRoot = frame === walk.root;
  if (isRoot && walk.pixelDataSeen && tag <= frame.lastTag)
    return tag === frame.lastTag ? 'duplicate-element' : 'trailing-data';
  const group = tag >>> 16;
  // PS3.5 §7.1.1: groups 0000 and 0002 are not for Data Sets.
  if (isRoot && group === 0) return 'command-element';
  if (isRoot && group === 2 && !walk.fileMeta) return 'file-meta-in-data-set';
  // PS3.5 §7.1: "ordered by increasing Data Element Tag", each "at most once". Until the order is broken a
  // repeated tag follows itself.
  if (tag === frame.lastTag) return 'duplicate-element';
  if (tag < frame.lastTag) {
    frame.seen ??= new Set(frame.elements.map((element) => element.tag));
    walk.warnings.add('tag-order');
  }
  return frame.seen?.has(tag) ? 'duplicate-element' : null;
}

function misplacedDelimiter(walk: Walk, isRoot: boolean): ReasonCode {
  if (isRoot && walk.pixelDataSeen) return 'trailing-data';
  return walk.header.tag === SEQUENCE_DELIMITATION ? 'missing-delimiter' : 'inconsistent-length';
}

/** A value reaches beyond the end of the file: is the file cut, or is the length wrong? */
function overrun(walk: Walk, tag: number, length: number, end: number, isPixelData: boolean): Step {
  if (walk.header.unknownVR) return refuse(walk, 'unknown-vr', tag);
  if (isPixelData) return refuse(walk, 'truncated', tag, { claimedBytes: length });
  // PS3.5 §7.1: lengths are even. An odd one that leaves the file was never a length.
  if ((length & 1) === 1) return refuse(walk, 'inconsistent-length', tag);
  return refuse(walk, end - walk.size > PLAUSIBLE_VALUE_BYTES ? 'length-beyond-end' : 'truncated', tag);
}

function count(walk: Walk, tag: number): Step {
  walk.count += 1;
  if (walk.count > MANY_ELEMENTS) {
    walk.warnings.add('many-elements');
    if (walk.count > ELEMENT_LIMIT)
      return refuse(walk, walk.stack.length > 1 ? 'too-many-items' : 'too-many-elements', tag);
  }
  return 'next';
}

function has(walk: Walk, bytes: number): boolean {
  return walk.position + bytes <= walk.windowOffset + walk.window.length;
}

function wantBytes(walk: Walk, bytes: number): Step {
  walk.wanted = bytes;
  return 'more-bytes';
}

/** The window ends inside a header: read on, unless the file ends there too. */
function shortOf(walk: Walk, bytes: number, isRoot: boolean): Step {
  const left = walk.size - walk.position;
  if (left >= bytes) return wantBytes(walk, bytes);
  if (!has(walk, left)) return wantBytes(walk, left);
  const at = walk.position - walk.windowOffset;
  const rest = walk.window.subarray(at, at + left);
  if (isRoot && walk.root.elements.length > 0 && rest.every((byte) => byte === 0)) return 'zeros?';
  return refuse(walk, 'truncated');
}

function isZeroHeader(window: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 8; i++) if (window[i] !== 0) return false;
  return true;
}

export function refuse(
  walk: Walk,
  because: ReasonCode,
  tag = walk.root.lastTag,
  cutPixelData?: CutPixelData,
): Step {
  const where = { tag: tagName(Math.max(tag, 0)), offset: walk.position };
  walk.refusal = cutPixelData ? { because, where, cutPixelData } : { because, where };
  return 'refused';
}
