/**
 * The steps of a walk through a Data Set, one element, item or fragment at a time, without recursion and without
 * reading long values: it jumps over pixel data and walks fragments by their headers. A step that lacks bytes changes
 * nothing and can be taken again.
 *
 * A completed walk guarantees that lengths agree with each other and with the end of the file. `examine-instance.ts`
 * examines the meaning of the elements.
 */
import type { ReasonCode } from '../protocol/reasons.ts';
import { dictionaryVR } from './dictionary.ts';
import {
  ITEM,
  ITEM_DELIMITATION,
  readHeader,
  readTag,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
} from './element-header.ts';
import { KEPT_VALUE_BYTES } from './limits.ts';
import { PIXEL_DATA } from './tags.ts';
import {
  addElement,
  closeFragments,
  closeItem,
  closeSequence,
  IMPLICIT_LITTLE_ENDIAN,
  openFragments,
  openSequence,
} from './walk-frames.ts';
import {
  count,
  type ElementsFrame,
  type FragmentsFrame,
  type Frame,
  has,
  type ItemsFrame,
  newElementsFrame,
  overrun,
  refuse,
  shortOf,
  type Step,
  type Walk,
  wantBytes,
} from './walk-state.ts';

/** Takes steps until the walk ends or the caller has to act. */
export function advance(walk: Walk): Step {
  for (;;) {
    const frame = walk.stack[walk.stack.length - 1]!;
    const step = take(walk, frame);
    if (step !== 'next' && (step !== 'refused' || !leftOpaque(walk))) return step;
  }
}

/** Limits: exceeding one leads to refusal anywhere. */
const LIMITS: readonly ReasonCode[] = ['nesting-too-deep', 'too-many-items', 'too-many-elements'];

/**
 * PS3.5 §6.2.2: a UN of defined length is a value that its reader need not understand. If its items cannot be read,
 * the innermost such UN around the fault is skipped as a whole. False if there is none.
 */
function leftOpaque(walk: Walk): boolean {
  const at = walk.stack.findLastIndex(
    ({ kind, vr, end }) => kind === 'items' && vr === 'UN' && end !== Infinity,
  );
  if (at < 0 || LIMITS.includes(walk.refusal!.because)) return false;
  const { tag, vr, offset, valueOffset, end } = walk.stack[at] as ItemsFrame;
  walk.stack.length = at;
  walk.refusal = null;
  walk.warnings.add('sequence-unreadable');
  addElement(walk, walk.stack[at - 1] as ElementsFrame, {
    tag,
    vr,
    offset,
    valueOffset,
    valueLength: end - valueOffset,
    endOffset: end,
    undefinedLength: false,
    bytes: null,
    items: null,
    fragments: null,
  });
  walk.position = end;
  return true;
}

function take(walk: Walk, frame: Frame): Step {
  if (frame.kind === 'elements') return readElement(walk, frame);
  return frame.kind === 'items' ? readItem(walk, frame) : readFragment(walk, frame);
}

/** Whether a delimiter may be at `position`: the frame has no defined end, or ends right after the delimiter. */
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
  // PS3.10 §7.1: "the File Meta Information shall be encoded using Explicit VR Little Endian"; the Data Set after it
  // may have any encoding.
  if (walk.fileMeta && isRoot) {
    if (!has(walk, 2)) return walk.size - position < 2 ? refuse(walk, 'truncated') : wantBytes(walk, 2);
    if (walk.window[at] !== 2 || walk.window[at + 1] !== 0) return 'done';
  }
  let answer = readHeader(header, walk.window, at, frame.encoding);
  // Some writers encode File Meta Information like the Data Set, in implicit VR.
  if (answer === 'bad-vr' && walk.fileMeta && isRoot)
    answer = readHeader(header, walk.window, at, IMPLICIT_LITTLE_ENDIAN);
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
  if (end > walk.size) return overrun(walk, tag, end, isRoot && isPixelData);
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
  walk.position = end;
  // There is a second File Meta header: the first occurrence of each element counts.
  if (walk.fileMeta && isRoot) frame.seen ??= new Set();
  if (frame.seen?.has(tag)) {
    walk.warnings.add('file-meta-twice');
    return count(walk, tag);
  }
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
  return count(walk, tag);
}

