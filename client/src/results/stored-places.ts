/** Names a result's instance in the page address by its kind, because addresses contain no UIDs. */
import type { ResultInstance } from '#shared/protocol/inference.ts';
import { hrefOf } from '../kit/routes.ts';
import { storedWords } from './stored-words.ts';

/** `SR`; of a later revision `SR-2`. */
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

export function titleOfInstance({ kind, revision }: Pick<ResultInstance, 'kind' | 'revision'>): string {
  return kind === 'SR' && revision > 1 ? storedWords.verifiedReport : storedWords.titles[kind];
}
