/** The fields of a form: a line of text, and a choice among few. */
import { markOf, type Form } from './use-form.ts';

type FieldProps = {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Explains the field below it. */
  readonly what?: string | undefined;
  /** The form that says what is wrong with it, and its name there. */
  readonly of?: readonly [Form, string];
};

export type TextFieldProps = FieldProps & {
  /** Shown while it is empty. */
  readonly hint?: string | undefined;
  readonly inputMode?: 'text' | 'numeric';
};

export function TextField({ label, value, onChange, what, of, hint, inputMode = 'text' }: TextFieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        inputMode={inputMode}
        autocomplete="off"
        spellcheck={false}
        placeholder={hint}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
        {...(of && markOf(...of))}
      />
      {what && <span class="small quiet">{what}</span>}
    </label>
  );
}

export type SelectFieldProps = FieldProps & {
  readonly options: readonly { readonly value: string; readonly text: string }[];
};

export function SelectField({ label, value, onChange, what, of, options }: SelectFieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
        {...(of && markOf(...of))}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
      {what && <span class="small quiet">{what}</span>}
    </label>
  );
}
