/**
 * The list of instances, shown on demand: UID, place, and the reason for each that is not in the PACS. It can have
 * any number of rows.
 */
import { useEffect, useState } from 'preact/hooks';
import { causesOf } from '#shared/protocol/withheld.ts';
import { useQueue } from '../queue/queue-context.ts';
import { formatBytes } from '../../kit/format.ts';
import { Icon, type IconName } from '../../kit/Icon.tsx';
import { VirtualList } from '../../kit/VirtualList.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { sentencesOfReason } from '../../kit/reason-sentences.ts';
import { uploadWords } from './upload-words.ts';
import type { QueuedInstance, QueuedStudy } from '../queue/queued-study.ts';

/** The height of a row in px, as in the style sheet. */
const ROW = 60;

type Look = { readonly sign: IconName; readonly colour: 'plain' | 'accent' | 'good' | 'stop' };

function lookOf(state: QueuedInstance['state']): Look {
  switch (state) {
    case 'stored':
    case 'coerced':
    case 'already-stored':
      return { sign: 'pacs', colour: 'good' };
    case 'refused':
    case 'quarantined':
      return { sign: 'decide', colour: 'stop' };
    case 'left-out':
      return { sign: 'close', colour: 'plain' };
    case 'safe':
    case 'promised':
      return { sign: 'device', colour: 'accent' };
    case 'sent':
    case 'received':
    case 'posting':
    case 'posted':
      return { sign: 'gateway', colour: 'accent' };
    default:
      return state satisfies never;
  }
}

export function InstanceList({ study }: { readonly study: QueuedStudy }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="disclosure instances" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {uploadWords.instanceList(study.instances)}
      </summary>
      {open && <Instances study={study} />}
    </details>
  );
}

function Instances({ study }: { readonly study: QueuedStudy }) {
  const queue = useQueue();
  const [instances, setInstances] = useState<readonly QueuedInstance[] | null>(null);
  // Reloads only when something has arrived, so that the list does not move under the finger in between.
  const moved = `${study.state} ${study.track.inPacs} ${study.track.atGateway} ${study.track.leftOut} ${study.track.needsYou}`;
  useEffect(() => {
    let gone = false;
    queue.instancesOf(study.id).then(
      (all) => gone || setInstances(all),
      () => gone || setInstances([]),
    );
    return () => {
      gone = true;
    };
  }, [study.id, moved]);
  if (!instances) return <p class="quiet">{uploadWords.loading}</p>;
  return (
    <>
      {instances.length === 0 ? (
        <p class="quiet">{uploadWords.instancesErased}</p>
      ) : (
        <VirtualList
          items={instances}
          keyOf={(instance) => `${instance.sopInstanceUID} ${instance.digest}`}
          estimate={ROW}
          label={uploadWords.details.instances}
          class="instance-list"
          render={(instance) => <InstanceRow instance={instance} />}
        />
      )}
      {causesOf(study.withheld).map(([cause, count]) => (
        <p key={cause} class="strong">
          {uploadWords.withheld[cause](count)}
        </p>
      ))}
    </>
  );
}

function InstanceRow({ instance }: { readonly instance: QueuedInstance }) {
  const { sign, colour } = lookOf(instance.state);
  const reason = instance.reason === null ? null : sentencesOfReason(instance.reason);
  return (
    <div class="instance" data-colour={colour}>
      <Icon name={sign} size={20} />
      <div class="instance-body">
        <p class="code cut" title={instance.sopInstanceUID}>
          {instance.sopInstanceUID}
        </p>
        <p class="small quiet numbers cut" title={reason?.precise ?? reason?.title}>
          <span class="instance-state">
            {instance.stands ? uploadWords.otherStands : uploadWords.states[instance.state]}
          </span>
          {kitWords.separator}
          {reason?.title ?? formatBytes(instance.bytes)}
        </p>
      </div>
    </div>
  );
}
