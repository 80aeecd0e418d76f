/**
 * What was done to one instance, by tag path: enough for an auditor to replay the profile, and no value of the data.
 */
import { BASIC_PROFILE, OPTIONS, PROFILE_EDITION } from './profile.ts';
import type { OptionName } from './profile.ts';
import type { ActionCode, Because } from './rules.ts';

export interface TagAction {
  /** `gggg,eeee`, inside sequences behind the path to it: `0040,a730[1]>0040,a160`. */
  readonly path: string;
  readonly action: ActionCode;
  readonly because: Because;
}

export interface DeidReport {
  /** Edition of PS3.15 that the table was taken from. */
  readonly edition: string;
  readonly options: readonly OptionName[];
  /** Codes of PS3.16 CID 7050, scheme DCM. */
  readonly methods: readonly string[];
  /** What is not listed was kept without a rule. */
  readonly actions: readonly TagAction[];
}

/** Profile and options as CID 7050 codes them, in the order of their codes. */
export function methodCodes(options: readonly OptionName[]): readonly { readonly code: string; readonly meaning: string }[] {
  return [BASIC_PROFILE, ...options.map((option) => OPTIONS[option])].map(({ code, meaning }) => ({ code, meaning }));
}

export function createReport(options: readonly OptionName[], actions: readonly TagAction[]): DeidReport {
  return { edition: PROFILE_EDITION, options, methods: methodCodes(options).map(({ code }) => code), actions };
}
