/** A sheet with one form: its fields, the message about what is wrong, and the buttons to leave or submit it. */
import type { ComponentChildren } from 'preact';
import { useContext, useEffect, useRef } from 'preact/hooks';
import { kitWords } from './kit-words.ts';
import { Sheet } from './Sheet.tsx';
import { TroubleAlert } from './TroubleAlert.tsx';
import { FormContext, type Form } from './use-form.ts';

type FormBodyProps = {
  readonly form: Form;
  /** The accessible name of the form, needed on a page with several. */
  readonly label?: string;
  readonly class?: string;
  readonly onSubmit: (data: FormData) => Promise<void>;
  readonly children: ComponentChildren;
  /** The buttons, drawn after the message about what is wrong. */
  readonly actions: ComponentChildren;
};

/** A form on a page. */
export function FormBody({ form, onSubmit, children, actions, ...props }: FormBodyProps) {
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    void onSubmit(new FormData(event.currentTarget as HTMLFormElement));
  };
  return (
    <FormContext.Provider value={form}>
      <form
        ref={useMistakeInSight(form)}
        class={props.class ?? 'stack'}
        aria-label={props.label}
        onSubmit={send}
        noValidate
      >
        {children}
        <MistakeOfForm />
        {actions}
      </form>
    </FormContext.Provider>
  );
}

type SheetFormProps = Omit<FormBodyProps, 'actions'> & {
  /** `submitting` replaces `submit` while the answer is awaited. Default: *Save*. */
  readonly words?: Readonly<Record<'submit' | 'submitting', string>>;
  /** False while the form cannot be sent yet. */
  readonly isReady?: boolean;
  readonly onClose: () => void;
};

/**
 * Only the form, for a sheet that shows something else after submitting; a second sheet would close together with this
 * one.
 */
export function SheetForm({ words = kitWords.saving, isReady = true, onClose, ...props }: SheetFormProps) {
  const isBusy = props.form.isBusy.value;
  return (
    <FormBody
      {...props}
      class={`stack sheet-part ${props.class ?? ''}`}
      actions={
        <div class="sheet-actions">
          <button type="button" class="button" onClick={onClose}>
            {kitWords.cancel}
          </button>
          <button type="submit" class="button button-main" disabled={isBusy || !isReady}>
            {isBusy ? words.submitting : words.submit}
          </button>
        </div>
      }
    />
  );
}

/** The mistake that no field shows. Drawn after the fields, because they register first. */
function MistakeOfForm() {
  const { mistake, fields, message } = useContext(FormContext)!;
  const isInField = fields.has(mistake.value?.field ?? '');
  return <TroubleAlert trouble={isInField ? null : mistake.value} {...(!isInField && { id: message })} />;
}

/** Focuses the field with the mistake, whose message is below it. Any other message is scrolled into view. */
function useMistakeInSight({ mistake }: Form): { current: HTMLFormElement | null } {
  const form = useRef<HTMLFormElement>(null);
  const { value } = mistake;
  useEffect(() => {
    if (value === null) return;
    const at = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    const folded = at?.closest('details');
    if (folded) folded.open = true;
    at?.focus({ preventScroll: true });
    (at ?? form.current?.querySelector('[role=alert]'))?.scrollIntoView({ block: 'center' });
  }, [value]);
  return form;
}

type FormSheetProps = SheetFormProps & {
  readonly title: string;
  readonly isWide?: boolean;
  /** Drawn after the form, for instance a question about what submitting would do. */
  readonly after?: ComponentChildren;
};

export function FormSheet({ title, isWide, after, ...props }: FormSheetProps) {
  return (
    <Sheet title={title} isWide={isWide} onClose={props.onClose}>
      <SheetForm {...props} />
      {after}
    </Sheet>
  );
}
