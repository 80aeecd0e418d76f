/** The button for a study of which nothing has left yet. */
import { useState } from 'preact/hooks';
import { useDevice } from '../../app/device-context.ts';
import { Icon } from '../../app/Icon.tsx';
import { Confirm } from '../../app/Sheet.tsx';
import { words } from '../../app/words.ts';
import type { QueuedStudy } from './queued.ts';

/** Asks first; says so when the first bytes were faster. */
export function TakeBack({ study, name }: { readonly study: QueuedStudy; readonly name: string }) {
  const { queue } = useDevice();
  const [asking, setAsking] = useState(false);
  const [late, setLate] = useState(false);
  const takeBack = async () => setLate(!(await queue.takeBack(study.id)));
  if (late)
    return (
      <p class="small" role="status">
        {words.takeBack.tooLate}
      </p>
    );
  return (
    <>
      <button type="button" class="button" aria-haspopup="dialog" aria-label={words.queue.takeBackOf(name)} onClick={() => setAsking(true)}>
        <Icon name="back" size={20} turns />
        {words.queue.takeBack}
      </button>
      {asking && (
        <Confirm
          title={words.takeBack.title}
          what={words.takeBack.what(study.instances)}
          yes={words.takeBack.yes}
          no={words.takeBack.no}
          destructive
          onYes={() => void takeBack()}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
