/** A form while it is submitted: busy until the work has ended. A refusal is told, and the form stays as it is. */
import { useSignal, type ReadonlySignal } from '@preact/signals';

export type Submitting = {
  readonly isBusy: ReadonlySignal<boolean>;
  /** Never throws: `onRefused` is told. */
  run(work: () => Promise<void>): Promise<void>;
};

export function useSubmit(onRefused: (error: unknown) => void): Submitting {
  const isBusy = useSignal(false);
  const run = async (work: () => Promise<void>): Promise<void> => {
    isBusy.value = true;
    try {
      await work();
    } catch (error) {
      onRefused(error);
    } finally {
      isBusy.value = false;
    }
  };
  return { isBusy, run };
}
