/**
 * Leads from one result to all results of its study, by an address that works anywhere. The address names the result,
 * because no address may contain a UID.
 */
import { troubleOf } from '../../net/trouble-of.ts';
import type { Trouble } from '../../kit/trouble.ts';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { useEffect, useState } from 'preact/hooks';
import { hrefOf } from '../../kit/routes.ts';
import { resultWords } from '../parts/result-words.ts';
import type { ResultsStore } from '../parts/results.store.ts';

export const OF_STUDY = 'study';

type OfStudyProps = { readonly id: string; readonly list: ResultsStore };

export function OfStudy({ id, list }: OfStudyProps) {
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const left = new AbortController();
    list.showStudyOf(id, left.signal).then(
      // Replaces this address, so that the Back button leads out of the list.
      () => location.replace(hrefOf({ page: 'results', at: 'results', id: '', beside: '' })),
      (error: unknown) => left.signal.aborted || setTrouble(troubleOf(error)),
    );
    return () => left.abort();
  }, [id, attempt]);
  return (
    <main id="content" class="page results" aria-busy={trouble === null}>
      <h1 tabIndex={-1}>{resultWords.list.title}</h1>
      <TroubleAlert
        trouble={trouble}
        onAgain={() => {
          setTrouble(null);
          setAttempt(attempt + 1);
        }}
      />
    </main>
  );
}
