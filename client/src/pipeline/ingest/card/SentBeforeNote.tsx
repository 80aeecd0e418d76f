/**
 * On a found study's card: says that the study is already in the PACS, or on its way, before anybody sends it again.
 */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { formatMoment } from '../../../kit/format.ts';
import { Icon, type IconName } from '../../../kit/Icon.tsx';
import { hrefOf } from '../../../kit/routes.ts';
import { useApi } from '../../../net/net-context.ts';
import { endingWords } from '../../queue/ending-words.ts';
import { useQueue } from '../../queue/queue-context.ts';
import { readReceipt } from '../../queue/read-receipt.ts';
import { chosenWords } from '../found/chosen-words.ts';
import { totalOf } from '../found/forecast.ts';
import type { FoundStudy } from '../found/found-study.ts';
import { useIngest } from '../found/ingest-context.ts';
import { COMPARED_AT_MOST, compareWithSent, heldIn, type PartInPacs } from './compare-with-sent.ts';
import {
  askSent,
  sentBefore,
  sentUnder,
  uidsAsSent,
  type SentBefore,
  type SentBeforeByUid,
} from './sent-before.ts';

/**
 * Asks once for all studies that were chosen together. The result is a signal, because a card is not rendered again
 * with its list.
 */
export function useSentBefore(): ReadonlySignal<SentBeforeByUid> {
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
  const known = useSignal<SentBeforeByUid>(new Map());
  const queued = studies.value;
  useEffect(() => {
    known.value = sentBefore(queued, sent);
  }, [known, queued, sent]);
  return known;
}

type SentBeforeNoteProps = { readonly study: FoundStudy; readonly known: ReadonlySignal<SentBeforeByUid> };

export function SentBeforeNote({ study, known }: SentBeforeNoteProps) {
  const { policy } = useIngest();
  const { now, otherwise } = useUidsAsSent(study, known.value.size > 0);
  const before = sentUnder(known.value, now);
  const part = usePartInPacs(study, before);
  const other = now.size > 0 ? sentUnder(known.value, otherwise) : undefined;
  const shown = before ?? (other && other.inPacs > 0 ? other : undefined);
  if (shown === undefined) return null;
  const said = chosenWords.sentBefore;
  const isWhole = shown.inPacs > 0 && part !== null && notThere(part) === 0 && study.unticked.length === 0;
  return (
    <div class="card-sent small" data-in-pacs={isWhole}>
      <Icon name={signOf(shown, isWhole)} size={20} turns={shown.inPacs === 0} />
      <div>
        <p>{before ? sentenceOf(before, study, part) : said.secondCopy(policy.value?.deidentify === true)}</p>
        <a class="button button-bare" href={hrefOf(shown.page)}>
          {shown.inPacs > 0 ? endingWords.openReceipt : said.open}
        </a>
      </div>
    </div>
  );
}

const notThere = ({ fresh, differs, staying, leftOut, gone }: PartInPacs): number =>
  fresh + differs + staying + leftOut + gone;

/** The icon of arrival is shown only if every chosen image has arrived. */
function signOf({ inPacs, isCancelled }: SentBefore, isWhole: boolean): IconName {
  if (inPacs === 0) return isCancelled ? 'close' : 'way';
  return isWhole ? 'pacs' : 'note';
}

function sentenceOf(
  before: SentBefore,
  { instances, unticked }: FoundStudy,
  part: PartInPacs | null,
): string {
  const { inPacs, at, isCancelled } = before;
  const said = chosenWords.sentBefore;
  const when = formatMoment(new Date(at), new Date());
  if (inPacs === 0) return isCancelled ? said.cancelled(when, isCancelled) : said.underWay(when);
  if (part === null) return said.perhapsMore(inPacs, instances + totalOf(unticked).instances);
  return notThere(part) > 0 ? said.inPart(part) : said.inPacs(inPacs, when);
}

/** Null if this device has no receipt of the study, or if there is too much to compare. */
function usePartInPacs(study: FoundStudy, before: SentBefore | undefined): PartInPacs | null {
  const api = useApi();
  const ingest = useIngest();
  const { policy, released, leftOut } = ingest;
  const { studyInstanceUID, instances, bytes } = study;
  const queue = useQueue();
  const [part, setPart] = useState<PartInPacs | null>(null);
  const inPacs = before?.inPacs ?? 0;
  const id = before && inPacs > 0 && before.page.page === 'study' ? before.page.id : null;
  // Some files are recognised only after a while, so this text triggers a new comparison.
  const staying = `${heldIn(ingest, studyInstanceUID)} ${leftOut.value.get(studyInstanceUID)?.instances}`;
  const isFew = instances <= COMPARED_AT_MOST.instances && bytes <= COMPARED_AT_MOST.bytes;
  useEffect(() => {
    setPart(null);
    if (id === null || !isFew) return;
    const gone = new AbortController();
    const compare = async () => {
      const kept = await queue.receiptOf(id);
      if (kept === null) return;
      const receipt = readReceipt(kept.jws);
      const { askInPacs } = await import('./ask-in-pacs.ts');
      const now = (uids: readonly string[]) => askInPacs(api, receipt.studyInstanceUID, uids, gone.signal);
      const found = await compareWithSent(ingest, study, { receipt, inPacs, now }, gone.signal);
      if (!gone.signal.aborted) setPart(found);
    };
    void ignoreFailure(compare(), 'the counts are said, and Send tells the rest');
    return () => gone.abort();
  }, [api, ingest, queue, study, id, inPacs, isFew, policy.value, released.value, staying]);
  return part;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * The UIDs under which the study would be sent. Empty until they are known, and if there is nothing to compare them
 * with. `otherwise`: the UIDs with names kept if they are removed now, and the reverse; a study that keeps its names
 * keeps its UID.
 */
function useUidsAsSent({ studyInstanceUID, people }: FoundStudy, isWanted: boolean) {
  const { inspection, policy, phase } = useIngest();
  const [uids, setUids] = useState(NONE);
  const removed = useRef(NONE);
  const isFound = phase.value === 'found';
  const isRemoving = policy.value?.deidentify === true;
  useEffect(() => {
    setUids(NONE);
    if (!isWanted || !isFound) return;
    const gone = new AbortController();
    uidsAsSent(inspection, studyInstanceUID, gone.signal).then(
      (sentAs) => {
        if (gone.signal.aborted) return;
        if (isRemoving) removed.current = sentAs;
        setUids(sentAs);
      },
      // The policy could not be prepared, or a file could not be read. Send will say so.
      () => undefined,
    );
    return () => gone.abort();
  }, [inspection, studyInstanceUID, people.length, policy.value, isWanted, isFound]);
  return { now: uids, otherwise: isRemoving ? new Set([studyInstanceUID]) : removed.current };
}
