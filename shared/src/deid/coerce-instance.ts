/**
 * Writes an instance with new values in some attributes as a whole file: File Meta Information, and a Data Set that
 * records the former values (dicom/original-attributes.ts). Only used under `identified`: a de-identified instance
 * must not record its original values.
 */
import type { ParsedInstance } from '../dicom/data-set.ts';
import { encodeFileMeta } from '../dicom/encode.ts';
import { originalAttributes, type Modification, type NewAttribute } from '../dicom/original-attributes.ts';
import { deflateSegments } from './deflate-segments.ts';
import type { Segment } from './segments.ts';

export type Coerced =
  /** Byte ranges refer to `instance.dataSet`. */
  | { readonly kind: 'coerced'; readonly segments: readonly Segment[] }
  /** The instance has these values already. */
  | { readonly kind: 'unchanged' }
  /** For the same reasons as in `Rewritten`. */
  | { readonly kind: 'not-writable' };

/** Rejects only if reading the source does. */
export async function coerceInstance(
  instance: ParsedInstance,
  wanted: readonly NewAttribute[],
  modification: Modification,
): Promise<Coerced> {
  const rewritten = await originalAttributes(instance, wanted, modification);
  if (rewritten.kind !== 'changed') return rewritten;
  const { pieces } = rewritten;
  const { encoding, dataSet, identifiers, transferSyntaxUID } = instance;
  return {
    kind: 'coerced',
    segments: [
      encodeFileMeta(identifiers, transferSyntaxUID),
      ...(encoding.deflated ? await deflateSegments(pieces, dataSet) : pieces),
    ],
  };
}
