/** Before a case is opened for a study: the existing cases with this study. */
import { useEffect, useState } from 'preact/hooks';
import { caseListSchema, type ListedCase } from '#shared/protocol/cases.ts';
import { namesHidden } from '../../kit/identities.ts';
import { Notice } from '../../kit/Notice.tsx';
import { hrefOf } from '../../kit/routes.ts';
import { useApi } from '../../net/net-context.ts';
import { nameOf } from './CaseParts.tsx';
import { caseWords } from './case-words.ts';

/** The most cases shown; the list of cases has the others. */
const MOST = 3;

type KnownCasesProps = { readonly studyInstanceUID: string; readonly onClose: () => void };

export function KnownCases({ studyInstanceUID, onClose }: KnownCasesProps) {
  const api = useApi();
  const [cases, setCases] = useState<readonly ListedCase[]>([]);
  const isAnonymous = namesHidden.value;
  useEffect(() => {
    const closed = new AbortController();
    const path = `/cases?study=${studyInstanceUID}${isAnonymous ? '&anonymise=1' : ''}`;
    api.json(path, caseListSchema, { signal: closed.signal }).then(
      (answer) => !closed.signal.aborted && setCases(answer.cases.slice(0, MOST)),
      // Opening the case asks the same gateway, and reports if it does not answer.
      () => undefined,
    );
    return () => closed.abort();
  }, [api, studyInstanceUID, isAnonymous]);
  return (
    <div role="status">
      {cases.length > 0 && (
        <Notice kind="plain" title={caseWords.form.known}>
          <ul class="plain">
            {cases.map((one) => (
              <li key={one.id}>
                <a href={hrefOf({ page: 'cases', id: one.id, query: '' })} onClick={onClose}>
                  <bdi>{nameOf(one)}</bdi>
                </a>
                {caseWords.separator}
                {caseWords.statuses[one.status]}
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </div>
  );
}
