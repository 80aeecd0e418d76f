/** An instance on its way from parsed to examined, and the form of a fault found there. */
import type { ReasonCode, WarningCode } from '../protocol/reasons.ts';
import type { ParsedInstance } from './data-set.ts';

/** A parsed instance whose meaning has not been examined. */
export type Unexamined = Omit<ParsedInstance, 'identifiers' | 'characterSets' | 'warnings'> & {
  readonly warnings: Set<WarningCode>;
};

/** A reason to refuse, and the element that gives it. */
export type Fault = { readonly because: ReasonCode; readonly tag: number; readonly offset: number };
