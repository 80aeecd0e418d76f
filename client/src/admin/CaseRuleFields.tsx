/** The part of a rule's form that says which case it opens, and when. */
import type { Signal } from '@preact/signals';
import { CASE_PRIORITIES } from '#shared/protocol/cases.ts';
import { CASE_OCCASIONS } from '#shared/protocol/rule.ts';
import { Notice } from '../kit/Notice.tsx';
import { SelectField } from '../kit/fields.tsx';
import type { RuleField, TypedCase, TypedRule } from './rule-form.ts';
import { caseRuleWords as words } from './case-rule-words.ts';
import type { Known } from './rules.store.ts';

type Props = {
  readonly typed: Signal<TypedRule>;
  readonly known: Known;
  readonly isExamined: boolean;
  /** The field that has a mistake, and the id of what says so. */
  readonly wrong: RuleField | null;
  readonly message: string;
};

/** A case that is opened because a model found something tells so: no review of it can hide that. */
const typesFor = (occasion: TypedCase['occasion'], { reviewTypes }: Known): Known['reviewTypes'] =>
  reviewTypes.filter(({ hidesFinding }) => occasion === 'delivered' || !hidesFinding);

/** A review type that is not offered with the occasion is no longer chosen. */
function occasionChosen(value: string, { review }: TypedCase, known: Known): Partial<TypedCase> {
  const occasion = CASE_OCCASIONS.find((one) => one === value) ?? 'delivered';
  const isOffered = typesFor(occasion, known).some(({ name }) => name === review);
  return { occasion, review: isOffered ? review : '' };
}

export function CaseRuleFields({ typed, known, isExamined, wrong, message }: Props) {
  const { opens } = typed.value;
  const set = (change: Partial<TypedCase>): void => {
    typed.value = { ...typed.value, opens: { ...opens, ...change } };
  };
  const text = (name: 'title' | 'tags') => (
    <label class="field">
      <span>{words[name]}</span>
      <input
        type="text"
        name={name}
        autocomplete="off"
        value={opens[name]}
        aria-invalid={wrong === name}
        aria-describedby={message}
        onInput={({ currentTarget }) => set({ [name]: currentTarget.value })}
      />
    </label>
  );
  return (
    <fieldset class="stack">
      <legend class="strong">{words.legend}</legend>
      <SelectField
        label={words.occasion}
        value={opens.occasion}
        options={CASE_OCCASIONS.map((value) => ({ value, text: words.occasions[value] }))}
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
        options={CASE_PRIORITIES.map((value) => ({ value, text: words.priorities[value] }))}
        onChange={(value) => set({ priority: CASE_PRIORITIES.find((one) => one === value) ?? 'routine' })}
      />
      {text('tags')}
      <SelectField
        label={words.review}
        value={opens.review}
        options={[
          { value: '', text: words.noReview },
          ...typesFor(opens.occasion, known).map(({ name, title }) => ({ value: name, text: title })),
        ]}
        onChange={(review) => set({ review })}
      />
      {opens.occasion !== 'delivered' && <p class="small quiet">{words.reviewWhat}</p>}
    </fieldset>
  );
}
