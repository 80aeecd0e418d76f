/**
 * A part of a page that shows an answer. Its children are drawn only from a known value. Until then it says that the
 * value is loading, once that takes long. If there is no answer, or no newer one, it says why and offers to ask again.
 */
import type { ComponentChildren, FunctionComponent } from 'preact';
import { kitWords } from './kit-words.ts';
import { troubleIn, type Known, type Resource } from './resource.ts';
import type { Trouble } from './trouble.ts';
import { useArriving } from './Together.tsx';
import { TroubleAlert } from './TroubleAlert.tsx';
import { useLate } from './use-late.ts';

type Waiting = FunctionComponent<{ readonly said: string }>;

type WhenKnownProps<T> = {
  readonly of: Pick<Resource<T, Trouble>, 'answer' | 'again'>;
  readonly loading: string;
  /** Shown once loading takes long, in place of a line with `loading`. */
  readonly waiting?: Waiting;
  readonly children: (value: T, known: Known) => ComponentChildren;
};

export function WhenKnown<T>({ of, loading, waiting: Waits = Line, children }: WhenKnownProps<T>) {
  const answer = of.answer.value;
  const isLoading = answer.state === 'loading';
  const late = useLate(isLoading);
  useArriving(isLoading);
  return (
    <>
      <TroubleAlert trouble={troubleIn(answer)} onAgain={() => void of.again()}>
        {answer.state === 'known' && <p>{kitWords.old}</p>}
      </TroubleAlert>
      {isLoading && late && <Waits said={loading} />}
      {answer.state === 'known' && children(answer.value, answer)}
    </>
  );
}

const Line: Waiting = ({ said }) => <p class="quiet">{said}</p>;
