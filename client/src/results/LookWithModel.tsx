/** From a study that has arrived to asking a model of it. */
import { hrefOf } from '../kit/routes.ts';
import { resultWords } from './result-words.ts';

/** `id`: of the study on this device. */
export function LookWithModel({ id }: { readonly id: string }) {
  return (
    <a class="button" href={hrefOf({ page: 'results', at: 'infer', id, beside: '' })}>
      {resultWords.look}
    </a>
  );
}
