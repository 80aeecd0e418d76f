/** Decides how long a page asks for its result again: until the PACS has every report and map of it, or never will. */
import type { Result } from '#shared/protocol/inference.ts';

const ENDED: readonly string[] = [
  'stored',
  'coerced',
  'already-stored',
  'refused',
  'quarantined',
  'left-out',
];

/** A verdict's report takes seconds; where a PACS is away it takes as long as that. */
const FIRST_MS = 1_500;
const LONGEST_MS = 30_000;

/** The gateway writes a report for each verdict on a result that has one; it has not named this one yet. */
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

/** `turn`: counted from 0, since the last verdict. */
export const waitBefore = (turn: number): number => Math.min(LONGEST_MS, FIRST_MS * 1.5 ** turn);
