/** The values of the conditions, in the form of a rule and in the dry run. */
import { useId } from 'preact/hooks';
import type { Condition, RuleKind } from '#shared/protocol/rule.ts';
import { suggestions, valueWithoutName, type KnownValues, type TypedValues } from './rule-form.ts';
import { rulesWords } from './rules-words.ts';

const words = rulesWords.form;

type Props = {
  readonly conditions: readonly Condition[];
  readonly values: TypedValues;
  readonly known: KnownValues;
  /** Rules of cases are judged later, when the body part is no longer known. */
  readonly kind: RuleKind;
  readonly onChange: (values: TypedValues) => void;
  /** The condition that has a mistake, and the id of what says so. */
  readonly wrong: Condition | null;
  readonly message: string;
};

export function RuleFields({ kind, conditions, values, known, onChange, wrong, message }: Props) {
  return (
    <>
      {conditions
        .filter((condition) => kind !== 'cases' || condition !== 'bodyPart')
        .map((condition) => (
          <OneField
            key={condition}
            condition={condition}
            value={values[condition]}
            known={known}
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
  readonly known: KnownValues;
  readonly isWrong: boolean;
  readonly message: string;
  readonly onChange: (value: string) => void;
};

function OneField({ condition, value, known, isWrong, message, onChange }: FieldProps) {
  const id = useId();
  const unknown = valueWithoutName(condition, value, known);
  const hint = unknown === null ? words.hints[condition] : words.noSuch(condition, unknown);
  const choices = suggestions(condition, value, known);
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
          <input
            type="text"
            autocomplete="off"
            list={choices.length > 0 ? `${id}-choices` : undefined}
            {...input}
          />
        )}
      </label>
      {choices.length > 0 && (
        <datalist id={`${id}-choices`}>
          {choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
      {hint && (
        <p id={`${id}-hint`} class="small quiet">
          {hint}
        </p>
      )}
    </div>
  );
}
