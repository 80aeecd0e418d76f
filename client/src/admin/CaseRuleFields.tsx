/** The part of a rule's form that says which case it opens, and when. */
import type { Signal } from '@preact/signals';
import { CASE_PRIORITIES } from '#shared/protocol/cases.ts';
import { CASE_OCCASIONS } from '#shared/protocol/rule.ts';
import { Notice } from '../kit/Notice.tsx';
import { SelectField } from './RuleFields.tsx';
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
        onChoose={(value) => set({ occasion: CASE_OCCASIONS.find((one) => one === value) ?? 'delivered' })}
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
        onChoose={(value) => set({ priority: CASE_PRIORITIES.find((one) => one === value) ?? 'routine' })}
      />
      {text('tags')}
      <SelectField
        label={words.review}
        value={opens.review}
        options={[
          { value: '', text: words.noReview },
          ...known.reviewTypes.map(({ name, title }) => ({ value: name, text: title })),
        ]}
        onChoose={(review) => set({ review })}
      />
    </fieldset>
  );
}
