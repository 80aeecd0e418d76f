/** Opens and closes the frames of a walk: items, sequences and the fragments of encapsulated Pixel Data. */
import type { DicomElement, Encoding } from './data-set.ts';
import { NESTING_LIMIT } from './limits.ts';
import { FLOAT_PIXEL_DATA, PIXEL_DATA } from './tags.ts';
import {
  count,
  type ElementsFrame,
  type FragmentsFrame,
  type ItemsFrame,
  refuse,
  type Step,
  type Walk,
} from './walk-state.ts';

export const IMPLICIT_LITTLE_ENDIAN: Encoding = {
  explicitVR: false,
  bigEndian: false,
  deflated: false,
  encapsulated: false,
};

export function openSequence(walk: Walk, frame: ElementsFrame, valueOffset: number, end: number): Step {
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

export function openFragments(walk: Walk, frame: ElementsFrame, valueOffset: number): Step {
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

export function closeItem(walk: Walk, frame: ElementsFrame, delimiterBytes: number): Step {
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

export function closeSequence(walk: Walk, frame: ItemsFrame, delimiterBytes: number): Step {
  return closeElement(walk, frame, delimiterBytes);
}

export function closeFragments(walk: Walk, frame: FragmentsFrame): Step {
  return closeElement(walk, frame, 8);
}

function closeElement(walk: Walk, frame: ItemsFrame | FragmentsFrame, delimiterBytes: number): Step {
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
    items: frame.kind === 'items' ? frame.items : null,
    fragments: frame.kind === 'fragments' ? frame.fragments : null,
  });
  walk.position = endOffset;
  return count(walk, tag);
}

export function addElement(walk: Walk, frame: ElementsFrame, element: DicomElement): void {
  frame.elements.push(element);
  frame.lastTag = element.tag;
  frame.seen?.add(element.tag);
  if (frame === walk.root && element.tag >= FLOAT_PIXEL_DATA && element.tag <= PIXEL_DATA)
    walk.pixelDataSeen = true;
}
