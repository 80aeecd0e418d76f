/** *Request a reading*: requests a review of a case, by readers who are named here or found as the review type says. */
import { useState } from 'preact/hooks';
import {
  reviewSchema,
  reviewTypesSchema,
  type ReviewType,
  type ReviewTypes,
} from '#shared/protocol/reviews.ts';
import { troubleOf } from '../../net/trouble-of.ts';
import { useTold } from '../../net/use-told.ts';
import { SelectField } from '../../kit/fields.tsx';
import { FormSheet } from '../../kit/FormSheet.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { leadFromHere } from '../../kit/lead-from-here.ts';
import { hrefOf } from '../../kit/routes.ts';
import { useForm } from '../../kit/use-form.ts';
import { WhenKnown } from '../../kit/WhenKnown.tsx';
import { useApi, useSession } from '../../net/net-context.ts';
import { offerTypes, type KnownImages } from './fitting-types.ts';
import { reviewWords } from '../parts/review-words.ts';
import { hasSeen, useSeenReaders, type SeenReaders } from '../parts/use-seen-readers.ts';

const words = reviewWords.ofCase;

type HaveItReadProps = {
  readonly caseId: string;
  readonly images: KnownImages;
  readonly onClose: () => void;
};

export function HaveItRead({ caseId, images, onClose }: HaveItReadProps) {
  const api = useApi();
  const account = useSession().user.value?.id ?? '';
  const form = useForm(troubleOf);
  const [chosen, setChosen] = useState<string | null>(null);
  const [named, setNamed] = useState<Named>({ readers: [], adjudicator: '' });
  // The same id after a lost answer, so that sending again opens no second review.
  const [id] = useState(() => crypto.randomUUID());
  const told = useTold('/review-types', reviewTypesSchema);
  const allSeen = useSeenReaders(caseId, null);
  const { fitting, others } = offerTypes(told.value.value?.types ?? [], images);
  const offered = [...fitting, ...others];
  const name = chosen ?? offered[0]?.name ?? '';
  const type = offered.find((one) => one.name === name);
  const isTooMany = type !== undefined && named.readers.length > type.definition.readers;
  const seen = type?.definition.hidesFinding ? allSeen : [];
  const seenNamed = namedAmong(told.value.value?.readers ?? [], named, seen);
  const isOwnSeen = seenNamed.some((one) => one.id === account);
  const isUnknown = seen === 'unknown' && named.readers.length > 0;
  const asksAnyway = seenNamed.length > 0 && !isOwnSeen;
  const request = () =>
    form.submit(async () => {
      if (type === undefined || isTooMany || isOwnSeen) return;
      const lead = leadFromHere();
      const body = { id, type: name, ...namedIn(type, named) };
      await api.json(`/cases/${caseId}/reviews`, reviewSchema, { method: 'POST', body });
      onClose();
      lead(hrefOf({ page: 'reviews', id }));
    });
  return (
    <FormSheet
      title={words.sheet}
      form={form}
      words={asksAnyway || isUnknown ? { ...words, submit: words.submitSeen } : words}
      isReady={type !== undefined && seen !== 'loading'}
      onSubmit={request}
      onClose={onClose}
    >
      <WhenKnown of={told} loading={kitWords.looking}>
        {({ readers: accounts }) => (
          <>
            <TypeField {...{ name, fitting, others }} onChoose={setChosen} />
            <Readers {...{ accounts, named, seen, onName: setNamed }} />
            <div role="alert">
              {isTooMany && <p class="small review-fault">{words.tooMany(type.definition.readers)}</p>}
              {isOwnSeen && <p class="small review-fault">{words.seenYourself}</p>}
              {asksAnyway && <p class="small">{words.seenBy(seenNamed.map(({ username }) => username))}</p>}
              {isUnknown && <p class="small">{words.seenUnknown}</p>}
            </div>
            {mayDiffer(type) && <Adjudicator {...{ accounts, named, onName: setNamed }} />}
          </>
        )}
      </WhenKnown>
    </FormSheet>
  );
}

type TypeFieldProps = {
  readonly name: string;
  readonly fitting: readonly ReviewType[];
  readonly others: readonly ReviewType[];
  readonly onChoose: (name: string) => void;
};

const TypeField = ({ name, fitting, others, onChoose }: TypeFieldProps) => (
  <label class="field">
    <span>{words.type}</span>
    <select value={name} onChange={(event) => onChoose(event.currentTarget.value)}>
      <TypeOptions types={fitting} />
      {others.length > 0 && (
        <optgroup label={words.otherTypes}>
          <TypeOptions types={others} />
        </optgroup>
      )}
    </select>
  </label>
);

const TypeOptions = ({ types }: { readonly types: readonly ReviewType[] }) =>
  types.map(({ name, definition: { title } }) => (
    <option key={name} value={name}>
      {title}
    </option>
  ));

/** Ids of accounts. If `adjudicator` is empty, the review type determines the adjudicator. */
type Named = { readonly readers: readonly string[]; readonly adjudicator: string };

const namedAmong = (all: ReviewTypes['readers'], { readers }: Named, seen: SeenReaders) =>
  all.filter(({ id }) => hasSeen(seen, id) && readers.includes(id));

const mayDiffer = (type: ReviewType | undefined): boolean => (type?.definition.readers ?? 0) > 1;

const namedIn = (type: ReviewType, { readers, adjudicator }: Named) => ({
  ...(readers.length > 0 && { readers }),
  ...(mayDiffer(type) && adjudicator !== '' && { adjudicator }),
});

type NamedProps = {
  readonly accounts: ReviewTypes['readers'];
  readonly named: Named;
  readonly onName: (named: Named) => void;
};

type ReadersProps = NamedProps & { readonly seen: SeenReaders };

function Readers({ accounts, named: { readers, adjudicator }, seen, onName }: ReadersProps) {
  const choose = (account: string, checked: boolean) => {
    const others = readers.filter((one) => one !== account);
    onName({
      readers: checked ? [...others, account] : others,
      // Nobody can adjudicate between themselves and another reader.
      adjudicator: adjudicator === account ? '' : adjudicator,
    });
  };
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
            onChange={({ currentTarget: { checked } }) => choose(account.id, checked)}
          />
          <span>
            <bdi>{account.username}</bdi>
            {hasSeen(seen, account.id) && <span class="small quiet"> {words.hasSeen}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Adjudicator({ accounts, named: { readers, adjudicator }, onName }: NamedProps) {
  const others = accounts.filter(({ id }) => !readers.includes(id));
  return (
    <SelectField
      label={words.adjudicator}
      value={adjudicator}
      options={[['', words.adjudicatorLater], ...others.map(({ id, username }) => [id, username] as const)]}
      onChange={(chosen) => onName({ readers, adjudicator: chosen })}
    />
  );
}
