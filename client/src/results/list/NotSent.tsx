/**
 * Verdicts that were not sent. Each is named like its row in the list: by patient or pseudonym, for readers who may
 * know it. The page of each result offers to send or discard the verdict.
 */
import { useEffect } from 'preact/hooks';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { hrefOf } from '../../kit/routes.ts';
import { patientOf } from '../parts/describe-result.ts';
import { listWords } from './list-words.ts';
import { useInputName } from '../parts/Parts.tsx';
import type { PickedPictures } from '../parts/picked-pictures.ts';
import type { PreviewsStore } from '../parts/previews.store.ts';
import { resultWords } from '../parts/result-words.ts';
import { isUnsentVerdict, type UnsentVerdict } from '../parts/result.store.ts';
import { isOvertaken } from '../../outbox/outbox.ts';
import { useOutbox } from '../../outbox/open-outbox.ts';
import { useWhenBack } from '../../pipeline/queue/use-when-back.ts';

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
  // If the page does not know the patients, only the end of the UID tells two studies apart.
  const name = [useInputName()(input), ...(isInPacs ? [resultWords.studyUID(uid.slice(-8))] : [])].join(', ');
  // The page already says if the gateway cannot be reached. Whose verdict came first is said only on the page of the
  // result.
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
