/** On the page of a case: its reviews, and *Have it read*. */
import { useEffect, useState } from 'preact/hooks';
import {
  caseReviewsSchema,
  reviewSchema,
  type CaseReview,
  type ListedReview,
  type ReviewTypes,
} from '#shared/protocol/reviews.ts';
import { isEnded } from '#shared/protocol/review-state.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { troubleOf, type CaseTrouble } from '../cases/case-trouble.ts';
import { formatMoment } from '../kit/format.ts';
import { FormActions } from '../kit/FormActions.tsx';
import { hrefOf } from '../kit/routes.ts';
import { Sheet } from '../kit/Sheet.tsx';
import { useApi } from '../net/net-context.ts';
import { dueOf } from './due-of.ts';
import { outcomeOf, waitingFor } from './outcome-of.ts';
import { progressOf } from './progress-of.ts';
import { reviewWords } from './review-words.ts';
import { useReviewTypes } from './use-review-types.ts';
import './reviews.css';

const words = reviewWords.ofCase;
type CaseReviewsProps = { readonly caseId: string; readonly isAnonymous: boolean };

export function CaseReviews({ caseId, isAnonymous }: CaseReviewsProps) {
  const api = useApi();
  const [reviews, setReviews] = useState<readonly CaseReview[] | null>(null);
  const [trouble, setTrouble] = useState<CaseTrouble | null>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const closed = new AbortController();
    const path = `/cases/${caseId}/reviews${isAnonymous ? '?anonymise=1' : ''}`;
    api
      .json(path, caseReviewsSchema, { signal: closed.signal })
      .then((answer) => setReviews(answer.reviews))
      .catch((error: unknown) => !closed.signal.aborted && setTrouble(troubleOf(error)));
    return () => closed.abort();
  }, [caseId, isAnonymous]);
  return (
    <section class="stack" aria-label={words.title}>
      <h2>{words.title}</h2>
      <TroubleAlert trouble={trouble} />
      {reviews?.length === 0 && <p class="quiet">{words.none}</p>}
      <ul class="plain">
        {(reviews ?? []).map((review) => (
          <li key={review.id} class="hairline">
            <a class="case-result" href={hrefOf({ page: 'reviews', id: review.id })}>
              {review.title}
            </a>
            <span class="small quiet">{aboutOf(review).filter(Boolean).join(reviewWords.separator)}</span>
          </li>
        ))}
      </ul>
      <p>
        <button type="button" class="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
          {words.open}
        </button>
      </p>
      {isOpen && <OpenSheet caseId={caseId} onClose={() => setOpen(false)} />}
    </section>
  );
}

function aboutOf(review: CaseReview) {
  const names = isEnded(review.state) ? [] : waitingFor(review);
  const waits = names.length > 0 && words.waitsFor(names);
  return [progressOf(review), outcomeOf(review), whenOf(review), waits, dueOf(review)];
}

/** When it was settled, or else asked for. */
function whenOf({ openedAt, settledAt }: ListedReview): string {
  if (settledAt !== null) return formatMoment(new Date(settledAt), new Date());
  return reviewWords.list.asked(formatMoment(new Date(openedAt), new Date()));
}

function OpenSheet({ caseId, onClose }: { readonly caseId: string; readonly onClose: () => void }) {
  const api = useApi();
  const [trouble, setTrouble] = useState<CaseTrouble | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const [readers, setReaders] = useState<readonly string[]>([]);
  // Sent again after a lost answer, it opens no second review.
  const [id] = useState(() => crypto.randomUUID());
  const choices = useReviewTypes(setTrouble);
  const name = chosen ?? choices?.types[0]?.name ?? '';
  const type = choices?.types.find((one) => one.name === name);
  const isTooMany = type !== undefined && readers.length > type.definition.readers;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (type === undefined || isTooMany) return;
    setBusy(true);
    setTrouble(null);
    try {
      const body = { id, type: name, ...(readers.length > 0 && { readers }) };
      await api.json(`/cases/${caseId}/reviews`, reviewSchema, { method: 'POST', body });
      onClose();
      location.hash = hrefOf({ page: 'reviews', id });
    } catch (error) {
      setTrouble(troubleOf(error));
      setBusy(false);
    }
  };
  return (
    <Sheet title={words.sheet} onClose={onClose}>
      <form class="stack sheet-part" onSubmit={(event) => void submit(event)} noValidate>
        <label class="field">
          <span>{words.type}</span>
          <select value={name} onChange={(event) => setChosen(event.currentTarget.value)}>
            {(choices?.types ?? []).map((one) => (
              <option key={one.name} value={one.name}>
                {one.definition.title}
              </option>
            ))}
          </select>
        </label>
        <Readers accounts={choices?.readers ?? []} readers={readers} onChoose={setReaders} />
        <div role="alert">
          {isTooMany && <p class="small review-fault">{words.tooMany(type.definition.readers)}</p>}
        </div>
        <TroubleAlert trouble={trouble} />
        <FormActions
          submit={words.submit}
          submitting={words.submitting}
          isBusy={isBusy || choices === null}
          onCancel={onClose}
        />
      </form>
    </Sheet>
  );
}

type ReadersProps = {
  readonly accounts: ReviewTypes['readers'];
  readonly readers: readonly string[];
  readonly onChoose: (readers: readonly string[]) => void;
};

function Readers({ accounts, readers, onChoose }: ReadersProps) {
  return (
    <fieldset class="review-choice">
      <legend>{words.readers}</legend>
      <p class="small quiet">{words.byType}</p>
      {accounts.map((account) => (
        <label key={account.id} class="choice">
          <input
            type="checkbox"
            class="tick"
            checked={readers.includes(account.id)}
            onChange={({ currentTarget: { checked } }) => {
              const others = readers.filter((one) => one !== account.id);
              onChoose(checked ? [...others, account.id] : others);
            }}
          />
          <span>
            <bdi>{account.username}</bdi>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
