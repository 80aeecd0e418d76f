/**
 * One instance before and after the policy, for the screen: rows in the order of the Data Set, each with its
 * action and reason. The values identify patients: they come from a worker, are only in the memory of the
 * screen that shows them, and end with it.
 */
import type { ActionCode, Because } from '#shared/deid/decision.ts';
import type { Group } from '#shared/deid/groups.ts';
import type { NotSent } from '#shared/ingest/refusing-unreadable.ts';

/**
 * A value as the screen shows it; `text` may be cut: `characters` counts all of it. An empty text is an empty
 * value.
 */
export type ShownValue =
  | { readonly kind: 'text'; readonly text: string; readonly characters: number }
  | { readonly kind: 'binary'; readonly bytes: number }
  | { readonly kind: 'items'; readonly items: number };

/** `inside`: a sequence that stays, with changes in it. */
export type Change =
  | 'removed'
  | 'emptied'
  | 'replaced'
  | 'date-moved'
  | 'new-uid'
  | 'text-cleaned'
  | 'bytes-cleared'
  | 'added'
  | 'inside'
  | 'kept';

/**
 * `around`: removed with the sequence that contained it; `file-meta`: PS3.15 E.1.1 no. 7, the File Meta
 * Information is written again; `identified`: the policy changes nothing; `ordered`: the order that a
 * person picked says so.
 */
export type RowReason = Because | 'around' | 'file-meta' | 'identified' | 'ordered';

export interface ComparedRow {
  /** The path as in the report: `0040,a730[1]>0040,a160`; of an item `0040,a730[1]`. */
  readonly path: string;
  /** The number of sequences and items around it. */
  readonly depth: number;
  readonly tag: number;
  /** Items are counted from 1; null: an element. */
  readonly item: number | null;
  /** PS3.6; null where that does not know the tag. */
  readonly keyword: string | null;
  readonly vr: string;
  /** null: it is not there. */
  readonly before: ShownValue | null;
  readonly after: ShownValue | null;
  readonly change: Change;
  readonly because: RowReason;
  readonly action: ActionCode | null;
  /** The element's meaning; inside a removed or added sequence, that of the sequence. */
  readonly group: Group;
  /** The Basic Profile's choices in Table E.1-1, `X/Z/D`; null: no row. */
  readonly profile: string | null;
}

/** Elements beyond the limit of what a screen can hold. */
export interface NotShown {
  readonly changed: number;
  readonly kept: number;
}

export type Comparison =
  | { readonly kind: 'compared'; readonly rows: readonly ComparedRow[]; readonly notShown: NotShown }
  | NotSent;
