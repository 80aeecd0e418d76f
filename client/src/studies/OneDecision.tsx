/**
 * The entry of a study in the list of decisions: the patient, the number of instances, a picture, and the answers as
 * buttons.
 */
import { useState } from 'preact/hooks';
import { isAlreadyHere } from '#shared/protocol/reason-kinds.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { formatMoment } from '../kit/format.ts';
import { nameSaid } from '../kit/identities.ts';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { leadFromHere } from '../kit/lead-from-here.ts';
import { hrefOf } from '../kit/routes.ts';
import { refusalSentence } from '../net/refusal-sentence.ts';
import type { FoundStudy, IngestStore } from '../pipeline/ingest/found/found-study.ts';
import { chosenWords } from '../pipeline/ingest/found/chosen-words.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { ThumbnailPicture } from '../pipeline/ingest/card/ThumbnailPicture.tsx';
import { isOnePerson } from '../pipeline/ingest/found/patients-of-study.ts';
import { ConflictPictures } from './ConflictPictures.tsx';
import { PatientsOfStudy } from './PatientsOfStudy.tsx';
import { chooseAgain } from '../pipeline/queue/choose-again.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { CONFLICT } from '../pipeline/queue/upload-queue.ts';
import { titleWords } from '../pipeline/queue/title-words.ts';
import { nameOf, personLines } from '../pipeline/queue/study-title.ts';
import { carryOut, isOnePicture, type Place } from './carry-out.ts';
import type { Answer, Decision } from './list-decisions.ts';
import { needsWords as words } from './needs-words.ts';

export function OneDecision({ decision }: { readonly decision: Decision }) {
  const ingest = useIngest();
  const queue = useQueue();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const pictured = picturedOf(ingest, decision);
  const { name, about } = describe(decision, pictured);
  const answer = async (chosen: Answer) => {
    if (chosen === 'choose-again') return chooseAgain(decision.study?.id ?? null);
    setBusy(true);
    setFailed(null);
    const lead = leadFromHere();
    try {
      const outcome = await carryOut({ ingest, queue }, decision, chosen);
      if (outcome === 'too-late') setFailed(words.tooLate);
      else if (outcome !== null) lead(addressOf(outcome));
    } catch (error) {
      setFailed(refusalSentence(error, words.notReached));
    }
    setBusy(false);
  };
  return (
    <article class="needs-item" aria-label={name}>
      {pictured && (
        <div class="needs-pictures" aria-hidden="true">
          {pictured.series.slice(0, 3).map((series) => (
            <ThumbnailPicture key={series.seriesInstanceUID} series={series} />
          ))}
        </div>
      )}
      <div class="needs-who">
        <h3 class="kept">
          <bdi>{name}</bdi>
        </h3>
        <p class="small quiet kept numbers">
          <bdi>{[...about, words.of(decision.instances)].join(kitWords.separator)}</bdi>
        </p>
      </div>
      <div class="row needs-answers">
        {decision.answers.map((each) => (
          <AnswerButton
            key={each}
            answer={each}
            decision={decision}
            name={name}
            busy={busy}
            onAnswer={() => void answer(each)}
          />
        ))}
      </div>
      <PatientsOfStudy decision={decision} onDecided={go} />
      {decision.policy !== null && <p class="small needs-policy">{words.policy(decision.policy)}</p>}
      {decision.reason === CONFLICT && decision.study && (
        <ConflictPictures study={decision.study} instances={decision.instances} />
      )}
      <div role="alert">{failed && <p class="small">{failed}</p>}</div>
    </article>
  );
}

function go(place: Place | null): void {
  if (place !== null) location.hash = addressOf(place);
}

function addressOf(place: Place): string {
  return place.kind === 'upload' ? hrefOf({ page: 'upload' }) : hrefOf({ ...place, page: 'before-after' });
}

type AnswerButtonProps = {
  readonly answer: Answer;
  readonly decision: Decision;
  readonly name: string;
  readonly busy: boolean;
  readonly onAnswer: () => void;
};

const AGAIN: readonly Answer[] = ['retry', 'try-now', 'ask-pacs'];

/** A button for one answer. Asks for confirmation if something would be lost. */
function AnswerButton({ answer, decision, name, busy, onAnswer }: AnswerButtonProps) {
  const { policy } = decision;
  const mixed = useIngest().mixed.value.get(decision.found?.studyInstanceUID ?? '');
  const isPolicy = answer === 'other-policy' && policy !== null && policy !== 'none';
  const label = isPolicy
    ? chosenWords.otherPolicy(policy)
    : answer === 'apart' && mixed
      ? words.apart(mixed.sentAs, isOnePerson(mixed))
      : answer === 'look' && isOnePicture(decision)
        ? chosenWords.lookAndCover
        : words.answers[answer];
  const of = words.answerOf(label, name);
  // Answers that send names, or one patient's image under another's name, are available but never the highlighted
  // choice.
  const isRisky = answer === 'apart' || (isPolicy && !policy.deidentify);
  const isMain = answer === decision.answers[0] && !isRisky;
  const ask = answer in words.ask ? words.ask[answer as keyof typeof words.ask] : null;
  if (ask !== null)
    return (
      <AskFirst
        label={label}
        of={of}
        ask={{
          title: ask.title,
          about: name,
          what: ask.what(decision.instances, isAlreadyHere(decision.reason), decision.destination),
          yes: label,
          no: words.keep,
        }}
        onYes={onAnswer}
      />
    );
  return (
    <button
      type="button"
      class={isMain ? 'button button-main' : 'button'}
      aria-label={of}
      disabled={busy}
      onClick={onAnswer}
    >
      {AGAIN.includes(answer) && <Icon name="again" size={20} />}
      {label}
    </button>
  );
}

/** The study whose pictures this page can draw. */
function picturedOf(ingest: IngestStore, { found, study, cause }: Decision): FoundStudy | null {
  // Several patients each have their own picture below.
  if (cause === 'mixed') return null;
  if (found) return ingest.studies.value.find(({ id }) => id === found.id) ?? null;
  return study && cause === 'held' ? (ingest.reopenable.value.get(study.id) ?? null) : null;
}

/** Includes Patient ID and birth date, which tell apart two patients with the same name. */
function describe(
  { study, lost, cause }: Decision,
  pictured: FoundStudy | null,
): { readonly name: string; readonly about: readonly string[] } {
  if (study) {
    const { title } = study;
    return { name: nameOf(study), about: personLines(title?.patientId, title?.patientBirthDate) };
  }
  if (cause === 'mixed') return { name: chosenWords.mixed.title, about: [] };
  if (pictured) {
    const name = nameSaid(pictured.patientName) ?? titleWords.noPatient;
    return { name, about: personLines(pictured.patientId, pictured.patientBirthDate) };
  }
  if (lost) {
    const at = lost.queuedAt;
    const when = at === null ? [] : [titleWords.queuedWhen(formatMoment(new Date(at), new Date()))];
    return { name: titleWords.erasedName(lost.modalities), about: when };
  }
  return { name: cause === 'foreign' ? words.foreign : words.chosen, about: [] };
}
