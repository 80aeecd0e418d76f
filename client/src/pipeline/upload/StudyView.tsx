/**
 * One study, from the queue to the receipt: its track, the decisions it needs and, once it has arrived, which
 * instances the PACS holds, since when, and how that was proven. After completion its description is erased,
 * so the page then names no patient.
 */
import { useQueue } from '../queue/queue-context.ts';
import { formatBytes } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { unreadLines } from '../../kit/left-out-words.ts';
import { useLate } from '../../kit/use-late.ts';
import { hrefOf } from '../../kit/routes.ts';
import { Pace, Track } from '../queue/Track.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { endingWords } from '../queue/ending-words.ts';
import { queueWords } from '../queue/queue-words.ts';
import { trackWords } from '../queue/track-words.ts';
import { uploadWords } from './upload-words.ts';
import type { QueuedStudy, StudyTitle } from '../queue/queued-study.ts';
import { RepeatFilm } from '../queue/RepeatFilm.tsx';
import { isStopped, sendingButtons } from '../queue/list-buttons.ts';
import { StudyButtons } from '../queue/StudyButtons.tsx';
import { NotCancelled } from '../queue/StudyDetails.tsx';
import { nameOf, partsOf, personLines, remainsOf } from '../queue/study-title.ts';
import { trackOf } from '../queue/track-of.ts';
import { isNoneInPacs } from '../queue/track-state.ts';
import { TooLate } from '../queue/TooLate.tsx';
import { ArrivedPanel } from './ArrivedPanel.tsx';
import { Decisions } from './Decisions.tsx';
import { InstanceList } from './InstanceList.tsx';
import { StudyDestinations } from './StudyDestinations.tsx';
import { WholeStudyTrouble } from './WholeStudyTrouble.tsx';

export function StudyView({ id }: { readonly id: string }) {
  const queue = useQueue();
  const study = queue.studies.value.find((queued) => queued.id === id);
  const late = useLate(!queue.ready.value);
  if (!study && !queue.ready.value)
    return (
      <main id="content" class="page" aria-busy="true">
        {late && <p class="quiet">{uploadWords.loading}</p>}
      </main>
    );
  if (!study) {
    return (
      <main id="content" class="page stack">
        <BackToQueue />
        <h1 tabIndex={-1}>{uploadWords.missing}</h1>
        <p class="quiet">{uploadWords.missingWhat}</p>
      </main>
    );
  }
  return <OneStudy study={study} />;
}

function OneStudy({ study }: { readonly study: QueuedStudy }) {
  const track = trackOf(study, useQueue().link.value);
  const name = nameOf(study);
  // A stopped study shows its buttons next to what happened.
  const buttons = isStopped(study) ? [] : sendingButtons(study);
  const arrived = isReceipted(study);
  return (
    <main id="content" class="page study">
      <BackToQueue />
      <div class="study-head">
        <h1 tabIndex={-1} class="kept">
          <bdi>{name}</bdi>
        </h1>
        {study.title && <TitleLines title={study.title} />}
        <p class="small quiet numbers">
          {[
            ...(study.title ? [] : kindOf(study)),
            ...remainsOf({ ...study, completedAt: null }, new Date()),
            formatBytes(study.bytes),
            queueWords.travelled(study.policy.deidentify),
          ].join(kitWords.separator)}
        </p>
        {study.state === 'done' && study.title === null && (
          <p class="small quiet">
            {isNoneInPacs(study.track) ? queueWords.leftOutWhat : queueWords.erasedWhat}
          </p>
        )}
      </div>
      {study.state !== 'taken-back' && (
        <section class="study-track" aria-label={trackWords.label}>
          <Track track={track} size="large" />
          {study.waiting !== 'interrupted' && (
            <Pace
              track={track}
              bytesPerSecond={study.bytesPerSecond}
              secondsLeft={study.secondsLeft}
              stalled={study.stalled}
            />
          )}
          {track.leftOut > 0 && <p class="small quiet">{trackWords.notStored(track.leftOut)}</p>}
        </section>
      )}
      <Unread study={study} />
      <RepeatFilm study={study} />
      <WholeStudyTrouble study={study} />
      <Decisions study={study} />
      {study.paused && study.isWaiting && (
        <p class="quiet">{study.cancelling ? endingWords.cancelling : queueWords.paused}</p>
      )}
      {buttons.length > 0 && <StudyButtons study={study} name={name} buttons={buttons} />}
      <SaysTooLate />
      {arrived && <ArrivedPanel study={study} />}
      <NotCancelled study={study} />
      {study.studyInstanceUID && (arrived || study.state === 'at-gateway') && (
        <StudyDestinations studyInstanceUID={study.studyInstanceUID} />
      )}
      {study.studyInstanceUID && <InstanceList study={study} />}
    </main>
  );
}

/** Chosen files that were never read. The track does not count them. */
function Unread({ study: { leftUnread } }: { readonly study: QueuedStudy }) {
  return unreadLines(leftUnread).map((line) => (
    <p key={line} class="small">
      {line}
    </p>
  ));
}

function isReceipted({ state, receiptId }: QueuedStudy): boolean {
  return state === 'in-pacs' || state === 'done' || (state === 'attention' && receiptId !== null);
}

/** The region exists before it has any text, because a screen reader announces only what is added later. */
function SaysTooLate() {
  return (
    <div role="status">
      <TooLate />
    </div>
  );
}

/** The modalities, shown if there is no title. */
function kindOf({ about: { modalities } }: QueuedStudy): readonly string[] {
  return modalities.length === 0 ? [] : [modalities.join('/')];
}

function TitleLines({ title }: { readonly title: StudyTitle }) {
  const person = personLines(title.patientId, title.patientBirthDate);
  return (
    <>
      <p class="kept">
        <bdi>{partsOf(title).join(kitWords.separator)}</bdi>
      </p>
      <p class="small quiet">
        <bdi>{person.join(kitWords.separator)}</bdi>
      </p>
    </>
  );
}

function BackToQueue() {
  return (
    <p class="study-back">
      <a class="button button-bare" href={hrefOf({ page: 'studies' })}>
        <span class="flipped">
          <Icon name="chevron" size={16} turns />
        </span>
        {uploadWords.back}
      </a>
    </p>
  );
}
