/** A study after Send, in place of its comparison: where its images are now, and the way to it in Studies. */
import { hrefOf } from '../../kit/routes.ts';
import type { QueuedStudy } from '../queue/queued-study.ts';
import { useQueue } from '../queue/queue-context.ts';
import { nameOf } from '../queue/study-title.ts';
import { Track } from '../queue/Track.tsx';
import { trackOf } from '../queue/track-of.ts';
import { deidWords } from './deid-words.ts';

/** `studies`: more than one if it was sent as a study for each patient. */
export function WhereItIs({ studies }: { readonly studies: readonly QueuedStudy[] }) {
  const link = useQueue().link.value;
  return (
    <main id="content" class="page stack">
      <h1 tabIndex={-1}>{deidWords.whereItIs.title}</h1>
      {studies.map((study) => (
        <section key={study.id} class="stack" aria-label={nameOf(study)}>
          <h2 class="kept">
            <bdi>{nameOf(study)}</bdi>
          </h2>
          {study.state === 'taken-back' ? (
            <p>{deidWords.whereItIs.cancelled}</p>
          ) : (
            <Track track={trackOf(study, link)} />
          )}
          <p>
            <a
              class="button"
              href={hrefOf({ page: 'study', id: study.id })}
              aria-label={deidWords.whereItIs.openOf(nameOf(study))}
            >
              {deidWords.whereItIs.open}
            </a>
          </p>
        </section>
      ))}
    </main>
  );
}
