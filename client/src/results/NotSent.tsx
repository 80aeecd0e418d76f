/**
 * Verdicts that were not sent, each named as its row of the list is: by its patient or pseudonym, for readers who are
 * told. The page of each result offers to send or discard it.
 */
import { useEffect } from 'preact/hooks';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { hrefOf } from '../kit/routes.ts';
import { patientOf } from './describe-result.ts';
import { listWords } from './list-words.ts';
import { useInputName } from './Parts.tsx';
import type { PickedPictures } from './picked-pictures.ts';
import type { PreviewsStore } from './previews.store.ts';
import { resultWords } from './result-words.ts';
import { isUnsentVerdict, type UnsentVerdict } from './result.store.ts';
import { isOvertaken } from '../outbox/outbox.ts';
import { useOutbox } from '../outbox/open-outbox.ts';
import { useWhenBack } from '../pipeline/queue/use-when-back.ts';

const said = resultWords.verdict;

type NotSentProps = { readonly previews: PreviewsStore; readonly picked: PickedPictures };

export function NotSent(props: NotSentProps) {
  const unsent = useOutbox().statements.value.filter(isUnsentVerdict);
  return unsent.map((one) => <One key={one.said.resultId} unsent={one} {...props} />);
}

function One({ unsent, previews, picked }: NotSentProps & { readonly unsent: UnsentVerdict }) {
  const { trouble, isRetried } = unsent;
  const { resultId: id, input } = unsent.said;
  const { studyInstanceUID: uid } = input;
  const isInPacs = uid !== undefined;
  useEffect(() => void (isInPacs && previews.want(id)), [id, isInPacs]);
  useWhenBack(previews.arrival(id).value === 'failed', () => previews.want(id));
  const known = picked.nameOf(id) ?? patientOf(previews.of(id).value);
  // Nothing else tells two studies apart whose patients the page does not know.
  const name = [useInputName()(input), ...(isInPacs ? [resultWords.studyUID(uid.slice(-8))] : [])].join(', ');
  // The page itself says that the gateway cannot be reached, and only the result says whose verdict came first.
  const next = isOvertaken(trouble)
    ? listWords.overtakenHere
    : isRetried
      ? said.unsentRetried
      : [trouble.title, trouble.next].filter(Boolean).join(' ');
  return (
    <TroubleAlert trouble={{ ...trouble, title: said.unsent, next }}>
      <p>
        <a class="button" href={hrefOf({ page: 'results', at: 'results', id, beside: '' })}>
          <bdi>{known ?? name}</bdi>
        </a>
      </p>
    </TroubleAlert>
  );
}
