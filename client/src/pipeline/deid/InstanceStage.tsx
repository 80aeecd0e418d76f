/**
 * The displayed instance: its series, its position in the series, the buttons to the next and previous one, and its
 * picture.
 */
import { deidWords } from './deid-words.ts';
import { useIngest } from '../ingest/found/ingest-context.ts';
import { chosenWords } from '../ingest/found/chosen-words.ts';
import { kitWords } from '../../kit/kit-words.ts';
import type { InspectedSeries } from '../ingest/found/inspection.ts';
import type { ComparisonStore } from './comparison.store.ts';
import { InstancePicture } from './InstancePicture.tsx';
import { Steps } from '../ingest/card/Steps.tsx';

export function InstanceStage({ store }: { readonly store: ComparisonStore }) {
  const ingest = useIngest();
  const place = store.place.value;
  if (!place) return null;
  const { series, found, at } = place;
  const total = series.files.length;
  return (
    <section class="stage" aria-label={deidWords.stage.label}>
      <InstancePicture
        key={found.ordinal}
        seen={store}
        found={found}
        at={at + 1}
        boxes={(ingest.policy.value?.deidentify && ingest.released.value.get(found.ordinal)) || []}
      />
      <div class="stage-body">
        <SeriesChoice store={store} chosen={series} />
        <Steps
          at={at}
          count={total}
          says={deidWords.stage.image(at + 1, total)}
          labels={[deidWords.stage.previous, deidWords.stage.next]}
          onStep={(next) => store.show(series.files[next]!)}
        />
      </div>
    </section>
  );
}

function SeriesChoice({
  store,
  chosen,
}: {
  readonly store: ComparisonStore;
  readonly chosen: InspectedSeries;
}) {
  const all = store.series.value;
  const nameOf = (series: InspectedSeries, at: number) =>
    deidWords.stage.seriesOf(
      at + 1,
      series.description.trim() ||
        [series.modality, chosenWords.unnamedSeries].filter(Boolean).join(kitWords.separator),
      series.files.length,
    );
  if (all.length === 1) {
    return (
      <p class="kept">
        <bdi>{nameOf(chosen, 0)}</bdi>
      </p>
    );
  }
  return (
    <label class="field">
      <span class="small quiet">{deidWords.stage.series}</span>
      <select
        value={chosen.seriesInstanceUID}
        onChange={(event) => {
          const first = all.find(({ seriesInstanceUID }) => seriesInstanceUID === event.currentTarget.value)
            ?.files[0];
          if (first) store.show(first);
        }}
      >
        {all.map((series, at) => (
          <option key={series.seriesInstanceUID} value={series.seriesInstanceUID}>
            {nameOf(series, at)}
          </option>
        ))}
      </select>
    </label>
  );
}
