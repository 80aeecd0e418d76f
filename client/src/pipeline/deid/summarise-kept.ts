/**
 * Says in one sentence what happens to an instance that is sent with names: nothing, or what its order replaces.
 * Pure.
 */
import type { ComparedRow } from '../compare/comparison.ts';

type KeptSummary =
  | { readonly kind: 'unchanged' }
  /** Only the File Meta Information is rewritten. */
  | { readonly kind: 'headed' }
  /** The keywords of the attributes that the order replaces, in the order of the Data Set. */
  | { readonly kind: 'ordered'; readonly keywords: readonly string[] };

/** This sequence records the previous values, and is not part of the order. */
const ORIGINAL_ATTRIBUTES_SEQUENCE = 0x04000561;

export function summariseKept(rows: readonly ComparedRow[]): KeptSummary {
  const changed = rows.filter(({ depth, change }) => depth === 0 && change !== 'kept');
  // A sequence that stays and contains changes carries the reason for staying.
  const ordered = changed.filter(({ because }) => because === 'ordered' || because === 'identified');
  if (ordered.length > 0)
    return {
      kind: 'ordered',
      keywords: ordered
        .filter(({ tag }) => tag !== ORIGINAL_ATTRIBUTES_SEQUENCE)
        .map(({ keyword, path }) => keyword ?? path),
    };
  return changed.length > 0 ? { kind: 'headed' } : { kind: 'unchanged' };
}
