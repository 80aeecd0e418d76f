/** What a person can do with a study that is not all sent: set it aside, put it first, take it back, or cancel it in the middle. */
import { useState } from 'preact/hooks';
import { useDevice } from '../../app/device-context.ts';
import { Icon } from '../../app/Icon.tsx';
import { Confirm } from '../../app/Sheet.tsx';
import { words } from '../../app/words.ts';
import type { QueuedStudy } from './queued.ts';
import { TakeBack } from './TakeBack.tsx';

export type SendingButtonsProps = { readonly study: QueuedStudy; readonly name: string };

export function SendingButtons({ study, name }: SendingButtonsProps) {
  const { queue } = useDevice();
  const first = queue.studies.value.find((each) => each.isWaiting && !each.paused);
  const canGoFirst = study.isWaiting && first !== undefined && first.id !== study.id;
  return (
    <div class="row">
      {canGoFirst && (
        <button type="button" class="button button-bare" aria-label={words.queue.sendFirstOf(name)} onClick={() => void queue.sendFirst(study.id)}>
          {words.queue.sendFirst}
        </button>
      )}
      {study.isWaiting && (
        <button
          type="button"
          class="button button-bare"
          aria-label={study.paused ? words.queue.resumeOf(name) : words.queue.pauseOf(name)}
          onClick={() => void (study.paused ? queue.resume(study.id) : queue.pause(study.id))}
        >
          {study.paused ? words.queue.resume : words.queue.pause}
        </button>
      )}
      {study.canTakeBack ? <TakeBack study={study} name={name} /> : study.canCancel && <Cancel study={study} name={name} />}
    </div>
  );
}

/** Asks first. The gateway has to hear of it: where it does not, nothing was cancelled and the button says so. */
function Cancel({ study, name }: SendingButtonsProps) {
  const { queue } = useDevice();
  const [asking, setAsking] = useState(false);
  const [failed, setFailed] = useState(false);
  const cancel = () => {
    setFailed(false);
    queue.cancel(study.id).catch(() => setFailed(true));
  };
  return (
    <>
      {failed && (
        <p class="small" role="status">
          {words.cancelStudy.notReached}
        </p>
      )}
      <button type="button" class="button" aria-haspopup="dialog" aria-label={words.queue.cancelOf(name)} onClick={() => setAsking(true)}>
        <Icon name="close" size={20} />
        {words.queue.cancel}
      </button>
      {asking && (
        <Confirm
          title={words.cancelStudy.title}
          what={words.cancelStudy.what(study.track.inPacs)}
          yes={words.cancelStudy.yes}
          no={words.cancelStudy.no}
          destructive
          onYes={cancel}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
