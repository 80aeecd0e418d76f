/** The details of an expanded row: the study's track, what is moving, what waits or needs a person, and the buttons. */
import { PROBLEMS } from '#shared/protocol/problem-table.ts';
import { useQueue } from './queue-context.ts';
import { formatMoment } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { Pace, Track } from './Track.tsx';
import type { TrackState } from './track-state.ts';
import { MovedUp } from './MovedUp.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { Cancelled } from './Cancelled.tsx';
import { endingWords } from './ending-words.ts';
import { queueWords } from './queue-words.ts';
import { trackWords } from './track-words.ts';
import { isStopped, rowButtons, whyNotCancelled } from './list-buttons.ts';
import type { QueuedStudy } from './queued-study.ts';
import { RepeatFilm } from './RepeatFilm.tsx';
import { StudyButtons } from './StudyButtons.tsx';
import { nameOf, partsOf, remainsOf, whenOf } from './study-title.ts';
import { goesFirst, trackOf } from './track-of.ts';

type StudyDetailsProps = {
  readonly study: QueuedStudy;
  /**
   * When the gateway began to receive the study, in milliseconds since 1970. null: it has not begun, or has not said
   * when.
   */
  readonly sentAt: number | null;
  /** Removes the study from the list. */
  readonly onDismiss: (id: string) => void;
};

export function StudyDetails({ study, sentAt, onDismiss }: StudyDetailsProps) {
  const track = trackOf(study, useQueue().link.value);
  const now = new Date();
  const said = study.title
    ? [...partsOf(study.title), ...whenOf(study, sentAt, now)]
    : remainsOf(study, now, sentAt);
  return (
    <>
      <p class="small quiet queue-meta kept">
        <bdi>{said.join(kitWords.separator)}</bdi>
      </p>
      {goesFirst(study) && <MovedUp />}
      {study.savedToStickAt !== null && study.state !== 'taken-back' && (
        <p class="small quiet">{queueWords.onStick(formatMoment(new Date(study.savedToStickAt), now))}</p>
      )}
      <RepeatFilm study={study} />
      {study.state === 'taken-back' ? (
        <div class="quiet">
          <Cancelled study={study} />
        </div>
      ) : (
        <Track track={track} />
      )}
      <div class="queue-foot">
        <div class="queue-said">
          <Said study={study} track={track} />
          <NotCancelled study={study} />
        </div>
        <Actions study={study} onDismiss={onDismiss} />
      </div>
    </>
  );
}

function Said({ study, track }: { readonly study: QueuedStudy; readonly track: TrackState }) {
  if (study.waiting === 'interrupted')
    return <Red title={queueWords.interrupted} next={queueWords.interruptedNext} />;
  if (study.state === 'failed') {
    const problem: { title: string; next?: string } = study.problem
      ? PROBLEMS[study.problem]
      : { title: queueWords.failed };
    return <Red title={problem.title} next={problem.next ?? null} />;
  }
  if (study.trouble && isStopped(study))
    return (
      <Red title={queueWords.trouble[study.trouble].title} next={queueWords.trouble[study.trouble].means} />
    );
  if (track.needsYou > 0) return <Red title={trackWords.toDecide(track.needsYou)} next={null} />;
  if (study.packing) return <p class="small quiet">{queueWords.stillReading}</p>;
  if (study.paused && study.isWaiting)
    return <p class="small quiet">{study.cancelling ? endingWords.cancelling : queueWords.paused}</p>;
  return (
    <Pace
      track={track}
      bytesPerSecond={study.bytesPerSecond}
      secondsLeft={study.secondsLeft}
      stalled={study.stalled}
    />
  );
}

function Red({ title, next }: { readonly title: string; readonly next: string | null }) {
  return (
    <p class="said-red small">
      <Icon name="decide" size={20} />
      <span>
        <span class="strong">{title}</span>
        {next && <> {next}</>}
      </span>
    </p>
  );
}

/** Says how many instances can no longer be cancelled, and whom to ask. */
export function NotCancelled({ study }: { readonly study: QueuedStudy }) {
  const why = whyNotCancelled(study);
  return why && <p class="small quiet">{queueWords.notCancelled(why)}</p>;
}

function Actions({ study, onDismiss }: Omit<StudyDetailsProps, 'sentAt'>) {
  const buttons = rowButtons(study);
  return buttons.length === 0 ? null : (
    <StudyButtons study={study} name={nameOf(study)} buttons={buttons} onDismiss={onDismiss} />
  );
}
