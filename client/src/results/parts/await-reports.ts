/**
 * Decides how long a page keeps requesting its result: until the PACS has every report and map of it, or it is certain
 * that it never will.
 */
import type { Result } from '#shared/protocol/inference.ts';

const ENDED: readonly string[] = [
  'stored',
  'coerced',
  'already-stored',
  'refused',
  'quarantined',
  'left-out',
];

/** A verdict's report takes seconds. While a PACS is away, it takes as long as the PACS is away. */
const FIRST_MS = 1_500;
const LONGEST_MS = 30_000;

/** The gateway writes a report for each verdict on a result that has a report; it has not named this one yet. */
export function lacksReport({
  instances,
  verification,
  revision,
}: Pick<Result, 'instances' | 'verification' | 'revision'>): boolean {
  const reports = instances.filter(({ kind }) => kind === 'SR');
  return verification !== null && reports.length > 0 && reports.every((one) => one.revision < revision);
}

export function isUnderWay(result: Pick<Result, 'instances' | 'verification' | 'revision'>): boolean {
  return lacksReport(result) || result.instances.some(({ state }) => !ENDED.includes(state));
}

/** `turn`: the number of earlier requests since the last verdict, from 0. */
export const waitBefore = (turn: number): number => Math.min(LONGEST_MS, FIRST_MS * 1.5 ** turn);
