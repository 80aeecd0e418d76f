/** Data Sets as they are written, true or not: lengths that lie, sequences that never end, items by the thousand. */
import type { Encoding } from '#shared/dicom/data-set.ts';
import {
  ITEM,
  ITEM_DELIMITATION,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
} from '#shared/dicom/element-header.ts';
import { concatBytes, encodeHeader } from '#shared/dicom/encode.ts';
import { encodingOf, IMPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';

/** An element as it will be written. */
export type FuzzElement = {
  readonly tag: number;
  readonly vr: string;
  readonly value: Uint8Array | readonly FuzzItem[];
  /** For sequences and their items. */
  readonly isUndefinedLength?: boolean;
  /** Added to the length that is written. */
  readonly lie?: number;
  /** How often the items are written one after the other. */
  readonly times?: number;
};
export type FuzzItem = readonly FuzzElement[];

export function encodeElements(elements: readonly FuzzElement[], encoding: Encoding): Uint8Array {
  return concatBytes(elements.map((element) => encodeOne(element, encoding)));
}

const BYTES_AT_MOST = 4_000_000;

function encodeOne(
  { tag, vr, value, isUndefinedLength = false, lie = 0, times = 1 }: FuzzElement,
  encoding: Encoding,
): Uint8Array {
  if (value instanceof Uint8Array)
    return concatBytes([encodeHeader(tag, vr, (value.length + lie) >>> 0, encoding), value]);
  // PS3.5 §6.2.2 note 2: the content of UN is implicit VR little endian.
  const inner = vr === 'UN' ? encodingOf(IMPLICIT_VR_LITTLE_ENDIAN)! : encoding;
  const items = concatBytes(
    value.map((item) => {
      const content = encodeElements(item, inner);
      const end = isUndefinedLength ? [encodeHeader(ITEM_DELIMITATION, '', 0, inner)] : [];
      return concatBytes([
        encodeHeader(ITEM, '', isUndefinedLength ? UNDEFINED_LENGTH : content.length, inner),
        content,
        ...end,
      ]);
    }),
  );
  const content = concatBytes(
    Array.from({ length: items.length * times > BYTES_AT_MOST ? 1 : times }, () => items),
  );
  if (!isUndefinedLength)
    return concatBytes([encodeHeader(tag, vr, (content.length + lie) >>> 0, encoding), content]);
  const end = lie === 0 ? [encodeHeader(SEQUENCE_DELIMITATION, '', 0, inner)] : [];
  return concatBytes([encodeHeader(tag, vr, UNDEFINED_LENGTH, encoding), content, ...end]);
}
