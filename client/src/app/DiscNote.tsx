/** Status line item: says that everything is in the PACS, or leads to the list of files that are not. */
import { useState } from 'preact/hooks';
import { AskFirst } from '../kit/AskFirst.tsx';
import { Icon } from '../kit/Icon.tsx';
import { nameSaid } from '../kit/identities.ts';
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf } from '../kit/routes.ts';
import { Sheet } from '../kit/Sheet.tsx';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { Path } from '../pipeline/ingest/card/PathsOfReason.tsx';
import { chosenWords } from '../pipeline/ingest/found/chosen-words.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { titleWords } from '../pipeline/queue/title-words.ts';
import type { DiscDoubt } from './disc-doubt.ts';
import { discWords } from './disc-words.ts';
import type { ChoicesSaid } from './choice-outcome.ts';
import { nextFor, type NotSent } from './choice-outcomes.ts';
import { sayLeftOut } from './say-left-out.ts';

type DiscNoteProps = {
  /** The sentence before this one says to keep the disc; otherwise this one says that everything is in the PACS. */
  readonly isKept: boolean;
  readonly said: ChoicesSaid;
  /** Images among the exceptions that an earlier page did not send. Only their number is known. */
  readonly earlier: number;
  /** Some of the files not sent may belong to a study. */
  readonly isAnyLacking: boolean;
  readonly notSent: NotSent;
  readonly doubt: DiscDoubt | null;
};

export function DiscNote(props: DiscNoteProps) {
  const { isKept, said, earlier, isAnyLacking, notSent, doubt } = props;
  const [isOpen, setOpen] = useState(false);
  const ingest = useIngest();
  const queue = useQueue();
  const isElsewhere = doubt?.isElsewhere.value ?? false;
  const isDoubted = doubt?.isDoubted.value ?? false;
  // A person who takes these files off the list has seen these alone: others may have been left behind before.
  const settle = () => {
    setOpen(false);
    ingest.settleNotSent();
    void queue.noteNotSent(notSent.noted);
  };
  const settleAll = () => {
    settle();
    doubt?.settle();
  };
  const isListed = said.except > earlier;
  return (
    <>
      {!isKept && <Icon name="disc" size={20} />}
      {!isKept && <span>{discWords.mayGo(said, isAnyLacking || isDoubted)}</span>}
      {!isKept && isElsewhere && <span>{discWords.elsewhere}</span>}
      {isListed && (
        <button type="button" class="status-which" aria-haspopup="dialog" onClick={() => setOpen(true)}>
          {isKept ? discWords.title(said) : discWords.which(said.except)}
        </button>
      )}
      {!isKept && isDoubted && !isElsewhere && said.except === 0 && (
        <AskFirst
          bare
          label={discWords.noDoubt}
          of={discWords.noDoubt}
          ask={discWords.askNoDoubt}
          onYes={settleAll}
        />
      )}
      {isOpen && isListed && (
        <NotSentSheet {...{ said, earlier, notSent }} onSettle={settle} onClose={() => setOpen(false)} />
      )}
    </>
  );
}

/** The most lines that the list shows. The rest, as from a folder of thousands of files, is only counted. */
const MOST = 200;

type NotSentProps = Pick<DiscNoteProps, 'said' | 'earlier' | 'notSent'> & {
  readonly onSettle: () => void;
  readonly onClose: () => void;
};

function NotSentSheet({ said, earlier, notSent, onSettle, onClose }: NotSentProps) {
  const { leftOut, left } = notSent;
  const next = nextFor(notSent);
  // A file that the upload page still shows is cleared there.
  const isOnPage = useIngest().phase.value !== 'idle';
  return (
    <Sheet title={discWords.title(said)} onClose={onClose}>
      <p class="sheet-text">{discWords.what[next]}</p>
      <ul class="not-sent">
        {earlier > 0 && <li>{discWords.earlier(earlier)}</li>}
        {leftOut.map((study) => (
          <li key={study.id}>
            <a href={hrefOf({ page: 'study', id: study.id })} onClick={onClose}>
              <bdi>{sayLeftOut(study, new Date())}</bdi>
            </a>
          </li>
        ))}
        {left.slice(0, MOST).map((file, at) => (
          <li key={at}>
            <Left file={file} />
          </li>
        ))}
      </ul>
      {left.length > MOST && <p class="small">{discWords.others(left.length - MOST)}</p>}
      <div class="sheet-actions">
        {isOnPage ? (
          <a
            class="button"
            href={hrefOf({ page: next === 'undecided' ? 'needs' : 'upload' })}
            onClick={onClose}
          >
            {next === 'undecided' ? chosenWords.decide : discWords.toUpload}
          </a>
        ) : (
          <AskFirst
            label={discWords.settle}
            of={discWords.settle}
            ask={discWords.askSettle(said.except - earlier)}
            onYes={onSettle}
          />
        )}
        <button type="button" class="button" onClick={onClose}>
          {kitWords.close}
        </button>
      </div>
    </Sheet>
  );
}

function Left({ file }: { readonly file: NotSent['left'][number] }) {
  const { files, isAtLeast, why, path, patientName } = file;
  if (why === 'unread') return <p>{discWords.unread(files, isAtLeast)}</p>;
  return (
    <>
      {patientName !== null && (
        <p class="kept">
          <bdi>{discWords.study(files, nameSaid(patientName) ?? titleWords.noPatient)}</bdi>
        </p>
      )}
      {why === 'left-unread' && <p>{discWords.leftUnread(files, isAtLeast)}</p>}
      {path !== '' && <Path path={path} />}
      {(why === 'missing' || why === 'not-dicom') && <p class="small quiet">{discWords.why[why]}</p>}
    </>
  );
}
