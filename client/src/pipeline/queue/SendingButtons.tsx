/**
 * The buttons of a study that is not completely sent: change its turn, pause it, take it back, or cancel it
 * midway.
 */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useQueue } from './queue-context.ts';
import { Icon } from '../../kit/Icon.tsx';
import { queueWords } from './queue-words.ts';
import { CancelSending, TakeBack, type OfStudy } from './TakeBack.tsx';

export function SendingButtons({ study, name }: OfStudy) {
  const queue = useQueue();
  return (
    <div class="row">
      {study.isWaiting && <Turn study={study} name={name} />}
      {study.isWaiting && (
        <button
          type="button"
          class="button button-bare"
          aria-label={study.paused ? queueWords.resumeOf(name) : queueWords.pauseOf(name)}
          onClick={() => void (study.paused ? queue.resume(study.id) : queue.pause(study.id))}
        >
          {study.paused ? queueWords.resume : queueWords.pause}
        </button>
      )}
      {study.canTakeBack ? (
        <TakeBack study={study} name={name} />
      ) : (
        study.canCancel && <CancelSending study={study} name={name} />
      )}
    </div>
  );
}

type Way = 'first' | 'earlier' | 'later';

/**
 * Buttons that move the study among the waiting ones. The pressed button keeps the focus while the rows
 * change places.
 */
function Turn({ study, name }: OfStudy) {
  const queue = useQueue();
  const waiting = queue.studies.value.filter((each) => each.isWaiting);
  const place = waiting.findIndex((each) => each.id === study.id);
  const pressed = useRef<Way | null>(null);
  const group = useRef<HTMLFieldSetElement>(null);
  useLayoutEffect(() => {
    if (pressed.current === null) return;
    // At an end of the list the pressed button is gone: focus the other one.
    const buttons = [...(group.current?.querySelectorAll('button') ?? [])];
    (buttons.find((button) => button.dataset['way'] === pressed.current) ?? buttons.at(-1))?.focus();
    pressed.current = null;
  }, [place]);
  if (waiting.length < 2) return null;
  const isFirst = place === 0 && !study.paused;
  const go = (way: Way) => {
    pressed.current = way;
    void (way === 'first'
      ? queue.sendFirst(study.id)
      : queue.move(study.id, way === 'earlier' ? place - 1 : place + 1));
  };
  return (
    <fieldset class="turn" aria-label={queueWords.turnOf(name, place + 1, waiting.length)} ref={group}>
      {!isFirst && (
        <button
          type="button"
          class="button button-bare"
          data-way="first"
          aria-label={queueWords.sendFirstOf(name)}
          onClick={() => go('first')}
        >
          {queueWords.sendFirst}
        </button>
      )}
      {place > 0 && (
        <button
          type="button"
          class="button button-bare"
          data-way="earlier"
          aria-label={queueWords.earlierOf(name)}
          onClick={() => go('earlier')}
        >
          <Icon name="up" size={20} />
        </button>
      )}
      {place < waiting.length - 1 && (
        <button
          type="button"
          class="button button-bare"
          data-way="later"
          aria-label={queueWords.laterOf(name)}
          onClick={() => go('later')}
        >
          <Icon name="down" size={20} />
        </button>
      )}
    </fieldset>
  );
}
