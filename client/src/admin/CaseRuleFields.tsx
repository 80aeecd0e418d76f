/** The part of a rule's form that says when it opens a case, and which. */
import type { Signal } from '@preact/signals';
import { Notice } from '../kit/Notice.tsx';
import { SelectField, TextField } from '../kit/fields.tsx';
import type { TypedCase, TypedRule } from './rule-form.ts';
import { caseRuleWords as words } from './case-rule-words.ts';
import type { Known } from './rules.store.ts';

type Props = {
  readonly typed: Signal<TypedRule>;
  readonly known: Known;
  readonly isExamined: boolean;
};

/**
 * A case opened because a model found something reveals that finding by its existence, so no review type that hides
 * findings is offered for it.
 */
const typesFor = (occasion: TypedCase['occasion'], { reviewTypes }: Known): Known['reviewTypes'] =>
  reviewTypes.filter(({ hidesFinding }) => occasion === 'delivered' || !hidesFinding);

/** Deselects a review type that is not offered for this occasion. */
function occasionChosen(
  occasion: TypedCase['occasion'],
  { review }: TypedCase,
  known: Known,
): Partial<TypedCase> {
  const isOffered = typesFor(occasion, known).some(({ name }) => name === review);
  return { occasion, review: isOffered ? review : '' };
}

export function CaseRuleFields({ typed, known, isExamined }: Props) {
  const { opens } = typed.value;
  const set = (change: Partial<TypedCase>): void => {
    typed.value = { ...typed.value, opens: { ...opens, ...change } };
  };
  const text = (name: 'title' | 'tags') => (
    <TextField
      label={words[name]}
      name={name}
      value={opens[name]}
      onChange={(value) => set({ [name]: value })}
    />
  );
  return (
    <fieldset class="stack">
      <legend class="strong">{words.legend}</legend>
      <SelectField
        label={words.occasion}
        value={opens.occasion}
        options={words.occasions}
        onChange={(value) => set(occasionChosen(value, opens, known))}
      />
      <div role="status">
        {!isExamined && opens.occasion !== 'delivered' && (
          <Notice kind="wait" title={words.unexamined}>
            <p>{words.unexaminedWhat}</p>
          </Notice>
        )}
      </div>
      <p class="small quiet">{words.titleWhat}</p>
      {text('title')}
      <SelectField
        label={words.priority}
        value={opens.priority}
        options={words.priorities}
        onChange={(priority) => set({ priority })}
      />
      {text('tags')}
      <SelectField
        label={words.review}
        value={opens.review}
        options={[
          ['', words.noReview],
          ...typesFor(opens.occasion, known).map(({ name, title }) => [name, title] as const),
        ]}
        onChange={(review) => set({ review })}
      />
      {opens.occasion !== 'delivered' && <p class="small quiet">{words.reviewWhat}</p>}
    </fieldset>
  );
}
