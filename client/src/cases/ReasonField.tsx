/** The field of a reason, and what to do where one is missing. */
import type { Signal } from '@preact/signals';
import { Notice } from '../kit/Notice.tsx';
import { TypedField } from '../kit/TypedField.tsx';

export type ReasonFieldProps = {
  readonly label: string;
  readonly reason: Signal<string>;
  readonly isMissing: boolean;
  readonly missing: string | null;
};

export function ReasonField({ label, reason, isMissing, missing }: ReasonFieldProps) {
  return (
    <>
      <TypedField title={label}>
        <label class="field">
          <span>{label}</span>
          <textarea
            rows={3}
            aria-invalid={isMissing}
            value={reason.value}
            onInput={(event) => (reason.value = event.currentTarget.value)}
          />
        </label>
      </TypedField>
      <div role="alert">{isMissing && missing && <Notice kind="stop" title={missing} />}</div>
    </>
  );
}