function readItem(walk: Walk, frame: ItemsFrame): Step {
  const { position } = walk;
  if (position >= frame.end) return closeSequence(walk, frame, 0);
  if (position >= walk.size)
    return refuse(walk, frame.end === Infinity ? 'missing-delimiter' : 'truncated', frame.tag);
  const at = position - walk.windowOffset;
  const answer = readHeader(walk.header, walk.window, at, frame.encoding);
  if (answer === 8 || answer === 12) return shortOf(walk, 8, false);
  const { tag, length } = walk.header;
  if (answer === 'ok' && tag === SEQUENCE_DELIMITATION && mayBeDelimited(frame, position))
    return closeSequence(walk, frame, 8);
  if (answer !== 'ok' || tag !== ITEM)
    return refuse(walk, frame.end === Infinity ? 'missing-delimiter' : 'inconsistent-length', frame.tag);
  const valueOffset = position + 8;
  const end = length === UNDEFINED_LENGTH ? Infinity : valueOffset + length;
  if (end !== Infinity && end > frame.limit) return refuse(walk, 'inconsistent-length', frame.tag);
  if (end !== Infinity && end > walk.size) return overrun(walk, frame.tag, end, false);
  walk.stack.push(
    newElementsFrame({
      tag: frame.tag,
      vr: '',
      offset: position,
      valueOffset,
      undefinedLength: end === Infinity,
      end,
      limit: Math.min(end, frame.limit),
      encoding: frame.encoding,
    }),
  );
  walk.position = valueOffset;
  return count(walk, frame.tag);
}

/** PS3.5 §A.4: fragments are items without elements, closed by a Sequence Delimitation Item. */
function readFragment(walk: Walk, frame: FragmentsFrame): Step {
  const { header, position } = walk;
  if (position >= walk.size)
    return refuse(walk, 'missing-delimiter', frame.tag, walk.stack.length === 2 ? 'unclosed' : undefined);
  const at = position - walk.windowOffset;
  const answer = readHeader(header, walk.window, at, frame.encoding);
  if (answer === 8 || answer === 12) return shortOf(walk, 8, false);
  if (answer === 'ok' && header.tag === SEQUENCE_DELIMITATION) return closeFragments(walk, frame);
  if (answer !== 'ok' || header.tag !== ITEM) return refuse(walk, 'missing-delimiter', frame.tag);
  const valueOffset = position + 8;
  const end = valueOffset + header.length;
  if (header.length === UNDEFINED_LENGTH || end > frame.limit)
    return refuse(walk, 'inconsistent-length', frame.tag);
  if (end > walk.size) return overrun(walk, frame.tag, end, false);
  if ((header.length & 1) === 1) walk.warnings.add('odd-length');
  frame.fragments.push({ offset: valueOffset, length: header.length });
  walk.position = end;
  return count(walk, frame.tag);
}

/** Why an element with this tag must not be here; null if it may. */
function misplaced(walk: Walk, frame: ElementsFrame, tag: number): ReasonCode | null {
  const isRoot = frame === walk.root;
  if (isRoot && walk.pixelDataSeen && tag <= frame.lastTag)
    return tag === frame.lastTag ? 'duplicate-element' : 'trailing-data';
  const group = tag >>> 16;
  // PS3.5 §7.1.1: groups 0000 and 0002 do not belong in Data Sets.
  if (isRoot && group === 0) return 'command-element';
  if (walk.fileMeta && isRoot) return null;
  if (isRoot && group === 2) return 'file-meta-in-data-set';
  // PS3.5 §7.1: "ordered by increasing Data Element Tag", each "at most once". As long as the order is ascending, a
  // repeated tag directly follows the first one.
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

function isZeroHeader(window: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 8; i += 1) if (window[i] !== 0) return false;
  return true;
}
