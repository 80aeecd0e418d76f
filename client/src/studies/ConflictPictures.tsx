/**
 * Two images with the same identifier, side by side, as far as this page has their files, sent from it or chosen again.
 * A person sees what is missing in the PACS before deciding.
 */
import { useEffect, useState } from 'preact/hooks';
import { InstancePicture } from '../pipeline/deid/InstancePicture.tsx';
import { createLooked } from '../pipeline/deid/looked-frames.ts';
import type { FoundFile } from '../pipeline/ingest/found/group-studies.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { findRivals, type Rivals } from './find-rivals.ts';
import { needsWords as words } from './needs-words.ts';
import { recogniseRivals } from './recognise-rivals.ts';

/** The most pairs shown; one decision covers all further ones. */
const SHOWN = 4;

type ConflictPicturesProps = { readonly study: QueuedStudy; readonly instances: number };

export function ConflictPictures({ study, instances }: ConflictPicturesProps) {
  const queue = useQueue();
  const ingest = useIngest();
  const { id } = study;
  const chosen = ingest.studies.value;
  const sent = ingest.sentFromHere.value;
  const [all, setAll] = useState<readonly Rivals[] | null>(null);
  useEffect(() => {
    const gone = new AbortController();
    const find = async () => {
      const rows = await queue.instancesOf(id);
      const here = findRivals(sent, id, rows);
      return here.length > 0 ? here : recogniseRivals(ingest, study, rows, gone.signal);
    };
    find().then(
      (rivals) => gone.signal.aborted || setAll(rivals),
      () => gone.signal.aborted || setAll([]),
    );
    return () => gone.abort();
  }, [id, instances, chosen, sent]);
  if (all === null) return null;
  const rivals = all.slice(0, SHOWN);
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
