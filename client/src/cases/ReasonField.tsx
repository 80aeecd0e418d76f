/** The input for a reason. */
import type { Signal } from '@preact/signals';
import { TextField } from '../kit/fields.tsx';
import { TypedField } from '../kit/TypedField.tsx';

export const ReasonField = ({
  label,
  reason,
}: {
  readonly label: string;
  readonly reason: Signal<string>;
}) => (
  <TypedField title={label}>
    <TextField
      label={label}
      name="reason"
      isProse
      rows={3}
      value={reason.value}
      onChange={(typed) => (reason.value = typed)}
    />
  </TypedField>
);
