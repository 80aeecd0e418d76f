/**
 * The filters of the list of results. The choice is remembered while the window is open, for the person who made it,
 * and sent to the gateway unchanged.
 */
import { DAY_MS } from '#shared/day.ts';
import type { Result } from '#shared/protocol/inference.ts';
import { filtersOf, oneOf, textOf } from '../../kit/filters.ts';

const PERIODS = ['any', 'today', 'week', 'month'] as const;
export type Period = (typeof PERIODS)[number];
const WHOSE = ['all', 'mine'] as const;
export type Whose = (typeof WHOSE)[number];

/** `none`: results without a verdict. */
const VERDICTS = ['any', 'none'] as const;
export type Verdicts = (typeof VERDICTS)[number];

const id = textOf((text) => text.length <= 64);

export const RESULTS = filtersOf({
  model: id,
  /** A Study Instance UID. */
  study: id,
  period: oneOf(PERIODS),
  whose: oneOf(WHOSE),
  verdict: oneOf(VERDICTS),
});
export const { usual: ALL, isFiltered } = RESULTS;
export type Filters = typeof ALL;

/** The storage key of the filters. */
export const FILTERS_KEY = 'relaypacs-results';
const DAYS: Readonly<Record<Exclude<Period, 'any' | 'today'>, number>> = { week: 7, month: 30 };

/** The start of a period, in the gateway's format; null: no start. A day begins at this device's midnight. */
export function beginOf(period: Period, now: Date): string | null {
  if (period === 'any') return null;
  if (period === 'today') return new Date(now.getFullYear(), now.getMonth(), now.getDate()).toISOString();
  return new Date(now.getTime() - DAYS[period] * DAY_MS).toISOString();
}

/** Whether a result may be listed under these filters, judged by study, model and verdict. */
export function fits({ finding, verification }: Result, { model, study, verdict }: Filters): boolean {
  return (
    (model === '' || finding.model.id === model) &&
    (study === '' || finding.input.studyInstanceUID === study) &&
    (verdict === 'any' || verification === null)
  );
}

/** The query of `GET /results`. */
export function queryOf(
  filters: Filters,
  user: string,
  now: Date,
  page: { readonly limit: number; readonly cursor?: string | null },
): string {
  const from = beginOf(filters.period, now);
  const query = new URLSearchParams({
    ...(filters.whose === 'mine' && { user }),
    ...(filters.model !== '' && { model: filters.model }),
    ...(filters.study !== '' && { study: filters.study }),
    ...(filters.verdict === 'none' && { verdict: filters.verdict }),
    ...(from !== null && { from }),
    folded: '1',
    limit: `${page.limit}`,
    ...(page.cursor && { cursor: page.cursor }),
  });
  return query.toString();
}

/** The part of the stored filters that is still valid. Another person's choice is ignored. */
export function parseFilters(kept: string | null, user: string): Filters {
  try {
    const { owner, query } = JSON.parse(kept ?? '') as { owner?: unknown; query?: unknown };
    return owner === user && typeof query === 'string' ? RESULTS.parse(query) : ALL;
  } catch {
    return ALL;
  }
}

export const writeFilters = (filters: Filters, user: string): string =>
  JSON.stringify({ owner: user, query: RESULTS.write(filters) });
