/** A form: what is wrong with it, and whether it is waiting for an answer. */
import { useComputed, useSignal, type ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useId, useState } from 'preact/hooks';
import { openAttempt, type Attempt } from './open-attempt.ts';
import type { Trouble } from './trouble.ts';

/** `field`: the field with the mistake, if it lies in a single field. `also`: mistakes in other fields. */
export type Mistake<Field extends string> = Trouble & {
  readonly field?: Field | null;
  readonly also?: readonly Mistake<Field>[];
};

export type Form<Field extends string = string> = {
  readonly mistake: ReadonlySignal<Mistake<Field> | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  /** The id of the element that shows the mistake. */
  readonly message: string;
  /** The names of the fields that show their own mistakes. All others are shown at the form's end. */
  readonly fields: Set<string>;
  /** Runs `work`, and shows the mistake that it found or why the gateway refused. Never throws. */
  submit(work: Work<Field>): Promise<void>;
};

type Work<Field extends string> = () => Promise<Mistake<Field> | undefined>;

/** Passes the form to its fields. */
export const FormContext = createContext<Form | null>(null);

/** The form of a sheet that makes its own request. `refusalOf` is fixed at the first drawing. */
export function useForm<Field extends string>(refusalOf: (error: unknown) => Mistake<Field>): Form<Field> {
  const [attempt] = useState(() => openAttempt(refusalOf));
  return useFormOf(attempt, (work) => attempt.tried(work));
}

/** The form for a store that makes the request and keeps the reason of a refusal itself. */
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
