/** The card of a found study: patient, time, kind and size, what to look at, and whether Send takes it. */
import type { ReadonlySignal } from '@preact/signals';
import { useId, useState } from 'preact/hooks';
import { isHeldForPixels } from '#shared/protocol/reason-kinds.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { deferred } from '../../../kit/deferred.tsx';
import { useIngest, useTriageViews } from '../found/ingest-context.ts';
import { formatBytes } from '../../../kit/format.ts';
import { nameSaid, typedSaid } from '../../../kit/identities.ts';
import { Icon } from '../../../kit/Icon.tsx';
import { sentencesOfReason } from '../../../kit/reason-sentences.ts';
import { hrefOf } from '../../../kit/routes.ts';
import { images, series } from '../../../kit/counted.ts';
import { chosenWords } from '../found/chosen-words.ts';
import { unreadLines } from '../../../kit/left-out-words.ts';
import { kitWords } from '../../../kit/kit-words.ts';
import { titleWords } from '../../queue/title-words.ts';
import { partsOf, personLines, toReadable } from '../../queue/study-title.ts';
import { leftUnreadOf } from '../choose/disc-view.ts';
import type { FoundSeries, FoundStudy } from '../found/found-study.ts';
import type { OrderOfStudyProps } from '../orders/OrderOfStudy.tsx';
import type { SentBeforeByUid } from './sent-before.ts';
import { SentBeforeNote } from './SentBeforeNote.tsx';
import { ThumbnailPicture } from './ThumbnailPicture.tsx';
import { MixedPatients } from './MixedPatients.tsx';
import { actsOnUnreleasable, leaveOutUnreleasable } from '../found/held-acts.ts';
import { goingOfFound } from '../found/sendable.ts';
import { SendOtherwise } from './SendOtherwise.tsx';
import { sentenceOfWarning, sortWarnings } from './warning-words.ts';

/** The number of pictures on the card, and in a narrow window; the others are in the list of series. */
const PICTURES = 4;
const FEW_PICTURES = 2;

/**
 * Only policies that keep names send a study under its order. If this code cannot be loaded, the study is sent as it
 * is.
 */
const OrderOfStudy = deferred<OrderOfStudyProps>(
  () =>
    import('../orders/OrderOfStudy.tsx').then(
      (view) => view.OrderOfStudy,
      () => Nothing,
    ),
  Nothing,
);

function Nothing() {
  return null;
}

type StudyCardProps = { readonly study: FoundStudy; readonly sentBefore: ReadonlySignal<SentBeforeByUid> };

export function StudyCard({ study, sentBefore }: StudyCardProps) {
  const ingest = useIngest();
  const Notes = useTriageViews().value?.Notes;
  const isMixed = ingest.mixed.value.has(study.studyInstanceUID);
  const name = isMixed ? chosenWords.mixed.title : (nameSaid(study.patientName) ?? titleWords.noPatient);
  const policy = ingest.policy.value;
  const answered = ingest.answered.value.get(study.studyInstanceUID) ?? [];
  const toLookAt = ingest.heldBack.value.filter(
    (file) => file.studyInstanceUID === study.studyInstanceUID && file.isReleasable,
  );
  const reasons = new Set(toLookAt.map(({ reason }) => reason));
  const { loud, quiet } = sortWarnings(study.warnings, policy, new Set([...answered, ...reasons]));
  const selected = study.selected.value;
  const { going, held } = goingOfFound(study, ingest);
  const contents = useId();
  return (
    <article class="card" data-selected={selected} data-going={going}>
      <label class="card-tick">
        <input
          type="checkbox"
          class="tick"
          checked={selected}
          indeterminate={going !== 'sent' && going !== 'not-chosen'}
          aria-label={chosenWords.include(name, whatOf(study))}
          aria-describedby={contents}
          onChange={() => ingest.toggle(study.studyInstanceUID)}
        />
      </label>
      <div class="card-body">
        {isMixed ? <h2 class="card-name kept">{name}</h2> : <Patient study={study} name={name} />}
        <Contents id={contents} study={study} said={chosenWords.going[going](held, study.instances)} />
        <SentBeforeNote study={study} known={sentBefore} />
        <NotWhole study={study} />
        {toLookAt.length > 0 && (
          <Held study={study} name={name} reasons={[...reasons]} count={toLookAt.length} />
        )}
        <Unreleasable study={study} name={name} />
        {loud.map((warning) => (
          <div key={warning} class="card-warning small">
            <Icon name="caution" size={20} />
            <p>
              {warning === 'chosen-twice' && study.copies !== undefined
                ? chosenWords.copies(study.copies)
                : sentenceOfWarning(warning, policy)}
            </p>
          </div>
        ))}
        <MixedPatients study={study} />
        {policy?.deidentify === false && <OrderOfStudy study={study} name={name} />}
      </div>
      <div class="card-side">
        <Pictures series={study.series} />
        <ToBeforeAfter study={study} name={name} />
      </div>
      {Notes && <Notes study={study} name={name} />}
      <Details study={study} quiet={quiet} />
    </article>
  );
}

