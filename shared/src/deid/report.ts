/**
 * The report of the changes to one instance, by tag path. It lets an auditor replay the profile and contains no value
 * of the data. `protocol/deid-report.ts` defines its wire format and its digest.
 */
import {
  isShort,
  reportDigest,
  type REPORT_ACTIONS,
  type REPORT_CAUSES,
  type WireReport,
} from '../protocol/deid-report.ts';
import { PROFILE_EDITION } from './profile.generated.ts';
import { BASIC_PROFILE, OPTIONS } from './profile.ts';
import type { OptionName } from './profile.ts';
import type { ActionCode, Because } from './decision.ts';

export interface TagAction {
  /** `gggg,eeee`; inside sequences it follows the path: `0040,a730[1]>0040,a160`. */
  readonly path: string;
  readonly action: ActionCode;
  readonly because: Because;
}

interface DeidReport {
  /** Edition of PS3.15 from which the table was taken. */
  readonly edition: string;
  readonly options: readonly OptionName[];
  /** Codes of PS3.16 CID 7050, scheme DCM. */
  readonly methods: readonly string[];
  /** Attributes that are not listed were kept without a rule. */
  readonly actions: readonly TagAction[];
}

/** Profile and options as coded in CID 7050, in the order of their codes. */
export function methodCodes(
  options: readonly OptionName[],
): readonly { readonly code: string; readonly meaning: string }[] {
  return [BASIC_PROFILE, ...options.map((option) => OPTIONS[option])].map(({ code, meaning }) => ({
    code,
    meaning,
  }));
}

export function createReport(options: readonly OptionName[], actions: readonly TagAction[]): DeidReport {
  return {
    edition: PROFILE_EDITION,
    options,
    methods: methodCodes(options).map(({ code }) => code),
    actions,
  };
}

/**
 * Accepts only codes that the wire format knows: a code that `rules.ts` has and `deid-report.ts` lacks does not
 * compile.
 */
function formatAction({
  path,
  action,
  because,
}: {
  path: string;
  action: (typeof REPORT_ACTIONS)[number];
  because: (typeof REPORT_CAUSES)[number];
}): string {
  return `${path} ${action} ${because}`;
}

/**
 * The report as it is sent and stored. The same actions in the same order, under the same options and edition, have
 * the same digest.
 */
export async function toWireReport({ edition, options, actions }: DeidReport): Promise<WireReport> {
  const lines = actions.map(formatAction);
  return {
    edition,
    options,
    digest: await reportDigest({ edition, options, actions: lines }),
    actions: isShort(lines) ? lines : null,
  };
}
