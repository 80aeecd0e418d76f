/** The readers' answers side by side; differences stand out, for the adjudicator and for whoever reads it later. */
import { differencesOf, type ReviewField, type ReviewForm } from '#shared/protocol/review-forms.ts';
import { ADJUDICATOR } from '#shared/protocol/review-state.ts';
import type { Review, ReviewPlace, Said } from '#shared/protocol/reviews.ts';
import { reviewWords } from './review-words.ts';

const words = reviewWords.sides;

export type SidesProps = {
  readonly review: Review;
  /** Takes a reader's answers into the form, and their marks; null: nothing is asked. */
  readonly onUse: ((said: Said, place: number) => void) | null;
};

export function Sides({ review, onUse }: SidesProps) {
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
      <div class="review-sides">
        {sides.map((side) => (
          <Side key={side.place} side={side} form={form} different={different} onUse={onUse} />
        ))}
      </div>
    </section>
  );
}

type SideProps = {
  readonly side: ReviewPlace;
  readonly form: ReviewForm;
  readonly different: ReadonlySet<string>;
  readonly onUse: SidesProps['onUse'];
};

function Side({ side: { place, reader, said }, form, different, onUse }: SideProps) {
  const name = place === ADJUDICATOR ? words.adjudicator : words.reader(place);
  return (
    <section class="stack-tight review-side" aria-label={name}>
      <h3>
        <bdi>{[name, reader?.username].filter(Boolean).join(reviewWords.separator)}</bdi>
      </h3>
      <p>{reviewWords.decisions[said!.decision]}</p>
      {said!.reason && <p class="case-note-text">{said!.reason}</p>}
      {said!.decision !== 'reject' && (
        <dl class="review-answers">
          {Object.entries(form.properties).map(([question, field]) => (
            <div key={question} data-differs={different.has(question)}>
              <dt class="small quiet">
                {field.title}
                {different.has(question) && ` (${words.differs})`}
              </dt>
              <dd class="case-note-text">
                <bdi>{answerWords(field, said!.answers[question])}</bdi>
              </dd>
            </div>
          ))}
        </dl>
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

function answerWords(field: ReviewField, answer: string | number | undefined): string {
  if (answer === undefined) return words.none;
  if (field['x-field'] === 'radio')
    return field.oneOf.find((option) => option.const === answer)?.title ?? `${answer}`;
  return field['x-field'] === 'measurement' ? `${answer} ${field['x-unit']}` : `${answer}`;
}