type HeldProps = {
  readonly study: FoundStudy;
  readonly name: string;
  readonly reasons: readonly ReasonCode[];
  readonly count: number;
};

/** The instances that a person has to look at before the study is sent, with the one button that leads to them. */
function Held({ study, name, reasons, count }: HeldProps) {
  const isOne = count === 1 && reasons.every(isHeldForPixels);
  const label = isOne ? chosenWords.lookAndCover : chosenWords.lookAtPictures;
  return (
    <div class="card-held">
      <Icon name="decide" size={20} />
      <div class="card-held-why">
        {reasons.map((reason) => (
          <p key={reason} class="small">
            {sentencesOfReason(reason).title}
          </p>
        ))}
      </div>
      <a
        class="button"
        href={hrefOf({ page: 'before-after', id: study.id, ...(isOne && { covers: true }) })}
        aria-label={chosenWords.beforeAfter.openOf(label, name)}
      >
        {label}
      </a>
    </div>
  );
}

type UnreleasableProps = Pick<HeldProps, 'study' | 'name'>;

/** The instances that nobody can release, with what can be done instead. */
function Unreleasable({ study, name }: UnreleasableProps) {
  const ingest = useIngest();
  const possible = actsOnUnreleasable(ingest, study);
  if (possible === null) return null;
  const own = ingest.heldBack.value.filter(
    (file) => file.studyInstanceUID === study.studyInstanceUID && !file.isReleasable,
  );
  const titles = new Set(own.map(({ reason }) => sentencesOfReason(reason).title));
  const isLeft = possible.acts.includes('leave-out') || possible.acts.includes('set-aside');
  return (
    <div class="card-held">
      <Icon name="decide" size={20} />
      <div class="card-held-why">
        {[...titles].map((title) => (
          <p key={title} class="small">
            {title}
          </p>
        ))}
      </div>
      <SendOtherwise study={study} name={name} policy={possible.policy} />
      {isLeft && (
        <button
          type="button"
          class="button"
          aria-label={chosenWords.actOf(chosenWords.leaveOut, name)}
          disabled={ingest.phase.value === 'queueing'}
          onClick={() => void leaveOutUnreleasable(ingest, study)}
        >
          {chosenWords.leaveOut}
        </button>
      )}
    </div>
  );
}

/** The study's date, kind and description. */
function whatOf(study: FoundStudy): string {
  const bodyParts = [...new Set(study.series.map((series) => series.bodyPart).filter(Boolean))];
  return partsOf({ ...study, bodyParts }).join(kitWords.separator);
}

/**
 * Says why the study may be incomplete: files that were left unread, images that a person left out before, damaged
 * files, and damaged files that may belong to it.
 */
