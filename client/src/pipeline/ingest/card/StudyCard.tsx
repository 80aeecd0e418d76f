/** The card of a found study: patient, time, kind and size, what to look at, and whether Send takes it. */
import type { ReadonlySignal } from '@preact/signals';
import { useId, useState } from 'preact/hooks';
import { deferred } from '../../../kit/deferred.tsx';
import { useIngest, useTriageViews } from '../found/ingest-context.ts';
import { formatBytes } from '../../../kit/format.ts';
import { nameSaid, typedSaid } from '../../../kit/identities.ts';
import { Icon } from '../../../kit/Icon.tsx';
import { images } from '../../../kit/counted.ts';
import { chosenWords } from '../found/chosen-words.ts';
import { unreadLines } from '../../../kit/left-out-words.ts';
import { kitWords } from '../../../kit/kit-words.ts';
import { titleWords } from '../../queue/title-words.ts';
import { partsOf, personLines } from '../../queue/study-title.ts';
import { leftUnreadOf } from '../choose/disc-view.ts';
import { totalOf } from '../found/forecast.ts';
import type { FoundStudy } from '../found/found-study.ts';
import type { OrderOfStudyProps } from '../orders/OrderOfStudy.tsx';
import type { FilmViewProps } from './FilmView.tsx';
import type { SentBeforeByUid } from './sent-before.ts';
import { SentBeforeNote } from './SentBeforeNote.tsx';
import { ThumbnailPicture } from './ThumbnailPicture.tsx';
import { MixedPatients } from './MixedPatients.tsx';
import { actsOnUnreleasable } from '../found/held-acts.ts';
import { coveredOf, goingOfFound } from '../found/sendable.ts';
import { HeldActs } from './HeldActs.tsx';
import { More, seriesSaid, ToBeforeAfter } from './More.tsx';
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

const FilmView = deferred<FilmViewProps>(
  () => import('./FilmView.tsx').then((view) => view.FilmView),
  Nothing,
);

function Nothing() {
  return null;
}

type StudyCardProps = { readonly study: FoundStudy; readonly sentBefore: ReadonlySignal<SentBeforeByUid> };

export function StudyCard({ study, sentBefore }: StudyCardProps) {
  const ingest = useIngest();
  const Notes = useTriageViews().value?.Notes;
  const uid = study.studyInstanceUID;
  const mixed = ingest.mixed.value.get(uid);
  const name = mixed ? chosenWords.mixed.title : (nameSaid(study.patientName) ?? titleWords.noPatient);
  const policy = ingest.policy.value;
  const answered = ingest.answered.value.get(uid) ?? [];
  const toLookAt = ingest.heldBack.value.filter((file) => file.studyInstanceUID === uid && file.isReleasable);
  const { going, held } = goingOfFound(study, ingest);
  const known = new Set([...answered, ...toLookAt.map(({ reason }) => reason)]);
  // Its own line says that a study is too large.
  const warnings = study.warnings.filter((each) => each !== 'too-many-instances' || going !== 'too-large');
  const { loud, quiet } = sortWarnings(warnings, policy, known);
  const isMixed = mixed?.isSettled === false;
  // The patients have to be settled before the images are looked at.
  const isHeld = !isMixed && (toLookAt.length > 0 || actsOnUnreleasable(ingest, study) !== null);
  const contents = useId();
  return (
    <article class="card" data-selected={study.selected.value} data-going={going}>
      <label class="card-tick">
        <input
          type="checkbox"
          class="tick"
          checked={study.selected.value}
          indeterminate={going !== 'sent' && going !== 'not-chosen'}
          aria-label={chosenWords.include(name, whatOf(study))}
          aria-describedby={contents}
          onChange={() => ingest.toggle(uid)}
        />
      </label>
      <div class="card-body">
        {mixed ? <h2 class="card-name kept">{name}</h2> : <Patient study={study} name={name} />}
        <Contents id={contents} study={study} going={going} held={held} />
        <SentBeforeNote study={study} known={sentBefore} />
        <NotWhole study={study} />
        {isHeld && <HeldActs study={study} name={name} toLookAt={toLookAt} />}
        {loud.map((warning) => (
          <div key={warning} class="card-warning small">
            <Icon name="caution" size={20} />
            <p>{sentenceOfWarning(warning, policy)}</p>
          </div>
        ))}
        <MixedPatients study={study} />
        {policy?.deidentify === false && <OrderOfStudy study={study} name={name} />}
      </div>
      <div class="card-side">
        <Pictures study={study} name={name} />
        {!isMixed && !isHeld && <ToBeforeAfter study={study} name={name} />}
      </div>
      {Notes && <Notes study={study} name={name} />}
      <More study={study} name={name} quiet={quiet} leadsToChanges={isMixed || isHeld} />
    </article>
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

type ContentsProps = ReturnType<typeof goingOfFound> & { readonly id: string; readonly study: FoundStudy };

/** The date, kind and size of the study, and the one line about what happens to it at Send. */
function Contents({ id, study, going, held }: ContentsProps) {
  const ingest = useIngest();
  const { policy, leftOut } = ingest;
  const decided = leftOut.value.get(study.studyInstanceUID)?.instances ?? 0;
  const ofOthers = study.leftOut.reduce((sum, { files }) => sum + files.length, 0);
  const size = [seriesSaid(study), images(study.instances), formatBytes(study.bytes)].join(
    kitWords.separator,
  );
  const said = chosenWords.going[going]({
    held,
    all: study.instances - decided,
    out: totalOf(study.unticked).instances + decided + ofOthers,
    covered: coveredOf(ingest, [study]),
    removesNames: policy.value?.deidentify ?? null,
  });
  return (
    <>
      <p class="card-parts kept">
        <bdi>{whatOf(study) || chosenWords.noDescription}</bdi>
      </p>
      <div id={id} class="small numbers">
        <p class="quiet">{size}</p>
        {said !== '' && <p class="card-stays">{said}</p>}
      </div>
    </>
  );
}

type PicturesProps = { readonly study: FoundStudy; readonly name: string };

/** A picture of each of the first series, which opens as large as the window. */
function Pictures({ study, name }: PicturesProps) {
  const { series } = study;
  const [opened, setOpened] = useState<string | null>(null);
  return (
    <>
      <div class="card-pictures">
        {series.slice(0, PICTURES).map((each, at) => (
          <button
            key={each.seriesInstanceUID}
            type="button"
            class="card-picture"
            aria-haspopup="dialog"
            onClick={() => setOpened(each.seriesInstanceUID)}
          >
            <span class="unseen">{chosenWords.lookLarge(at + 1, name)}</span>
            <ThumbnailPicture series={each} />
          </button>
        ))}
        {[PICTURES, FEW_PICTURES].map(
          (shown) =>
            series.length > shown && (
              <span key={shown} class="card-more small quiet" data-of={shown} aria-hidden="true">
                +{series.length - shown}
              </span>
            ),
        )}
      </div>
      {opened !== null && (
        <FilmView study={study} name={name} seriesInstanceUID={opened} onClose={() => setOpened(null)} />
      )}
    </>
  );
}
