/** A case or a review can link to a result, which then links back to it: the last part of the address says which. */
import { hrefOf } from '../../kit/routes.ts';
import { resultWords } from '../parts/result-words.ts';

const said = resultWords.one;

/** Null: the person came from the list. */
export type CameFrom = { readonly href: string; readonly said: string } | null;

export function cameFrom(beside: string): CameFrom {
  const [, kind, id = ''] = /^(case|review)-(.+)$/.exec(beside) ?? [];
  if (kind === 'case') return { href: hrefOf({ page: 'cases', id, query: '' }), said: said.toCase };
  return kind === 'review' ? { href: hrefOf({ page: 'reviews', id }), said: said.toReview } : null;
}
