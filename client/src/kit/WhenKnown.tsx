/**
 * The part of a page that an answer fills: its children are drawn from a known value alone. Until then it says that it
 * is read, once that takes long; and why there is no answer, or none that is newer, with a way to ask again.
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
