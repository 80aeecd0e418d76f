/**
 * The report of the changes to an instance, as a manifest and a receipt hold it: paths of tags and codes, but no value
 * of the data. One action is one string, `0040,a730[1]>0040,a160 D inside-sequence`; the form is so narrow that nothing
 * else can hide in it. A report has one canonical text and so one digest, the same on the device, at the gateway and in
 * `relay deidentify --report`.
 *
 * This file has no schemas, because the workers that de-identify on the page need none.
 */
import { composePattern } from '../compose-pattern.ts';
import { textDigest } from './text-digest.ts';

/** The action codes of PS3.15 Table E.1-1a; `added`: the element is not in the original. */
export const REPORT_ACTIONS = ['X', 'Z', 'D', 'K', 'C', 'U', 'added'] as const;

/**
 * The part of the policy that decided on the action. The type in `deid/rules.ts` explains each and must use the same
 * words.
 */
export const REPORT_CAUSES = [
  'profile',
  'option',
  'policy',
  'pseudonym',
  'private',
  'safe-private',
  'overlay',
  'unknown-attribute',
  'free-text',
  'by-vr',
  'beside-the-table',
  'released',
  'covered',
  'inside-sequence',
  'malformed',
  'outdated',
  'marker',
  'known-value',
  'unseen-bytes',
  'not-needed',
] as const;

/** The options of PS3.15 E.3. */
export const REPORT_OPTIONS = [
  'clean-pixel-data',
  'clean-recognizable-visual-features',
  'clean-graphics',
  'clean-structured-content',
  'clean-descriptors',
  'retain-longitudinal-full-dates',
  'retain-longitudinal-modified-dates',
  'retain-patient-characteristics',
  'retain-device-identity',
  'retain-uids',
  'retain-safe-private',
  'retain-institution-identity',
] as const;
export type ReportOption = (typeof REPORT_OPTIONS)[number];

/** Editions of the standard: a year, and a letter for each of its publications. */
export const REPORT_EDITION = /^DICOM \d{4}[a-e]$/;

/**
 * Item numbers below 1 000 000: an instance has at most 500 000 elements and items together
 * (`dicom/limits.ts`).
 */
const STEP = String.raw`[0-9a-f]{4},[0-9a-f]{4}\[[1-9]\d{0,5}\]>`;
export const REPORT_ACTION = composePattern(
  `^(?:${STEP})*[0-9a-f]{4},[0-9a-f]{4} (?:${REPORT_ACTIONS.join('|')}) (?:${REPORT_CAUSES.join('|')})$`,
);

/** Enough for sequences nested 24 deep; real reports reach 15. */
export const ACTION_CHARACTERS_LIMIT = 512;
/**
 * A CT slice has 60 to 280 actions, an enhanced object several for each frame (measured: 3 220). With a lower limit
 * ordinary multi-frame objects would travel without their list.
 */
export const REPORT_ACTIONS_LIMIT = 10_000;
/**
 * The most characters in all lists of one manifest. A study has few distinct lists, of 1 to 6 KiB each (measured; the
 * largest 106). Above this limit the lists of an unusual study would be most of what is sent, and its receipt too large
 * to show.
 */
export const REPORTS_CHARACTERS_LIMIT = 384 * 1024;

/**
 * A report as it is sent. `actions` null: the list was too long, and only its digest is given. Anyone who has the file
 * can make the list again.
 */
export interface WireReport {
  readonly edition: string;
  readonly options: readonly ReportOption[];
  /** In the order of the elements, with added elements last. Elements that are not listed were kept without a rule. */
  readonly actions: readonly string[] | null;
  /** `reportDigest` of the whole list. */
  readonly digest: string;
}

/**
 * SHA-256 in hexadecimal of these lines, each ended by a line feed: `RelayPACS de-identification 1`, the edition, the
 * options separated by spaces, and each action.
 */
export async function reportDigest({
  edition,
  options,
  actions,
}: {
  readonly edition: string;
  readonly options: readonly string[];
  readonly actions: readonly string[];
}): Promise<string> {
  const lines = ['RelayPACS de-identification 1', edition, options.join(' '), ...actions, ''];
  return textDigest(lines.join('\n'));
}

/** Whether the list has an action with this cause. False for a list that was too long to send. */
export const isReportedAs = (
  actions: readonly string[] | null | undefined,
  cause: (typeof REPORT_CAUSES)[number],
): boolean => actions?.some((action) => action.endsWith(` ${cause}`)) ?? false;

/** The characters of a list that count towards `REPORTS_CHARACTERS_LIMIT`. */
export function charactersOf(actions: readonly string[] | null): number {
  return (actions ?? []).reduce((sum, action) => sum + action.length, 0);
}

/** The report with its list if that fits into `room` characters, else without. */
export function withinRoom(report: WireReport, room: number): WireReport {
  return charactersOf(report.actions) <= room ? report : { ...report, actions: null };
}

/** Whether a list may be sent at all. */
export function isShort(actions: readonly string[]): boolean {
  return (
    actions.length <= REPORT_ACTIONS_LIMIT && actions.every(({ length }) => length <= ACTION_CHARACTERS_LIMIT)
  );
}
