/**
 * One instance of a result as stored in the PACS: report, segmentation or picture. It is read back when the page is
 * opened, and shown with its proof.
 */
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { useEffect } from 'preact/hooks';
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { Result, ResultInstance } from '#shared/protocol/inference.ts';
import { Icon } from '../../kit/Icon.tsx';
import { useLate } from '../../kit/use-late.ts';
import { Notice } from '../../kit/Notice.tsx';
import { hrefOf } from '../../kit/routes.ts';
import { Picture } from '../../pipeline/ingest/card/ThumbnailPicture.tsx';
import {
  hrefOfInstance,
  inReadingOrder,
  placeOf,
  replacementOf,
  titleOfReport,
  whyNotShown,
} from '../parts/stored-places.ts';
import { StoredInstance } from './StoredInstance.tsx';
import { storedWords } from '../parts/stored-words.ts';
import type { LookStore } from '../parts/look.store.ts';
import { NotForDiagnosis } from '../../kit/NotForDiagnosis.tsx';
import type { KeptResults } from '../parts/kept-results.ts';
import { ReportContent } from './ReportContent.tsx';
import { resultWords } from '../parts/result-words.ts';
import type { ResultStore } from '../parts/result.store.ts';
import { useResult } from '../result/ResultView.tsx';
import { HiddenPicture, useHiding } from '../../viewer/HiddenPicture.tsx';
import type { NamedPicture } from '../../viewer/hidden-pictures.ts';
import { SegmentationPicture } from './SegmentationPicture.tsx';

type StoredViewProps = {
  readonly id: string;
  readonly place: string;
  readonly look: LookStore;
  readonly kept: KeptResults;
};

/** The instances that this person may open. */
const openable = ({ instances }: Result) => inReadingOrder(instances).filter(({ isWithheld }) => !isWithheld);

export function StoredView({ id, place, look, kept }: StoredViewProps) {
  const store = useResult(id, () => undefined, { kept });
  const shown = store.shown.value;
  const late = useLate(shown.kind === 'loading');
  const instances = shown.kind === 'ready' ? openable(shown.result) : [];
  const instance = instances.find((one) => placeOf(one) === place);
  const isShown = shown.kind !== 'loading';
  useEffect(
    () =>
      void (
        isShown &&
        document.activeElement === document.body &&
        document.querySelector<HTMLElement>('#content h1')?.focus()
      ),
    [isShown],
  );
  return (
    <main id="content" class="page result" aria-busy={shown.kind === 'loading'}>
      <p class="study-back result-back">
        <a class="button button-bare" href={hrefOf({ page: 'results', at: 'results', id, beside: '' })}>
          <span class="flipped">
            <Icon name="chevron" size={16} turns />
          </span>
          {storedWords.back}
        </a>
      </p>
      <div class="result-head">
        <h1 tabIndex={-1}>
          {shown.kind === 'ready' && instance ? titleOfReport(shown.result, instance) : storedWords.tabs}
        </h1>
        {instance && <p class="quiet">{storedWords.what[instance.kind]}</p>}
        <NotForDiagnosis />
      </div>
      {shown.kind === 'failed' && <TroubleAlert trouble={shown.trouble} onAgain={() => void store.load()} />}
      {shown.kind === 'loading' && late && <p class="quiet">{resultWords.one.loading}</p>}
      {shown.kind === 'ready' && instances.length > 1 && (
        <Tabs result={shown.result} instances={instances} at={instance} />
      )}
      {shown.kind === 'ready' && instance && <Replaced result={shown.result} instance={instance} />}
      {shown.kind === 'ready' && instance && (
        <OneInstance
          key={instance.sopInstanceUID}
          result={shown.result}
          instance={instance}
          store={store}
          look={look}
        />
      )}
      {shown.kind === 'ready' && !instance && (
        <p class="quiet">{whyNotShown(shown.result.instances, place)}</p>
      )}
    </main>
  );
}

/** An older report stays in the PACS and could be mistaken for the current one. */
function Replaced({ result, instance }: { readonly result: Result; readonly instance: ResultInstance }) {
  const by = replacementOf(result.instances, instance);
  if (by === null) return null;
  return (
    <Notice kind="wait">
      <p>
        {storedWords.replacedBy}{' '}
        {by.isWithheld ? (
          titleOfReport(result, by)
        ) : (
          <a href={hrefOfInstance(result.id, by)}>{titleOfReport(result, by)}</a>
        )}
      </p>
    </Notice>
  );
}

function Tabs({
  result,
  instances,
  at,
}: {
  readonly result: Result;
  readonly instances: readonly ResultInstance[];
  readonly at: ResultInstance | undefined;
}) {
  return (
    <nav class="stored-tabs" aria-label={storedWords.tabs}>
      {instances.map((one) => (
        <a
          key={one.sopInstanceUID}
          class="stored-tab"
          href={hrefOfInstance(result.id, one)}
          aria-current={one === at ? 'page' : undefined}
        >
          {titleOfReport(result, one)}
        </a>
      ))}
    </nav>
  );
}

type StoredInstanceProps = {
  readonly result: Result;
  readonly instance: ResultInstance;
  readonly store: ResultStore;
  readonly look: LookStore;
};

function OneInstance({ result, instance, store, look }: StoredInstanceProps) {
  return (
    <StoredInstance
      path={`/results/${result.id}/instances/${instance.sopInstanceUID}`}
      instance={instance}
      studyInstanceUID={result.finding.input.studyInstanceUID}
      onAgain={store.load}
    >
      {({ content, head }) => (
        <>
          {content.kind === 'report' && <ReportContent report={content.report} head={head} result={result} />}
          {content.kind === 'segmentation' && (
            <SegmentationPicture segmentation={content.segmentation} store={store} look={look} />
          )}
          {content.kind === 'picture' && <Capture {...content} of={instance.sopInstanceUID} />}
        </>
      )}
    </StoredInstance>
  );
}

/** A Secondary Capture as it is stored in the PACS. */
function Capture({ picture, ...named }: NamedPicture & { readonly picture: Thumbnail }) {
  if (useHiding(named) !== 'shown')
    return (
      <div class="result-picture">
        <div class="picture-box">
          <HiddenPicture picture={named} />
        </div>
      </div>
    );
  return (
    <div class="result-picture">
      <div
        class="picture-box"
        role="img"
        aria-label={storedWords.capture}
        style={{ aspectRatio: `${picture.width} / ${picture.height}` }}
      >
        <Picture thumbnail={picture} />
      </div>
    </div>
  );
}
