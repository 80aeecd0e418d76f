/**
 * The state of a walk through a Data Set: the window of bytes in memory, the open frames, and the results of a step.
 */
import type { ReasonCode, WarningCode } from '../protocol/reasons.ts';
import type { ByteRange, DicomElement, DicomItem, Encoding, Place } from './data-set.ts';
import { tagName } from './dictionary.ts';
import { type Header, newHeader } from './element-header.ts';
import { ELEMENT_LIMIT, MANY_ELEMENTS, PLAUSIBLE_VALUE_BYTES } from './limits.ts';

/** Native Pixel Data claims more bytes than the file has, or encapsulated Pixel Data is never closed. */
export type CutPixelData = { readonly claimedBytes: number } | 'unclosed';

/** Bytes of the source that are already in memory, starting at `offset`. */
export type Window = { readonly offset: number; readonly bytes: Uint8Array };

type OwnerOfFrame = {
  tag: number;
  vr: string;
  offset: number;
  valueOffset: number;
  undefinedLength: boolean;
};

/** A Data Set or item whose elements are being read. */
export type ElementsFrame = OwnerOfFrame & {
  kind: 'elements';
  /** The end of the frame according to its length; Infinity if a delimiter ends it. */
  end: number;
  /** No part of the frame may cross this position: its own end, or that of the element around it. */
  limit: number;
  encoding: Encoding;
  elements: DicomElement[];
  lastTag: number;
  /**
   * The tags so far. Null while the order is ascending, because then a repeated tag directly follows the first one.
   */
  seen: Set<number> | null;
};
export type ItemsFrame = OwnerOfFrame & {
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
export type Frame = ElementsFrame | ItemsFrame | FragmentsFrame;

export type Step = 'next' | 'done' | 'refused' | 'more-bytes' | 'zeros?';

export type Walk = {
  readonly size: number;
  /** The walk reads File Meta Information, which ends before the first element of another group (PS3.10 §7.1). */
  readonly fileMeta: boolean;
  readonly header: Header;
  readonly warnings: Set<WarningCode>;
  readonly root: ElementsFrame;
  readonly stack: Frame[];
  window: Uint8Array;
  windowOffset: number;
  position: number;
  /** The number of bytes needed at `position` if a step returns 'more-bytes'. */
  wanted: number;
  count: number;
  pixelDataSeen: boolean;
  refusal: { because: ReasonCode; where: Place; cutPixelData?: CutPixelData } | null;
};

/** Creates a frame for a Data Set or an item. */
export function newElementsFrame(
  place: Omit<ElementsFrame, 'kind' | 'elements' | 'lastTag' | 'seen'>,
): ElementsFrame {
  const { tag, vr, offset, valueOffset, undefinedLength, end, limit, encoding } = place;
  return {
    kind: 'elements',
    tag,
    vr,
    offset,
    valueOffset,
    undefinedLength,
    end,
    limit,
    encoding,
    elements: [],
    lastTag: -1,
    seen: null,
  };
}

export type WalkStart = {
  readonly start: number;
  readonly encoding: Encoding;
  readonly purpose: 'data-set' | 'file-meta';
  /** Holds the bytes at `start`, or is empty. */
  readonly head: Window;
};

export function newWalk(size: number, { start, encoding, purpose, head }: WalkStart): Walk {
  const root = newElementsFrame({
    tag: 0,
    vr: '',
    offset: start,
    valueOffset: start,
    undefinedLength: true,
    end: Infinity,
    limit: Infinity,
    encoding,
  });
  return {
    size,
    fileMeta: purpose === 'file-meta',
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

export function has(walk: Walk, bytes: number): boolean {
  return walk.position + bytes <= walk.windowOffset + walk.window.length;
}

export function wantBytes(walk: Walk, bytes: number): Step {
  walk.wanted = bytes;
  return 'more-bytes';
}

/** The window ends inside a header: more must be read, unless the file ends there too. */
export function shortOf(walk: Walk, bytes: number, isRoot: boolean): Step {
  const left = walk.size - walk.position;
  if (left >= bytes) return wantBytes(walk, bytes);
  if (!has(walk, left)) return wantBytes(walk, left);
  const at = walk.position - walk.windowOffset;
  const rest = walk.window.subarray(at, at + left);
  if (isRoot && walk.root.elements.length > 0 && rest.every((byte) => byte === 0)) return 'zeros?';
  return refuse(walk, 'truncated');
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

/** A value reaches beyond the end of the file. Decides whether the file is truncated or the length is wrong. */
export function overrun(walk: Walk, tag: number, end: number, isPixelData: boolean): Step {
  const { length } = walk.header;
  if (walk.header.unknownVR) return refuse(walk, 'unknown-vr', tag);
  if (isPixelData) return refuse(walk, 'truncated', tag, { claimedBytes: length });
  // PS3.5 §7.1: lengths are even. An odd length that reaches beyond the file was never meant as a length.
  if ((length & 1) === 1) return refuse(walk, 'inconsistent-length', tag);
  return refuse(walk, end - walk.size > PLAUSIBLE_VALUE_BYTES ? 'length-beyond-end' : 'truncated', tag);
}

export function count(walk: Walk, tag: number): Step {
  walk.count += 1;
  if (walk.count > MANY_ELEMENTS) {
    walk.warnings.add('many-elements');
    if (walk.count > ELEMENT_LIMIT)
      return refuse(walk, walk.stack.length > 1 ? 'too-many-items' : 'too-many-elements', tag);
  }
  return 'next';
}
