/** The chosen files: the progress of reading, the studies found, and the files that cannot be sent. */
import { useIngest } from '../found/ingest-context.ts';
import { Notice } from '../../../kit/Notice.tsx';
import { nameSaid } from '../../../kit/identities.ts';
import { hrefOf } from '../../../kit/routes.ts';
import { VirtualList } from '../../../kit/VirtualList.tsx';
import { useQueue } from '../../queue/queue-context.ts';
import { titleWords } from '../../queue/title-words.ts';
import { chosenWords } from '../found/chosen-words.ts';
import { ingestWords } from './ingest-words.ts';
import type { FoundStudy } from '../found/found-study.ts';
import type { NamedPerson } from '../found/group-studies.ts';
import { DiscNotices, ExpectedStudies } from './DiscIndex.tsx';
import { People } from './People.tsx';
import { HasRead, Reading } from './Reading.tsx';
import { RejectedFiles } from './RejectedFiles.tsx';
import { personOf } from '../orders/order-person.ts';
import { sameIdElsewhere } from '../found/same-id.ts';
import { isNothingFound, peopleOf } from '../found/sendable.ts';
import { useSentBefore } from '../card/SentBeforeNote.tsx';
import { WantedAgain } from './WantedAgain.tsx';
import { StoppedReading } from './StoppedReading.tsx';
import { StudyCard } from '../card/StudyCard.tsx';

/** At most this many are listed; the others are only counted. */
const SAME_ID_SHOWN = 6;

/** The height of a card that was not rendered yet, in px. */
const CARD = 196;

export type SelectionProps = {
  /**
   * The number of instances that the last Send put into the queue, if some of its files were refused; otherwise null.
   */
  readonly queued: number | null;
};

export function Selection({ queued }: SelectionProps) {
  const ingest = useIngest();
  const known = useSentBefore();
  const phase = ingest.phase.value;
  const studies = ingest.studies.value;
  const isRead = phase === 'found' || phase === 'idle';
  // A file for a stick is explained below. Choosing another folder would not help.
  const isStick = ingest.rejected.value.some(({ reason }) => reason === 'not-dicom-stick');
  return (
    <>
      {studies.length > 0 && <GoToSend />}
      {phase === 'reading' ? <Reading /> : <HasRead />}
      <StoppedReading />
      {isRead && <SendProblem />}
      {phase === 'found' && <WantedAgain />}
      {isRead && queued !== null && <QueuedInPart instances={queued} />}
      <DiscNotices />
      <WrongPatient studies={studies} />
      {isRead && isNothingFound(ingest) && !isStick && (
        <Notice kind="plain" title={chosenWords.nothing}>
          <p>{chosenWords.nothingNext}</p>
        </Notice>
      )}
      {studies.length > 0 && (
        <VirtualList
          items={studies}
          keyOf={(study) => study.studyInstanceUID}
          estimate={CARD}
          label={ingestWords.found(studies.length)}
          class="cards"
          render={(study) => <StudyCard study={study} sentBefore={known} />}
        />
      )}
      <ExpectedStudies />
      <RejectedFiles
        files={ingest.rejected.value}
        title={chosenWords.cannotGo(ingest.rejected.value.length)}
        what={chosenWords.cannotGoWhat(ingest.rejected.value.length, studies.length)}
        action={<Unreadable />}
      />
      <RejectedFiles
        files={ingest.skippedFiles.value}
        title={chosenWords.skipped(ingest.skipped.value)}
        what={chosenWords.skippedWhat}
      />
    </>
  );
}

/** The studies of which Send could read no file, each by its patient. */
function Unreadable() {
  const { sentFromHere } = useIngest();
  return [...sentFromHere.value.leftBehind].map(
    ([uid, { why, files, patientName }]) =>
      why === 'unreadable' && (
        <p key={uid} class="kept">
          <bdi>{chosenWords.noneRead(files, nameSaid(patientName ?? '') ?? titleWords.noPatient)}</bdi>
        </p>
      ),
  );
}

/** A skip link for the keyboard, past all studies and pictures. */
function GoToSend() {
  const go = () =>
    (
      document.querySelector<HTMLElement>('.send-button:enabled') ??
      document.querySelector<HTMLElement>('.send-bar button:enabled')
    )?.focus();
  return (
    <button type="button" class="skip button" onClick={go}>
      {ingestWords.goToSend}
    </button>
  );
}

/**
 * The result of the last Send, shown until the page is left: some of its files are listed below and are not in the
 * queue.
 */
function QueuedInPart({ instances }: { readonly instances: number }) {
  return (
    <Notice kind="plain" sign="device" title={chosenWords.queued(instances)}>
      <p>{chosenWords.queuedInPart}</p>
      <p class="notice-actions">
        <a class="button" href={hrefOf({ page: 'studies' })}>
          {chosenWords.toQueue}
        </a>
      </p>
    </Notice>
  );
}

/**
 * Warns of several patients, a mistake that nobody notices until the wrong chart is open. It is shown once, above all
 * studies, with the patients of the studies that Send takes.
 */
function WrongPatient({ studies }: { readonly studies: readonly FoundStudy[] }) {
  const people = peopleOf(
    useIngest(),
    studies.filter((study) => study.selected.value),
  );
  return (
    <>
      {people.length > 1 && (
        <Notice kind="wait" title={chosenWords.wrongPatient}>
          <p>{chosenWords.severalPatients(people.length)}</p>
          <People people={people} />
        </Notice>
      )}
      <SameIdElsewhere people={people} />
    </>
  );
}

/** Warns because the PACS merges two patients with the same ID. */
function SameIdElsewhere({ people }: { readonly people: readonly NamedPerson[] }) {
  const same = sameIdElsewhere(people, useQueue().studies.value);
  if (same.length === 0) return null;
  return (
    <Notice kind="wait" title={chosenWords.wrongPatient}>
      <p>{chosenWords.sameId}</p>
      <ul class="people">
        {same.slice(0, SAME_ID_SHOWN).map(({ person, other }) => (
          <li key={`${person.id}\n${person.name}`} class="kept">
            <bdi>{chosenWords.notTheSame(personOf(person.name, person.id), personOf(other.name, ''))}</bdi>
          </li>
        ))}
        {same.length > SAME_ID_SHOWN && <li>{chosenWords.morePeople(same.length - SAME_ID_SHOWN)}</li>}
      </ul>
    </Notice>
  );
}

/** Why Send failed, what that means, and what to do. A missing reason is asked for in a sheet of its own. */
function SendProblem() {
  const ingest = useIngest();
  const problem = ingest.problem.value;
  return (
    <div role="alert">
      {problem && problem !== 'reason-missing' && (
        <Notice kind="stop" title={chosenWords.sendProblem[problem].title}>
          <p>{chosenWords.sendProblem[problem].next}</p>
        </Notice>
      )}
    </div>
  );
}
