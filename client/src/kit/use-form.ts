/** A form: what is wrong with it, and whether its answer is waited for. */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { Trouble } from './trouble.ts';
import { useSubmit } from './use-submit.ts';

/** `field`: where the mistake lies, if it lies in one field. */
export type Mistake<Field extends string> = Trouble & { readonly field?: Field | null };

export type Form<Field extends string = string> = {
  readonly mistake: ReadonlySignal<Mistake<Field> | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  /** The id of the place where the mistake is said. */
  readonly message: string;
  /** Says the mistake, or does the work and says why that was refused. Never throws. */
  submit(mistake: Mistake<Field> | null, work: () => Promise<void>): Promise<void>;
};

export function useForm<Field extends string>(refusalOf: (error: unknown) => Mistake<Field>): Form<Field> {
  const mistake = useSignal<Mistake<Field> | null>(null);
  const message = useId();
  const { isBusy, run } = useSubmit((error) => (mistake.value = refusalOf(error)));
  return {
    mistake,
    isBusy,
    message,
    async submit(found, work) {
      mistake.value = found;
      if (found === null) await run(work);
    },
  };
}

/** Attributes of a field's input: they tell people who do not see the screen that it is the wrong one. */
export const markOf = <Field extends string>({ mistake, message }: Form<Field>, field: Field) =>
  mistake.value?.field === field ? { 'aria-invalid': true, 'aria-describedby': message } : {};
