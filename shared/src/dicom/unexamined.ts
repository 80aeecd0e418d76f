/** An instance that is parsed but not yet examined, and the form of a fault found when it is examined. */
import type { ReasonCode, WarningCode } from '../protocol/reasons.ts';
import type { ParsedInstance } from './data-set.ts';

/** A parsed instance whose meaning has not been examined. */
export type Unexamined = Omit<ParsedInstance, 'identifiers' | 'characterSets' | 'warnings'> & {
  readonly warnings: Set<WarningCode>;
};

/** A reason to refuse an instance, and the element that causes it. */
export type Fault = { readonly because: ReasonCode; readonly tag: number; readonly offset: number };
