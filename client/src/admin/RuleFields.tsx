/** The fields for the values of conditions, in the form of a rule and in the dry run. */
import { useId } from 'preact/hooks';
import type { Condition, RuleKind } from '#shared/protocol/rule.ts';
import { TextField } from '../kit/fields.tsx';
import { suggestions, valueWithoutName, type KnownValues, type TypedValues } from './rule-form.ts';
import { rulesWords } from './rules-words.ts';

const words = rulesWords.form;

type Props = {
  readonly conditions: readonly Condition[];
  readonly values: TypedValues;
  readonly known: KnownValues;
  /** Rules for cases are judged later, when the body part is no longer known. */
  readonly kind: RuleKind;
  readonly onChange: (values: TypedValues) => void;
};

export function RuleFields({ kind, conditions, values, known, onChange }: Props) {
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
  readonly onChange: (value: string) => void;
};

function OneField({ condition, value, known, onChange }: FieldProps) {
  const id = useId();
  const unknown = valueWithoutName(condition, value, known);
  const hint = unknown === null ? words.hints[condition] : words.noSuch(condition, unknown);
  const choices = suggestions(condition, value, known);
  const isLong = condition === 'description';
  const list = choices.length > 0 ? `${id}-choices` : undefined;
  return (
    <>
      <TextField
        label={words.conditions[condition]}
        name={condition}
        value={value}
        onChange={onChange}
        what={hint}
        {...(isLong ? { rows: 2 } : { list })}
      />
      {list && (
        <datalist id={list}>
          {choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
    </>
  );
}
