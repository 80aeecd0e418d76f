/** The address at which the modality worklist of one destination answers. */
import { useSignal } from '@preact/signals';
import type { Destination } from '#shared/protocol/destination.ts';
import { worklistAddressSchema } from '#shared/protocol/worklist.ts';
import { TextField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { worklistWords as words } from './worklist-words.ts';

export type WorklistSheetProps = {
  readonly destination: Destination;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (id: string, address: string | null) => Promise<void>;
  readonly onClose: () => void;
};

export function WorklistSheet({ destination, onSave, onClose }: WorklistSheetProps) {
  const text = useSignal(destination.worklist ?? '');
  const form = useForm(troubleOf);
  const save = (): Promise<void> => {
    const address = text.value.trim() || null;
    const isRight = worklistAddressSchema.safeParse({ address }).success;
    return form.submit(isRight ? null : mistakeOf(words.mistake, words.mistakeNext), async () => {
      await onSave(destination.id, address);
      onClose();
    });
  };
  return (
    <FormSheet
      title={words.title(destination.name)}
      form={form}
      submit={words.save}
      submitting={words.saving}
      onSubmit={save}
      onClose={onClose}
    >
      <p class="quiet">{words.what}</p>
      <TextField
        label={words.address}
        hint={words.example}
        value={text.value}
        onChange={(value) => (text.value = value)}
      />
    </FormSheet>
  );
}