function NotWhole({ study }: { readonly study: FoundStudy }) {
  const ingest = useIngest();
  const count = ingest.damaged.value.get(study.studyInstanceUID) ?? 0;
  const [unknown, ...others] = ingest.perhapsDamaged.value.get(study.studyInstanceUID) ?? [];
  const leftOut = ingest.leftOut.value.get(study.studyInstanceUID)?.instances ?? 0;
  const unread = leftUnreadOf(ingest.disc.value, study.studyInstanceUID);
  const said = [
    ...unreadLines(unread).map((line) => `${line}.`),
    ...(leftOut > 0 ? [chosenWords.leftOutBefore(leftOut)] : []),
    ...(count > 0 ? [chosenWords.damaged(count)] : []),
    ...(unknown ? [chosenWords.mayBeIncomplete(typedSaid(unknown.path), others.length)] : []),
  ];
  return (
    <>
      {said.map((sentence) => (
        <div key={sentence} class="card-warning small">
          <Icon name="caution" size={20} />
          <p>{sentence}</p>
        </div>
      ))}
    </>
  );
}

function Patient({ study, name }: { readonly study: FoundStudy; readonly name: string }) {
  const lines = personLines(study.patientId, study.patientBirthDate);
  return (
    <>
      <h2 class="card-name kept">
        <bdi>{name}</bdi>
      </h2>
      {lines.length > 0 && (
        <p class="small quiet kept">
          <bdi>{lines.join(kitWords.separator)}</bdi>
        </p>
      )}
    </>
  );
}

type ContentsProps = {
  readonly id: string;
  readonly study: FoundStudy;
  /** Text about the part that stays here; empty if all of it is sent. */
  readonly said: string;
};

/** The date, kind and size of the study, and the part that Send does not take. */
function Contents({ id, study, said }: ContentsProps) {
  const size = [series(study.series.length), images(study.instances), formatBytes(study.bytes)].join(
    kitWords.separator,
  );
  return (
    <>
      <p class="card-parts kept">
        <bdi>{whatOf(study) || chosenWords.noDescription}</bdi>
      </p>
      <p id={id} class="small quiet numbers">
        {said !== '' && (
          <>
            <span class="card-stays">{said}</span>
            {kitWords.separator}
          </>
        )}
        {size}
      </p>
    </>
  );
}

function Pictures({ series }: Pick<FoundStudy, 'series'>) {
  return (
    <div class="card-pictures" aria-hidden="true">
      {series.slice(0, PICTURES).map((each) => (
        <ThumbnailPicture key={each.seriesInstanceUID} series={each} />
      ))}
      {[PICTURES, FEW_PICTURES].map(
        (shown) =>
          series.length > shown && (
            <span key={shown} class="card-more small quiet" data-of={shown}>
              +{series.length - shown}
            </span>
          ),
      )}
    </div>
  );
}

type DetailsProps = { readonly study: FoundStudy; readonly quiet: FoundStudy['warnings'] };

/** The list of series, and the warnings that need no action. */
function Details({ study, quiet }: DetailsProps) {
  // Rendered only when open; otherwise hundreds of hidden lines would be rendered again whenever a number grows.
  const [open, setOpen] = useState(false);
  return (
    <details class="disclosure card-details" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="small">
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {chosenWords.seriesList(study.series.length)}
        {quiet.length > 0 && (
          <span class="quiet">
            {kitWords.separator}
            {chosenWords.warnings(quiet.length)}
          </span>
        )}
      </summary>
      {open && (
        <ul class="card-series">
          {study.series.map((series) => (
            <SeriesLine key={series.seriesInstanceUID} series={series} />
          ))}
        </ul>
      )}
      {quiet.length > 0 && (
        <ul class="card-remarks small quiet">
          {quiet.map((warning) => (
            <li key={warning}>{sentenceOfWarning(warning, null)}</li>
          ))}
        </ul>
      )}
    </details>
  );
}

function ToBeforeAfter({ study, name }: { readonly study: FoundStudy; readonly name: string }) {
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
