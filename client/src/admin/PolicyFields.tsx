/** The fields of a policy: texts, ticks, and the settings of policies that keep or remove names. */
import type { Signal } from '@preact/signals';
import { SelectField, TextField, TickField, useMistakeOf, type TextFieldProps } from '../kit/fields.tsx';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { policiesWords, SETTINGS, type PolicyField } from './policies-words.ts';
import type { TypedPolicy } from './policy-form.ts';

const { fields, form, options } = policiesWords;

export type Part = { readonly typed: Signal<TypedPolicy> };
type TextName = 'name' | 'title' | 'description' | 'attributes' | 'key';
type TextProps = Part & Omit<TextFieldProps, 'label'> & { readonly name: TextName };

const hints: Partial<Record<PolicyField, string>> = form.hints;

export const Text = ({ typed, name, ...props }: TextProps) => (
  <TextField
    {...props}
    name={name}
    label={fields[name]}
    what={hints[name]}
    value={typed.value[name]}
    onChange={(value) => (typed.value = { ...typed.value, [name]: value })}
  />
);

type TickName = 'strict' | 'asksReason' | 'vault';

const Tick = ({ typed, name }: Part & { readonly name: TickName }) => (
  <TickField
    label={fields[name]}
    what={hints[name]}
    isTicked={typed.value[name]}
    onTick={(isTicked) => (typed.value = { ...typed.value, [name]: isTicked })}
  />
);

type TicksProps = Part & {
  readonly name: 'roles' | 'options';
  readonly of: readonly (readonly [value: string, label: string])[];
};

/** The order of what is chosen is that of the list, so that a tick set and taken back changes nothing. */
export function Ticks({ typed, name, of }: TicksProps) {
  const { mistake, message } = useMistakeOf(name);
  const chosen = typed.value[name];
  const toggle = (value: string): void => {
    // What a policy has and the form does not offer stays.
    const offered = of.map(([each]) => each);
    const others = chosen.filter((each) => !offered.includes(each));
    const next = [...offered.filter((each) => chosen.includes(each) !== (each === value)), ...others];
    typed.value = { ...typed.value, [name]: next };
  };
  return (
    <fieldset class="policy-whole" aria-describedby={mistake ? message : undefined}>
      <legend class="strong">{fields[name]}</legend>
      <div class="policy-ticks">
        {of.map(([value, label]) => (
          <TickField
            key={value}
            label={label}
            isTicked={chosen.includes(value)}
            onTick={() => toggle(value)}
          />
        ))}
      </div>
      {mistake && <TroubleAlert trouble={mistake} id={message} />}
    </fieldset>
  );
}

export const Keeping = ({ typed }: Part) => (
  <>
    <Tick typed={typed} name="strict" />
    <Tick typed={typed} name="asksReason" />
  </>
);

const SETTING_NAMES = Object.keys(SETTINGS) as readonly (keyof typeof SETTINGS)[];

export const Removing = ({ typed }: Part) => (
  <>
    <Ticks typed={typed} name="options" of={Object.entries(options)} />
    <div class="policy-whole">
      <Text typed={typed} name="attributes" rows={4} />
    </div>
    {SETTING_NAMES.map((name) => (
      <SelectField<string>
        key={name}
        name={name}
        label={fields[name]}
        what={hints[name]}
        value={typed.value[name]}
        options={SETTINGS[name]}
        onChange={(value) => (typed.value = { ...typed.value, [name]: value })}
      />
    ))}
    <Text typed={typed} name="key" inputMode="numeric" />
    <Tick typed={typed} name="vault" />
  </>
);
