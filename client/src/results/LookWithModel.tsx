/** Links from a study that has arrived to running a model on it. */
import { hrefOf } from '../kit/routes.ts';
import { resultWords } from './result-words.ts';

/** `id`: the study's id on this device. */
export function LookWithModel({ id }: { readonly id: string }) {
  return (
    <a class="button" href={hrefOf({ page: 'results', at: 'infer', id, beside: '' })}>
      {resultWords.look}
    </a>
  );
}
