/**
 * A part of a page that shows an answer. Its children are drawn only from a known value. Until then it says that the
 * value is loading, once that takes long. If there is no answer, or no newer one, it says why and offers to ask again.
 */
import type { ComponentChildren } from 'preact';
import { kitWords } from './kit-words.ts';
import { troubleIn, type Known, type Resource } from './resource.ts';
import type { Trouble } from './trouble.ts';
import { TroubleAlert } from './TroubleAlert.tsx';
import { useLate } from './use-late.ts';

type WhenKnownProps<T> = {
  readonly of: Pick<Resource<T, Trouble>, 'answer' | 'again'>;
  readonly loading: string;
  readonly children: (value: T, known: Known) => ComponentChildren;
};

export function WhenKnown<T>({ of, loading, children }: WhenKnownProps<T>) {
  const answer = of.answer.value;
  const isLoading = answer.state === 'loading';
  const late = useLate(isLoading);
  return (
    <>
      <TroubleAlert trouble={troubleIn(answer)} onAgain={() => void of.again()}>
        {answer.state === 'known' && <p>{kitWords.old}</p>}
      </TroubleAlert>
      {isLoading && late && <p class="quiet">{loading}</p>}
      {answer.state === 'known' && children(answer.value, answer)}
    </>
  );
}
