/** A sheet with one form: its fields, what is wrong with it, and the buttons that leave or send it. */
import type { ComponentChildren } from 'preact';
import { FormActions, type FormActionsProps } from './FormActions.tsx';
import { Sheet } from './Sheet.tsx';
import { TroubleAlert } from './TroubleAlert.tsx';
import type { Form } from './use-form.ts';

export type FormSheetProps = Pick<FormActionsProps, 'submit' | 'submitting' | 'isReady'> & {
  readonly title: string;
  readonly form: Pick<Form, 'mistake' | 'isBusy' | 'message'>;
  readonly class?: string;
  readonly onSubmit: (data: FormData) => Promise<void>;
  readonly onClose: () => void;
  /** Stands above the form. */
  readonly before?: ComponentChildren;
  /** Stands behind the form: a question about what it would do. */
  readonly after?: ComponentChildren;
  readonly children: ComponentChildren;
};

export function FormSheet({
  title,
  form,
  onSubmit,
  onClose,
  before,
  after,
  children,
  ...props
}: FormSheetProps) {
  const { class: own = '', ...words } = props;
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    void onSubmit(new FormData(event.currentTarget as HTMLFormElement));
  };
  return (
    <Sheet title={title} onClose={onClose}>
      {before}
      <form class={`stack sheet-part ${own}`} onSubmit={send} noValidate>
        {children}
        <TroubleAlert trouble={form.mistake.value} id={form.message} />
        <FormActions {...words} isBusy={form.isBusy.value} onCancel={onClose} />
      </form>
      {after}
    </Sheet>
  );
}
