/** The cases that have a study too: before another one is opened for it, and on the page of one of them. */
import { useEffect, useState } from 'preact/hooks';
import { caseListSchema, type ListedCase } from '#shared/protocol/cases.ts';
import { namesHidden } from '../../kit/identities.ts';
import { Notice } from '../../kit/Notice.tsx';
import { useArriving } from '../../kit/Together.tsx';
import { hrefOf } from '../../kit/routes.ts';
import { useApi } from '../../net/net-context.ts';
import { nameOf } from './CaseParts.tsx';
import { caseWords } from './case-words.ts';

/** The most cases shown; the list of cases has the others. */
const MOST = 3;
/** The most studies that are asked about; few cases have as many. */
const ASKED = 5;

type KnownCasesProps = {
  readonly studies: readonly string[];
  readonly title: string;
  /** The id of the case whose page this is. */
  readonly except?: string;
  readonly onClose?: () => void;
};

export function KnownCases({ studies, title, except, onClose }: KnownCasesProps) {
  const api = useApi();
  const [cases, setCases] = useState<readonly ListedCase[]>([]);
  const [isAsking, setAsking] = useState(true);
  useArriving(isAsking);
  const isAnonymous = namesHidden.value;
  const asked = studies.slice(0, ASKED).join(' ');
  useEffect(() => {
    const closed = new AbortController();
    const casesOf = (uid: string) =>
      api.json(`/cases?study=${uid}${isAnonymous ? '&anonymise=1' : ''}`, caseListSchema, {
        signal: closed.signal,
      });
    const told = Promise.all(asked.split(' ').map(casesOf)).then(
      (answers) => {
        const found = new Map(answers.flatMap((answer) => answer.cases).map((one) => [one.id, one]));
        if (except !== undefined) found.delete(except);
        if (!closed.signal.aborted) setCases([...found.values()].slice(0, MOST));
      },
      // Opening the case asks the same gateway, and reports if it does not answer.
      () => undefined,
    );
    void told.then(() => !closed.signal.aborted && setAsking(false));
    return () => closed.abort();
  }, [api, asked, except, isAnonymous]);
  return (
    <div role="status">
      {cases.length > 0 && (
        <Notice kind="plain" title={title}>
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
