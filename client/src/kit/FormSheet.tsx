/** A sheet with one form: its fields, what is wrong with it, and the buttons that leave or send it. */
import type { ComponentChildren } from 'preact';
import { FormActions, type FormActionsProps } from './FormActions.tsx';
import { Sheet } from './Sheet.tsx';
import { TroubleAlert } from './TroubleAlert.tsx';
import type { Form } from './use-form.ts';

export type SheetFormProps = Pick<FormActionsProps, 'submit' | 'submitting'> & {
  readonly form: Pick<Form, 'mistake' | 'isBusy' | 'message'>;
  readonly class?: string;
  readonly onSubmit: (data: FormData) => Promise<void>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
};

/** The form alone, in a sheet that shows something else once it was sent: another sheet would close with this one. */
export function SheetForm({ form, onSubmit, onClose, children, ...props }: SheetFormProps) {
  const { class: own = '', ...words } = props;
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    void onSubmit(new FormData(event.currentTarget as HTMLFormElement));
  };
  return (
    <form class={`stack sheet-part ${own}`} onSubmit={send} noValidate>
      {children}
      <TroubleAlert trouble={form.mistake.value} id={form.message} />
      <FormActions {...words} isBusy={form.isBusy.value} onCancel={onClose} />
    </form>
  );
}

export type FormSheetProps = SheetFormProps & {
  readonly title: string;
  /** Stands behind the form: a question about what it would do. */
  readonly after?: ComponentChildren;
};

export function FormSheet({ title, after, ...props }: FormSheetProps) {
  return (
    <Sheet title={title} onClose={props.onClose}>
      <SheetForm {...props} />
      {after}
    </Sheet>
  );
}
