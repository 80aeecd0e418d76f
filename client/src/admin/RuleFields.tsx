/** The values of the conditions, in the form of a rule and in the dry run. */
import { useId } from 'preact/hooks';
import { CONDITIONS, type Condition } from '#shared/protocol/rule.ts';
import type { TypedValues } from './rule-form.ts';
import { rulesWords } from './rules-words.ts';

const words = rulesWords.form;

type Props = {
  readonly values: TypedValues;
  readonly onChange: (values: TypedValues) => void;
  /** The condition that has a mistake, and the id of what says so. */
  readonly wrong: Condition | null;
  readonly message: string;
};

export function RuleFields({ values, onChange, wrong, message }: Props) {
  return (
    <>
      {CONDITIONS.map((condition) => (
        <OneField
          key={condition}
          condition={condition}
          value={values[condition]}
          isWrong={wrong === condition}
          message={message}
          onChange={(value) => onChange({ ...values, [condition]: value })}
        />
      ))}
    </>
  );
}

type FieldProps = {
  readonly condition: Condition;
  readonly value: string;
  readonly isWrong: boolean;
  readonly message: string;
  readonly onChange: (value: string) => void;
};

function OneField({ condition, value, isWrong, message, onChange }: FieldProps) {
  const id = useId();
  const hint = words.hints[condition];
  const input = {
    id,
    name: condition,
    value,
    spellcheck: false,
    'aria-invalid': isWrong,
    'aria-describedby': [...(hint === undefined ? [] : [`${id}-hint`]), message].join(' '),
    onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) =>
      onChange(currentTarget.value),
  };
  return (
    <div class="stack-tight">
      <label class="field" for={id}>
        <span>{words.conditions[condition]}</span>
        {condition === 'description' ? (
          <textarea rows={2} {...input} />
        ) : (
          <input type="text" autocomplete="off" {...input} />
        )}
      </label>
      {hint && (
        <p id={`${id}-hint`} class="small quiet">
          {hint}
        </p>
      )}
    </div>
  );
}

type ChoiceProps = {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly text: string }[];
  readonly onChoose: (value: string) => void;
};

export function SelectField({ label, value, options, onChoose }: ChoiceProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    </label>
  );
}
