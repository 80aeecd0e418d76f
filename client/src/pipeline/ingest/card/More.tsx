/** The part of a study's card that is shown on demand: its series, remarks that need no act, files held for good. */
import { useState } from 'preact/hooks';
import { images, series } from '../../../kit/counted.ts';
import { formatBytes } from '../../../kit/format.ts';
import { typedSaid } from '../../../kit/identities.ts';
import { Icon } from '../../../kit/Icon.tsx';
import { kitWords } from '../../../kit/kit-words.ts';
import { hrefOf } from '../../../kit/routes.ts';
import { toReadable } from '../../queue/study-title.ts';
import { chosenWords } from '../found/chosen-words.ts';
import type { FoundSeries, FoundStudy } from '../found/found-study.ts';
import { useIngest } from '../found/ingest-context.ts';
import { groupFiles, PathsOfReason } from './PathsOfReason.tsx';
import { ThumbnailPicture } from './ThumbnailPicture.tsx';
import { sentenceOfWarning } from './warning-words.ts';

type MoreProps = {
  readonly study: FoundStudy;
  readonly name: string;
  readonly quiet: FoundStudy['warnings'];
  /** Whether the way to before and after is here, because another act helps first. */
  readonly leadsToChanges: boolean;
};

export function More(props: MoreProps) {
  const { study, quiet } = props;
  // Rendered only when open; otherwise hundreds of hidden lines would be rendered again whenever a number grows.
  const [open, setOpen] = useState(false);
  const inside = [seriesSaid(study), ...(quiet.length > 0 ? [chosenWords.notes(quiet.length)] : [])];
  return (
    <details class="disclosure card-details" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="small">
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {chosenWords.more}
        <span class="quiet">
          {kitWords.separator}
          {inside.join(kitWords.separator)}
        </span>
      </summary>
      {open && <Inside {...props} />}
    </details>
  );
}

function Inside({ study, name, quiet, leadsToChanges }: MoreProps) {
  const { heldBack } = useIngest();
  const held = heldBack.value.filter(
    (file) => file.studyInstanceUID === study.studyInstanceUID && !file.isReleasable,
  );
  return (
    <>
      {leadsToChanges && <ToBeforeAfter study={study} name={name} />}
      <SeriesList study={study} />
      {quiet.length > 0 && (
        <ul class="card-remarks small quiet">
          {quiet.map((warning) => (
            <li key={warning}>
              {warning === 'chosen-twice' && study.copies !== undefined
                ? chosenWords.copies(study.copies)
                : sentenceOfWarning(warning, null)}
            </li>
          ))}
        </ul>
      )}
      {groupFiles(held, ({ reason }) => reason).map(([reason, files]) => (
        <PathsOfReason key={reason} reason={reason} files={files} isTitled />
      ))}
    </>
  );
}

export function ToBeforeAfter({ study, name }: Pick<MoreProps, 'study' | 'name'>) {
  const ingest = useIngest();
  const open =
    ingest.policy.value?.deidentify === false
      ? chosenWords.beforeAfter.openKept
      : chosenWords.beforeAfter.open;
  return (
    <a
      class="button button-bare card-compare"
      href={hrefOf({ page: 'before-after', id: study.id })}
      aria-label={chosenWords.beforeAfter.openOf(open, name)}
    >
      {open}
    </a>
  );
}

/** The number of series, and of those that are sent if they are fewer. */
export const seriesSaid = ({ series: ticked, unticked }: FoundStudy): string =>
  unticked.length === 0
    ? series(ticked.length)
    : chosenWords.someSeries(ticked.length, ticked.length + unticked.length);

/** Each series of the study; of several, each can be unticked but the last one. */
function SeriesList({ study }: Pick<MoreProps, 'study'>) {
  const ticked = new Set(study.series);
  const all = [...study.series, ...study.unticked].sort(
    (a, b) => (a.number ?? Infinity) - (b.number ?? Infinity),
  );
  return (
    <>
      <ul class="card-series">
        {all.map((each) => (
          <li key={each.seriesInstanceUID}>
            {all.length > 1 ? (
              <TickedSeries study={study} series={each} isTicked={ticked.has(each)} />
            ) : (
              <SeriesLine series={each} />
            )}
          </li>
        ))}
      </ul>
      {all.length > 1 && ticked.size === 1 && <p class="small quiet">{chosenWords.lastSeries}</p>}
    </>
  );
}

type SeriesProps = { readonly series: FoundSeries };
type TickedSeriesProps = SeriesProps & Pick<MoreProps, 'study'> & { readonly isTicked: boolean };

function TickedSeries({ study, series, isTicked }: TickedSeriesProps) {
  const ingest = useIngest();
  const isLast = isTicked && study.series.length === 1;
  return (
    <label class="choice series-choice">
      <input
        type="checkbox"
        class="tick"
        checked={isTicked}
        disabled={isLast || !study.selected.value || ingest.phase.value === 'queueing'}
        aria-label={chosenWords.includeSeries(titleOf(series), images(series.instances))}
        onChange={() => void ingest.tickSeries(study.studyInstanceUID, series.seriesInstanceUID, !isTicked)}
      />
      <SeriesLine series={series} />
    </label>
  );
}

const titleOf = ({ description }: FoundSeries): string =>
  typedSaid(description.trim()) || chosenWords.unnamedSeries;

function SeriesLine({ series }: SeriesProps) {
  const parts = [series.modality, toReadable(series.bodyPart)].filter(Boolean).join(kitWords.separator);
  return (
    <span class="series-line">
      <ThumbnailPicture series={series} />
      <span class="series-body">
        <bdi class="cut">{titleOf(series)}</bdi>
        <span class="small quiet numbers">
          {[parts, images(series.instances), formatBytes(series.bytes)]
            .filter(Boolean)
            .join(kitWords.separator)}
        </span>
      </span>
    </span>
  );
}
