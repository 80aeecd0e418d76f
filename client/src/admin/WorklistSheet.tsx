/** The address at which the modality worklist of one destination answers. */
import { useSignal } from '@preact/signals';
import type { Destination } from '#shared/protocol/destination.ts';
import { worklistAddressSchema } from '#shared/protocol/worklist.ts';
import { FormActions } from '../kit/FormActions.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { useSubmit } from '../kit/use-submit.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { troubleOf, type Trouble } from './admin-trouble.ts';
import { worklistWords as words } from './worklist-words.ts';

export type WorklistSheetProps = {
  readonly destination: Destination;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (id: string, address: string | null) => Promise<void>;
  readonly onClose: () => void;
};

export function WorklistSheet({ destination, onSave, onClose }: WorklistSheetProps) {
  const text = useSignal(destination.worklist ?? '');
  const trouble = useSignal<Trouble | null>(null);
  const submitting = useSubmit((error) => (trouble.value = troubleOf(error)));
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const address = text.value.trim() || null;
    trouble.value = worklistAddressSchema.safeParse({ address }).success
      ? null
      : { title: words.mistake, next: words.mistakeNext, code: null };
    if (trouble.value !== null) return;
    await submitting.run(async () => {
      await onSave(destination.id, address);
      onClose();
    });
  };
  return (
    <Sheet title={words.title(destination.name)} onClose={onClose}>
      <form class="stack sheet-part" onSubmit={(event) => void save(event)} noValidate>
        <p class="quiet">{words.what}</p>
        <label class="field">
          <span>{words.address}</span>
          <input
            type="text"
            autocomplete="off"
            spellcheck={false}
            placeholder={words.example}
            value={text.value}
            onInput={({ currentTarget }) => (text.value = currentTarget.value)}
          />
        </label>
        <TroubleAlert trouble={trouble.value} />
        <FormActions
          submit={words.save}
          submitting={words.saving}
          isBusy={submitting.isBusy.value}
          onCancel={onClose}
        />
      </form>
    </Sheet>
  );
}
