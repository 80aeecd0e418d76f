/** The address of one destination's modality worklist. */
import { useSignal } from '@preact/signals';
import type { Destination } from '#shared/protocol/destination.ts';
import { worklistAddressSchema } from '#shared/protocol/worklist.ts';
import { TextField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { worklistWords as words } from './worklist-words.ts';

type WorklistSheetProps = {
  readonly destination: Destination;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (id: string, address: string | null) => Promise<void>;
  readonly onClose: () => void;
};

export function WorklistSheet({ destination, onSave, onClose }: WorklistSheetProps) {
  const text = useSignal(destination.worklist ?? '');
  const form = useForm<'address'>(troubleOf);
  const save = () =>
    form.submit(async () => {
      const address = text.value.trim() || null;
      if (!worklistAddressSchema.safeParse({ address }).success)
        return { ...mistakeOf(words.mistake, words.mistakeNext), field: 'address' };
      await onSave(destination.id, address);
      onClose();
    });
  return (
    <FormSheet title={words.title(destination.name)} form={form} onSubmit={save} onClose={onClose}>
      <p class="quiet">{words.what}</p>
      <TextField
        label={words.address}
        name="address"
        hint={words.example}
        value={text.value}
        onChange={(value) => (text.value = value)}
      />
    </FormSheet>
  );
}
