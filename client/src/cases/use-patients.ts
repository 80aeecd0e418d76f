/** The patients of a case, asked of the PACS; nobody is asked while names are hidden on this device. */
import { useEffect, useState } from 'preact/hooks';
import { casePatientsSchema, type CasePatients } from '#shared/protocol/cases.ts';
import { namesHidden } from '../kit/identities.ts';
import { useApi } from '../net/net-context.ts';

/** Null: not asked, or not answered yet. */
export type Asked = CasePatients['studies'] | 'failed' | null;

/** With the way to ask again. */
export function usePatients(caseId: string): readonly [Asked, () => void] {
  const api = useApi();
  const [patients, setPatients] = useState<Asked>(null);
  const [attempt, setAttempt] = useState(1);
  const isAsked = !namesHidden.value;
  useEffect(() => {
    setPatients(null);
    if (!isAsked) return;
    const closed = new AbortController();
    api
      .json(`/cases/${caseId}/patients`, casePatientsSchema, { signal: closed.signal })
      .then(({ studies }) => setPatients(studies))
      .catch(() => !closed.signal.aborted && setPatients('failed'));
    return () => closed.abort();
  }, [caseId, isAsked, attempt]);
  return [patients, () => setAttempt(attempt + 1)];
}
