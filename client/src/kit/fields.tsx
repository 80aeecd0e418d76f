/** The fields of a form. Each has its label, an explanation, and below it the message about what is wrong. */
import { useContext, useEffect, useId } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { TroubleAlert } from './TroubleAlert.tsx';
import { FormContext } from './use-form.ts';

type FieldProps = {
  readonly label: string;
  /** The name of the field in the submitted data and in the form's mistakes. */
  readonly name?: string;
  /** An explanation above the input. */
  readonly what?: string | null | undefined;
};

type InputProps = {
  readonly id: string;
  readonly name: string | undefined;
  readonly 'aria-invalid': boolean;
  readonly 'aria-describedby': string | undefined;
};

/** A field with a custom input. */
export function Field(props: FieldProps & { readonly children: (input: InputProps) => ComponentChildren }) {
  const { label, name, what, children } = props;
  const id = useId();
  const { mistake, message } = useMistakeOf(name);
  const described = [...(what ? [`${id}-hint`] : []), ...(mistake ? [message] : [])].join(' ');
  return (
    <div class="stack-tight">
      <label class="field" for={id}>
        <span>{label}</span>
        {children({
          id,
          name,
          'aria-invalid': mistake !== null,
          'aria-describedby': described || undefined,
        })}
      </label>
      {what && (
        <p id={`${id}-hint`} class="small quiet">
          {what}
        </p>
      )}
      {mistake && <TroubleAlert trouble={mistake} id={message} />}
    </div>
  );
}

/**
 * The mistake in the field of this name. Calling this registers the field, so that the field shows the mistake instead
 * of the form's end.
 */
export function useMistakeOf(name: string | undefined) {
  const form = useContext(FormContext);
  if (name !== undefined) form?.fields.add(name);
  useEffect(() => () => void (name !== undefined && form?.fields.delete(name)), [form?.fields, name]);
  const { value = null } = form?.mistake ?? {};
  const here = [value, ...(value?.also ?? [])].find((each) => name !== undefined && each?.field === name);
  return { mistake: here ?? null, message: `${form?.message}-${name}` };
}

/** Pass `value` and `onChange`, or `initial` if the form is read when it is submitted. */
type ValueProps = {
  readonly value?: string;
  readonly initial?: string;
  readonly onChange?: (value: string) => void;
};

export type TextFieldProps = FieldProps &
  ValueProps & {
    /** Shown while the field is empty. */
    readonly hint?: string | undefined;
    /** Prose, in which the browser may mark spelling mistakes. */
    readonly isProse?: boolean;
    /** The maximum number of characters. */
    readonly longest?: number;
    /** The number of lines of a text area. Without it, the field has one line. */
    readonly rows?: number;
    /** The id of a `datalist`. */
    readonly list?: string | undefined;
    readonly inputMode?: 'text' | 'numeric' | 'decimal';
    readonly type?: 'text' | 'password' | 'date';
    readonly autocomplete?: 'off' | 'new-password' | 'current-password';
  };

export function TextField(props: TextFieldProps) {
  const { value, initial, onChange, hint, isProse = false, longest, rows, list, ...more } = props;
  const { inputMode = 'text', type = 'text', autocomplete = 'off', ...field } = more;
  const typed = {
    ...(value === undefined ? { defaultValue: initial } : { value }),
    placeholder: hint,
    maxLength: longest,
    spellcheck: isProse,
    onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) =>
      onChange?.(currentTarget.value),
  };
  return (
    <Field {...field}>
      {(input) =>
        rows === undefined ? (
          <input
            type={type as 'text'}
            inputMode={inputMode}
            autocomplete={autocomplete}
            list={list}
            {...typed}
            {...input}
          />
        ) : (
          <textarea rows={rows} {...typed} {...input} />
        )
      }
    </Field>
  );
}

type SelectFieldProps<Value extends string> = FieldProps &
  Omit<ValueProps, 'onChange'> & {
    /** The words of each option by value, in the order of the options. */
    readonly options: Readonly<Record<Value, string>> | readonly (readonly [value: Value, words: string])[];
    readonly onChange?: (value: Value) => void;
  };

export function SelectField<Value extends string>(props: SelectFieldProps<Value>) {
  const { value, initial, onChange, options, ...field } = props;
  const offered = Array.isArray(options) ? options : (Object.entries(options) as [Value, string][]);
  return (
    <Field {...field}>
      {(input) => (
        <select
          {...input}
          value={value}
          onChange={({ currentTarget }) => onChange?.(currentTarget.value as Value)}
        >
          {offered.map(([one, words]: readonly [Value, string]) => (
            <option key={one} value={one} selected={one === (value ?? initial)}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

type TickFieldProps = Omit<FieldProps, 'what'> & {
  readonly what?: ComponentChildren;
  readonly isTicked: boolean;
  readonly onTick: (isTicked: boolean) => void;
};

export function TickField({ label, name, what, isTicked, onTick }: TickFieldProps) {
  const hint = useId();
  return (
    <div class="stack-tight">
      <label class="choice">
        <input
          type="checkbox"
          class="tick"
          name={name}
          checked={isTicked}
          aria-describedby={what ? hint : undefined}
          onChange={({ currentTarget }) => onTick(currentTarget.checked)}
        />
        <span>{label}</span>
      </label>
      {what && (
        <p id={hint} class="small quiet">
          {what}
        </p>
      )}
    </div>
  );
}
