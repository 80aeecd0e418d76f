/** Puts a study, a case or a patient under hold. */
import { useSignal } from '@preact/signals';
import { type NewHold, newHoldSchema } from '#shared/protocol/retention.ts';
import { SelectField, TextField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { retentionWords as words } from './retention-words.ts';

type Of = NewHold['subject']['of'];
type Props = { readonly onHold: (hold: NewHold) => Promise<void>; readonly onClose: () => void };

export function HoldSheet({ onHold, onClose }: Props) {
  const form = useForm<'subject' | 'reason'>(troubleOf);
  const of = useSignal<Of>('study');
  const save = (data: FormData) =>
    form.submit(async () => {
      const asked = { subject: subjectOf(of.value, String(data.get('subject'))), reason: data.get('reason') };
      const read = newHoldSchema.safeParse(asked);
      if (!read.success) {
        const field = read.error.issues[0]!.path[0] === 'reason' ? 'reason' : 'subject';
        return { ...mistakeOf(field === 'reason' ? words.noReason : words.wrongSubject), field };
      }
      await onHold(read.data);
      onClose();
    });
  return (
    <FormSheet
      title={words.addTitle}
      form={form}
      words={{ submit: words.add, submitting: words.add }}
      onSubmit={save}
      onClose={onClose}
    >
      <SelectField
        label={words.of}
        name="of"
        initial={of.value}
        options={words.subjects}
        onChange={(value) => (of.value = value)}
      />
      <TextField key={of.value} name="subject" {...words.fields[of.value]} />
      <TextField name="reason" label={words.reason} what={null} />
    </FormSheet>
  );
}

function subjectOf(of: Of, typed: string): object {
  const text = typed.trim();
  switch (of) {
    case 'study':
      return { of, studyInstanceUID: text };
    case 'case':
      return { of, number: text === '' ? null : Number(text) };
    case 'patient':
      return { of, patientId: text };
    default:
      return of satisfies never;
  }
}
