/** Names a result's instance in the page address by its kind, because addresses contain no UIDs. */
import type { Result, ResultInstance } from '#shared/protocol/inference.ts';
import { formatMoment } from '../../kit/format.ts';
import { hrefOf } from '../../kit/routes.ts';
import { resultWords } from './result-words.ts';
import { storedWords } from './stored-words.ts';

/** `SR`; for a later revision, `SR-2`. */
export function placeOf({ kind, revision }: Pick<ResultInstance, 'kind' | 'revision'>): string {
  return revision === 1 ? kind : `${kind}-${revision}`;
}

export function isPlace(text: string): boolean {
  return /^(SR|SEG|SC)(-\d+)?$/.test(text);
}

export function hrefOfInstance(
  resultId: string,
  instance: Pick<ResultInstance, 'kind' | 'revision'>,
): string {
  return hrefOf({ page: 'results', at: 'results', id: resultId, beside: placeOf(instance) });
}

/** In reading order: the newest report, earlier reports, segmentation, heat map. */
export function inReadingOrder<I extends Pick<ResultInstance, 'kind' | 'revision'>>(
  instances: readonly I[],
): readonly I[] {
  const order = ['SR', 'SEG', 'SC'];
  return instances.toSorted(
    (a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || b.revision - a.revision,
  );
}

function titleOfInstance({ kind, revision }: Pick<ResultInstance, 'kind' | 'revision'>): string {
  return kind === 'SR' && revision > 1 ? storedWords.verifiedReport : storedWords.titles[kind];
}

/**
 * The title of a report, with the verdict and its time if `history` contains them: verdict n is in the report of
 * revision n + 1.
 */
export function titleOfReport(
  { history }: Pick<Result, 'history'>,
  instance: Pick<ResultInstance, 'kind' | 'revision'>,
): string {
  const verdict = instance.kind === 'SR' ? history?.[instance.revision - 2] : undefined;
  if (verdict === undefined) return titleOfInstance(instance);
  const said = resultWords.verdict.done[verdict.verdict];
  return storedWords.verified(said, formatMoment(new Date(verdict.at), new Date()));
}

/** Says in a sentence why a page about a stored part of a result shows nothing. */
export function whyNotShown(instances: readonly ResultInstance[], place: string): string {
  if (instances.length === 0) return storedWords.nothing;
  return instances.some((one) => placeOf(one) === place) ? storedWords.mayNotOpen : storedWords.notThis;
}

/** States of instances that are not in the PACS and never will be. */
const NOT_THERE = ['refused', 'quarantined', 'left-out'];

/**
 * The report that replaces this one; null: it is the newest. Each report names its predecessor in its Predecessor
 * Documents Sequence (0040,A360).
 */
export function replacementOf<I extends Pick<ResultInstance, 'kind' | 'revision' | 'state'>>(
  instances: readonly I[],
  { kind, revision }: Pick<ResultInstance, 'kind' | 'revision'>,
): I | null {
  if (kind !== 'SR') return null;
  const later = instances.filter(
    (one) => one.kind === 'SR' && one.revision > revision && !NOT_THERE.includes(one.state),
  );
  return later.toSorted((a, b) => a.revision - b.revision)[0] ?? null;
}
