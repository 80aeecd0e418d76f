/** On a found study's card: it is in the PACS already, or on its way, before anybody sends it again. */
import { useEffect, useState } from 'preact/hooks';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { formatMoment } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { useApi } from '../../net/net-context.ts';
import { useQueue } from '../queue/queue-context.ts';
import { chosenWords } from './chosen-words.ts';
import type { FoundStudy } from './found-study.ts';
import { useIngest } from './ingest-context.ts';
import { askSent, sentBefore, sentUnder, uidsAsSent, type SentBeforeByUid } from './sent-before.ts';

/** Asked once for all that was chosen together. */
export function useSentBefore(): SentBeforeByUid {
  const api = useApi();
  const { phase } = useIngest();
  const { studies } = useQueue();
  const [sent, setSent] = useState<readonly SentStudy[]>([]);
  const isFound = phase.value === 'found';
  useEffect(() => {
    if (!isFound) return;
    const gone = new AbortController();
    void askSent(api, gone.signal).then((told) => gone.signal.aborted || setSent(told));
    return () => gone.abort();
  }, [isFound, api]);
  return sentBefore(studies.value, sent);
}

type SentBeforeNoteProps = { readonly study: FoundStudy; readonly known: SentBeforeByUid };

export function SentBeforeNote({ study, known }: SentBeforeNoteProps) {
  const before = sentUnder(known, useUidsAsSent(study, known.size > 0));
  if (before === undefined) return null;
  const when = formatMoment(new Date(before.at), new Date());
  const said = chosenWords.sentBefore;
  return (
    <div class="card-sent small" data-in-pacs={before.inPacs > 0}>
      <Icon name={before.inPacs > 0 ? 'pacs' : 'way'} size={20} turns={before.inPacs === 0} />
      <p>{before.inPacs > 0 ? said.inPacs(before.inPacs, when) : said.underWay(when)}</p>
    </div>
  );
}

const NONE: ReadonlySet<string> = new Set();

/** Empty until they are known, and where nothing is known with which it could be compared. */
function useUidsAsSent({ studyInstanceUID, people }: FoundStudy, isWanted: boolean): ReadonlySet<string> {
  const { inspection, policy, phase } = useIngest();
  const [uids, setUids] = useState(NONE);
  const isFound = phase.value === 'found';
  useEffect(() => {
    setUids(NONE);
    if (!isWanted || !isFound) return;
    const gone = new AbortController();
    uidsAsSent(inspection, studyInstanceUID, gone.signal).then(
      (sentAs) => gone.signal.aborted || setUids(sentAs),
      // Not prepared, or not readable: Send says so.
      () => undefined,
    );
    return () => gone.abort();
  }, [inspection, studyInstanceUID, people.length, policy.value, isWanted, isFound]);
  return uids;
}
