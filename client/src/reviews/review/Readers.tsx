/** The readers of a review, as far as this person may know them. A free place can be taken, or given to somebody. */
import { useState } from 'preact/hooks';
import {
  REVIEWERS,
  reviewTypesSchema,
  type Review,
  type ReviewPlace,
  type ReviewTypes,
} from '#shared/protocol/reviews.ts';
import { ADJUDICATOR, isRefusal, stepOf, type Party } from '#shared/protocol/review-state.ts';
import { useTold } from '../../net/use-told.ts';
import { FormSheet } from '../../kit/FormSheet.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { useStoreForm } from '../../kit/use-form.ts';
import { WhenKnown } from '../../kit/WhenKnown.tsx';
import { useSession } from '../../net/net-context.ts';
import { dueOf } from '../parts/due-of.ts';
import type { ReviewStore } from './review.store.ts';
import { reviewWords } from '../parts/review-words.ts';
import { hasSeen, useSeenReaders, type SeenReaders } from '../parts/use-seen-readers.ts';

const words = reviewWords.readers;

type ReadersProps = { readonly review: Review; readonly store: ReviewStore; readonly account: string };

export function Readers({ review, store, account }: ReadersProps) {
  const [given, setGiven] = useState<ReviewPlace | null>(null);
  const roles = useSession().user.value?.roles ?? [];
  const mayRead = roles.some((role) => REVIEWERS.includes(role));
  const own = review.places.find(({ isMine }) => isMine);
  const parties: readonly Party[] = roles.includes('admin') ? ['keeper', 'admin'] : ['keeper'];
  const places = review.places.filter(({ state, isMine }) => !isMine || state !== 'signed');
  return (
    <section class="stack" aria-label={words.title}>
      {own === undefined && <p>{places.some(isFree) ? words.free : words.notMine}</p>}
      <ul class="plain">
        {places.map((place) => (
          <li key={place.place} class="row hairline">
            <span class="review-reader">
              <bdi>{nameOf(place)}</bdi>
              {!isFree(place) && <span class="small quiet">{statusOf(place, dueOf(review))}</span>}
            </span>
            {isFree(place) && mayRead && own === undefined && (
              <button
                type="button"
                class="button button-main"
                disabled={store.isBusy.value}
                onClick={() => void store.assign(place, account)}
              >
                {words.take}
              </button>
            )}
            {!isRefusal(stepOf(place.state, 'assign', parties)) && (
              <button type="button" class="button" aria-haspopup="dialog" onClick={() => setGiven(place)}>
                {words.give}
              </button>
            )}
          </li>
        ))}
      </ul>
      {given && <GiveSheet place={given} review={review} store={store} onClose={() => setGiven(null)} />}
    </section>
  );
}

const statusOf = ({ place, state, isMine, reader }: ReviewPlace, due: string | null): string => {
  const isNamed = isMine || reader !== null;
  return [
    isNamed && place === ADJUDICATOR && words.adjudicator,
    reviewWords.places[state],
    state !== 'signed' && due,
  ]
    .filter(Boolean)
    .join(reviewWords.separator);
};

const isFree = ({ state }: ReviewPlace): boolean => state === 'open';

/** The name may be withheld; then the place is shown as taken, without a name. */
function nameOf(of: ReviewPlace): string {
  const { place, isMine, reader } = of;
  if (isMine) return words.mine;
  if (reader !== null) return reader.username;
  if (isFree(of)) return place === ADJUDICATOR ? words.freeAdjudicator : words.freePlace(place);
  return place === ADJUDICATOR ? words.adjudicator : words.reader(place);
}

type GiveSheetProps = Pick<ReadersProps, 'review' | 'store'> & {
  readonly place: ReviewPlace;
  readonly onClose: () => void;
};

function GiveSheet({ place, review, store, onClose }: GiveSheetProps) {
  const [chosen, setChosen] = useState<string | null>(null);
  const holders = review.places.map(({ reader }) => reader?.id);
  const seen = useSeenReaders(review.caseId, review.id);
  const types = useTold('/review-types', reviewTypesSchema);
  const chosenSeen = types.value.value?.readers.find(({ id }) => id === chosen && hasSeen(seen, id));
  const isUnknown = chosen !== null && seen === 'unknown';
  const form = useStoreForm(store);
  const give = () =>
    form.submit(async () => {
      if (chosen === null) return;
      await store.assign(place, chosen);
      if (store.trouble.peek() === null) onClose();
    });
  return (
    <FormSheet
      title={words.sheet}
      form={form}
      words={chosenSeen || isUnknown ? { ...words, submit: words.submitSeen } : words}
      isReady={types.value.value !== null && seen !== 'loading'}
      onSubmit={give}
      onClose={onClose}
    >
      <WhenKnown of={types} loading={kitWords.looking}>
        {({ readers }, known) => {
          const people = readers.filter(({ id }) => !holders.includes(id));
          if (people.length === 0) return <p>{words.nobody(known)}</p>;
          return <People {...{ people, seen, chosen }} onChoose={setChosen} />;
        }}
      </WhenKnown>
      {place.state === 'decided' && <p class="small quiet">{words.kept}</p>}
      <div role="alert">
        {chosenSeen && <p class="small">{words.seenBy(chosenSeen.username)}</p>}
        {isUnknown && <p class="small">{words.seenUnknown}</p>}
      </div>
    </FormSheet>
  );
}

type PeopleProps = {
  readonly people: ReviewTypes['readers'];
  readonly seen: SeenReaders;
  readonly chosen: string | null;
  readonly onChoose: (id: string) => void;
};

const People = ({ people, seen, chosen, onChoose }: PeopleProps) => (
  <fieldset class="review-choice">
    <legend>{words.to}</legend>
    {people.map(({ id, username }) => (
      <label key={id} class="choice">
        <input
          type="radio"
          name="reader"
          required
          class="tick"
          checked={chosen === id}
          onChange={() => onChoose(id)}
        />
        <span>
          <bdi>{username}</bdi>
          {hasSeen(seen, id) && <span class="small quiet"> {reviewWords.ofCase.hasSeen}</span>}
        </span>
      </label>
    ))}
  </fieldset>
);
