/**
 * From one result to all results of its study: an address that can be opened anywhere. It names the result, because no
 * address holds a UID.
 */
import { kitWords } from '../kit/kit-words.ts';
import { useEffect, useState } from 'preact/hooks';
import { hrefOf } from '../kit/routes.ts';
import { TroubleNotice } from './Parts.tsx';
import { resultWords } from './result-words.ts';
import type { ResultsStore } from './results.store.ts';
import { troubleOf, type Trouble } from './trouble.ts';

export const OF_STUDY = 'study';

type OfStudyProps = { readonly id: string; readonly list: ResultsStore };

export function OfStudy({ id, list }: OfStudyProps) {
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const left = new AbortController();
    list.showStudyOf(id, left.signal).then(
      // In the place of this address: the way back leads out of the list.
      () => location.replace(hrefOf({ page: 'results', at: 'results', id: '', beside: '' })),
      (error: unknown) => left.signal.aborted || setTrouble(troubleOf(error)),
    );
    return () => left.abort();
  }, [id, attempt]);
  return (
    <main id="content" class="page results" aria-busy={trouble === null}>
      <h1 tabIndex={-1}>{resultWords.list.title}</h1>
      {trouble && (
        <TroubleNotice trouble={trouble}>
          <button
            type="button"
            class="button"
            onClick={() => {
              setTrouble(null);
              setAttempt(attempt + 1);
            }}
          >
            {kitWords.again}
          </button>
        </TroubleNotice>
      )}
    </main>
  );
}
