/** The part of a study's card that is shown on demand: its series, remarks that need no action, and files held for good. */
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
  const inside = [
    series(study.series.length),
    ...(quiet.length > 0 ? [chosenWords.notes(quiet.length)] : []),
  ];
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
      <ul class="card-series">
        {study.series.map((each) => (
          <SeriesLine key={each.seriesInstanceUID} series={each} />
        ))}
      </ul>
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

function SeriesLine({ series }: { readonly series: FoundSeries }) {
  const parts = [series.modality, toReadable(series.bodyPart)].filter(Boolean).join(kitWords.separator);
  return (
    <li class="series-line">
      <ThumbnailPicture series={series} />
      <div class="series-body">
        <p class="cut">
          <bdi>{typedSaid(series.description.trim()) || chosenWords.unnamedSeries}</bdi>
        </p>
        <p class="small quiet numbers">
          {[parts, images(series.instances), formatBytes(series.bytes)]
            .filter(Boolean)
            .join(kitWords.separator)}
        </p>
      </div>
    </li>
  );
}
