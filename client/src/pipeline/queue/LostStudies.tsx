/**
 * Lists the studies that waited here when the browser cleared its storage, and how to continue with each. The notice
 * is red because nothing happens until a person acts.
 */
import { useQueue } from './queue-context.ts';
import { formatMoment } from '../../kit/format.ts';
import { Notice } from '../../kit/Notice.tsx';
import { images } from '../../kit/counted.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { queueWords } from './queue-words.ts';
import { titleWords } from './title-words.ts';
import { ChooseAgain } from './ChooseAgain.tsx';
import type { LostStudy } from './queued-study.ts';

export function LostStudies() {
  const queue = useQueue();
  const lost = queue.lost.value;
  if (lost.length === 0) return null;
  const isCertain = lost.some((study) => study.rememberedBy === 'device');
  return (
    <Notice
      kind={isCertain ? 'stop' : 'wait'}
      title={isCertain ? queueWords.lost.title(lost.length) : queueWords.lost.perhaps(lost.length)}
    >
      <p>{isCertain ? queueWords.lost.next : queueWords.lost.perhapsNext}</p>
      <ul>
        {lost.map((study) => (
          <li key={study.id} class="row row-apart">
            <span class="numbers">{describe(study)}</span>
            <button
              type="button"
              class="button button-bare"
              aria-label={queueWords.dismissOf(describe(study))}
              onClick={() => queue.forgetLost(study.id)}
            >
              {queueWords.dismiss}
            </button>
          </li>
        ))}
      </ul>
      <p class="notice-actions">
        <ChooseAgain study={null} />
      </p>
    </Notice>
  );
}

function describe({ modalities, queuedAt, ...lost }: LostStudy): string {
  const when = queuedAt === null ? [] : [titleWords.queuedWhen(formatMoment(new Date(queuedAt), new Date()))];
  return [titleWords.erasedName(modalities), images(lost.instances), ...when].join(kitWords.separator);
}
