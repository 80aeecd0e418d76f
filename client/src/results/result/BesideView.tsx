/**
 * Two results side by side, for example of two versions of a model. One map choice applies to both, and both show the
 * same parts in the same order.
 */
import type { Result } from '#shared/protocol/inference.ts';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { formatMoment } from '../../kit/format.ts';
import { useLate } from '../../kit/use-late.ts';
import { hrefOf } from '../../kit/routes.ts';
import { Bars } from './Bars.tsx';
import { headlineOf, isSameImage, modelName, reasonsOf, titleOf } from '../parts/describe-result.ts';
import { Remarks, Sentences } from './FindingParts.tsx';
import { MAPS, mapsOf, shownMap, type LookStore } from '../parts/look.store.ts';
import { NotForDiagnosis } from '../../kit/NotForDiagnosis.tsx';
import type { KeptResults } from '../parts/kept-results.ts';
import type { PickedPictures } from '../parts/picked-pictures.ts';
import { resultWords } from '../parts/result-words.ts';
import type { ResultStore } from '../parts/result.store.ts';
import { MapChoices, ResultPicture } from './ResultPicture.tsx';
import { Back, useResult } from './ResultView.tsx';
import { useKeys } from './use-keys.ts';
import { Verified } from './Verdict.tsx';

const said = resultWords.beside;
const resultOf = (store: ResultStore): Result | null =>
  store.shown.value.kind === 'ready' ? store.shown.value.result : null;

type BesideViewProps = {
  readonly id: string;
  readonly beside: string;
  readonly look: LookStore;
  readonly picked: PickedPictures;
  readonly kept: KeptResults;
};

export function BesideView({ id, beside, look, picked, kept }: BesideViewProps) {
  const ofPage = { kept };
  const stores = [
    useResult(id, () => undefined, ofPage),
    useResult(beside, () => undefined, ofPage),
  ] as const;
  const left = resultOf(stores[0]);
  const right = resultOf(stores[1]);
  const maps = MAPS.filter((map) =>
    [left, right].some((result) => result !== null && mapsOf(result.finding.explanations).includes(map)),
  );
  useKeys(look.singleKeys.value, {
    map: () => look.cycle(maps),
    fainter: () => look.fade(-1),
    stronger: () => look.fade(1),
  });
  return (
    <main id="content" class="page result">
      <Back />
      <div class="result-head">
        <h1 tabIndex={-1}>{said.title}</h1>
        {left && right && (
          <p class="quiet">{isSameImage(left.finding, right.finding) ? said.same : said.other}</p>
        )}
      </div>
      <NotForDiagnosis />
      {maps.length > 1 && <MapChoices maps={maps} map={shownMap(look.map.value, maps)} look={look} />}
      <div class="beside">
        {stores.map((store) => (
          <OneOfTwo key={store.id} store={store} look={look} picked={picked} />
        ))}
      </div>
    </main>
  );
}

function OneOfTwo({
  store,
  look,
  picked,
}: {
  readonly store: ResultStore;
  readonly look: LookStore;
  readonly picked: PickedPictures;
}) {
  const shown = store.shown.value;
  const late = useLate(shown.kind === 'loading');
  if (shown.kind === 'loading') return <p class="quiet">{late && resultWords.one.loading}</p>;
  if (shown.kind === 'failed') return <TroubleAlert trouble={shown.trouble} />;
  const { result } = shown;
  return (
    <article class="result-said" aria-label={modelName(result.finding.model)}>
      <div>
        <h2>
          <a class="beside-name" href={hrefOf({ page: 'results', at: 'results', id: result.id, beside: '' })}>
            {modelName(result.finding.model)}
          </a>
        </h2>
        <p class="small quiet">{formatMoment(new Date(result.createdAt), new Date())}</p>
      </div>
      <ResultPicture store={store} finding={result.finding} look={look} picked={picked.of(result.id)} bare />
      <p class="strong">{titleOf(headlineOf(result.finding))}</p>
      <Remarks result={result} />
      {result.verification && <Verified verification={result.verification} />}
      <Bars finding={result.finding} />
      <Sentences title={resultWords.rationale} lines={reasonsOf(result.finding)} />
      <Sentences title={resultWords.limits} lines={result.finding.limits} />
    </article>
  );
}
