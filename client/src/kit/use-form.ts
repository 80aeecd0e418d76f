/** A form: what is wrong with it, and whether its answer is waited for. */
import { useComputed, useSignal, type ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useId, useState } from 'preact/hooks';
import { openAttempt, type Attempt } from './open-attempt.ts';
import type { Trouble } from './trouble.ts';

/** `field`: where the mistake lies, if it lies in one field. */
export type Mistake<Field extends string> = Trouble & { readonly field?: Field | null };

export type Form<Field extends string = string> = {
  readonly mistake: ReadonlySignal<Mistake<Field> | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  /** The id of the place where the mistake is said. */
  readonly message: string;
  /** The fields that say their own mistakes, by name; the form's end says all others. */
  readonly fields: Set<string>;
  /** Does the work, and says the mistake that it found, or why the gateway refused it. Never throws. */
  submit(work: Work<Field>): Promise<void>;
};

type Work<Field extends string> = () => Promise<Mistake<Field> | undefined>;

/** Hands the form to its fields. */
export const FormContext = createContext<Form | null>(null);

/** The form of a sheet that asks the gateway itself. `refusalOf` is taken when the sheet is first drawn. */
export function useForm<Field extends string>(refusalOf: (error: unknown) => Mistake<Field>): Form<Field> {
  const [attempt] = useState(() => openAttempt(refusalOf));
  return useFormOf(attempt, (work) => attempt.tried(work));
}

/** The form of a store that does the work, and says itself why it was refused. */
export const useStoreForm = <Field extends string>(store: Attempting<Field>): Form<Field> =>
  useFormOf(store, (work) => work());

type Attempting<Field extends string> = Pick<Attempt<Mistake<Field>>, 'isBusy' | 'trouble'>;

function useFormOf<Field extends string>(
  { isBusy, trouble }: Attempting<Field>,
  run: (work: () => Promise<unknown>) => Promise<unknown>,
): Form<Field> {
  const own = useSignal<Mistake<Field> | null>(null);
  const mistake = useComputed(() => own.value ?? trouble.value);
  const message = useId();
  const [fields] = useState(() => new Set<string>());
  return {
    mistake,
    isBusy,
    message,
    fields,
    async submit(work) {
      own.value = null;
      await run(async () => {
        own.value = (await work()) ?? null;
      });
    },
  };
}
