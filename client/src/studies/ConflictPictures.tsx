/**
 * Two images that claim one identifier, side by side, as far as this page still has their files: a person sees what is
 * missing in the PACS before deciding.
 */
import { useEffect, useState } from 'preact/hooks';
import { InstancePicture } from '../pipeline/deid/InstancePicture.tsx';
import { createLooked } from '../pipeline/deid/looked-frames.ts';
import type { FoundFile } from '../pipeline/ingest/group-studies.ts';
import { useIngest } from '../pipeline/ingest/ingest-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import type { QueuedInstance } from '../pipeline/queue/queued-study.ts';
import { findRivals } from './find-rivals.ts';
import { needsWords as words } from './needs-words.ts';

/** More are decided alike. */
const SHOWN = 4;

export function ConflictPictures({ id, instances }: { readonly id: string; readonly instances: number }) {
  const queue = useQueue();
  const { sentFromHere } = useIngest();
  const [rows, setRows] = useState<readonly QueuedInstance[] | null>(null);
  useEffect(() => {
    let gone = false;
    queue.instancesOf(id).then(
      (all) => gone || setRows(all),
      () => gone || setRows([]),
    );
    return () => {
      gone = true;
    };
  }, [id, instances]);
  if (rows === null) return null;
  const rivals = findRivals(sentFromHere.value, id, rows).slice(0, SHOWN);
  if (rivals.length === 0) return <p class="small">{words.conflict.notHere}</p>;
  return (
    <ul class="conflicts">
      {rivals.map(({ mine, other }, at) => (
        <li key={mine.ordinal} class="conflict-pair">
          <One found={mine} at={at + 1} said={words.conflict.mine} />
          {other ? (
            <One found={other} at={at + 1} said={words.conflict.other} />
          ) : (
            <p class="small">{words.conflict.otherElsewhere}</p>
          )}
        </li>
      ))}
    </ul>
  );
}

type OneProps = { readonly found: FoundFile; readonly at: number; readonly said: string };

function One({ found, at, said }: OneProps) {
  const [seen] = useState(createLooked);
  return (
    <figure class="conflict">
      <InstancePicture key={found.ordinal} seen={seen} found={found} at={at} />
      <figcaption class="small strong">{said}</figcaption>
    </figure>
  );
}
