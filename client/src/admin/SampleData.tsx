/** Sample data on the first administration page: says that it exists, with one button that removes it. */
import type { SampleRemoval } from '#shared/protocol/sample.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { AskFirst } from '../kit/AskFirst.tsx';
import { Notice } from '../kit/Notice.tsx';
import { usePageStore } from '../net/use-page-store.ts';
import { createSampleStore } from './sample.store.ts';
import { sampleWords as words } from './sample-words.ts';

/** Draws nothing where there is no sample data, unless it was just removed here. */
export function SampleData() {
  const store = usePageStore(createSampleStore);
  const sample = store.sample.value.value;
  const removed = store.removed.value;
  const left = store.left.value ?? [];
  const trouble = store.trouble.value;
  const isDone = sample?.accounts === 0 && store.left.value !== null;
  if (sample === null || (sample.accounts === 0 && !isDone)) return null;
  return (
    <section class="destination" aria-label={words.title}>
      <div>
        <h2>{words.title}</h2>
        {!isDone && <p class="quiet">{words.there(sample.studies, sample.cases)}</p>}
      </div>
      <TroubleAlert trouble={trouble} onAgain={() => void store.remove()} />
      <p role="status" class="quiet numbers">
        {removed !== null ? words.removing(removed) : isDone ? words.removed : ''}
      </p>
      {left.length > 0 && <Left left={left} />}
      {removed === null && !isDone && (
        <div class="row">
          <AskFirst
            label={words.remove}
            of={words.remove}
            ask={words.ask}
            onYes={() => void store.remove()}
          />
        </div>
      )}
    </section>
  );
}

function Left({ left }: { readonly left: SampleRemoval['left'] }) {
  return (
    <Notice kind="stop" title={words.left}>
      <ul>
        {left.map(({ because, name, count }) => (
          <li key={`${because} ${name}`}>{words.why[because](name ?? '', count)}</li>
        ))}
      </ul>
    </Notice>
  );
}
