/** The readers' answers side by side, with differences highlighted, for the adjudicator and later readers. */
import type { Result } from '#shared/protocol/inference.ts';
import { differencesOf, type ReviewForm } from '#shared/protocol/review-forms.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { Review, ReviewPlace, Said } from '#shared/protocol/reviews.ts';
import { typedSaid } from '../../kit/identities.ts';
import { answerWords } from '../parts/answer-words.ts';
import { reviewWords } from '../parts/review-words.ts';
import { saidDecision } from '../parts/said-decision.ts';

const words = reviewWords.sides;

type SidesProps = {
  readonly review: Review;
  /** Results of models; null: not known yet. */
  readonly found: readonly Result[] | null;
  /** Copies a reader's answers and marks into the caller's own reading; null: copying is not offered. */
  readonly onUse: ((said: Said, place: number) => void) | null;
};

export function Sides({ review, found, onUse }: SidesProps) {
  const { form } = review.definition;
  const sides = review.places.filter(({ said, isMine }) => said !== null && (onUse === null || !isMine));
  if (sides.length === 0) return null;
  const [first, ...others] = sides.filter(({ place }) => place !== ADJUDICATOR);
  const different = new Set(
    others.flatMap(({ said }) => differencesOf(form, first!.said!.answers, said!.answers)),
  );
  return (
    <section class="stack" aria-label={words.title}>
      <h2>{words.title}</h2>
      {onUse && <p class="small quiet">{words.useWhat}</p>}
      <div class="review-sides">
        {sides.map((side) => (
          <Side key={side.place} {...{ side, review, found, different, onUse }} />
        ))}
      </div>
    </section>
  );
}

type SideProps = {
  readonly side: ReviewPlace;
  readonly review: Review;
  readonly found: SidesProps['found'];
  readonly different: ReadonlySet<string>;
  readonly onUse: SidesProps['onUse'];
};

function Side({ side: { place, reader, said }, review, found, different, onUse }: SideProps) {
  const { form } = review.definition;
  const name = place === ADJUDICATOR ? words.adjudicator : words.reader(place);
  return (
    <section class="stack-tight review-side" aria-label={name}>
      <h3>
        <bdi>{[name, reader?.username].filter(Boolean).join(reviewWords.separator)}</bdi>
      </h3>
      <p>{saidDecision({ ...said!, place }, review, found)}</p>
      {said!.reason && <p class="case-note-text">{typedSaid(said!.reason)}</p>}
      {said!.decision !== 'reject' && (
        <AnswerList form={form} answers={said!.answers} different={different} />
      )}
      {onUse && (
        <p>
          <button type="button" class="button" onClick={() => onUse(said!, place)}>
            {words.use}
          </button>
        </p>
      )}
    </section>
  );
}

type AnswerListProps = {
  readonly form: ReviewForm;
  readonly answers: Said['answers'];
  /** Questions that the readers answered differently. */
  readonly different?: ReadonlySet<string>;
};

/** The answers in the words of the review type. */
export const AnswerList = ({ form, answers, different }: AnswerListProps) => (
  <dl class="review-answers">
    {Object.entries(form.properties).map(([question, field]) => (
      <div key={question} data-differs={different?.has(question) ?? false}>
        <dt class="small quiet">
          {field.title}
          {different?.has(question) && ` (${words.differs})`}
        </dt>
        <dd class="case-note-text">
          <bdi>{answerWords(field, answers[question])}</bdi>
        </dd>
      </div>
    ))}
  </dl>
);
