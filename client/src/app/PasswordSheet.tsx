/** The sheet for a person's own new password. Keeps no password after the request. */
import { useSignal, type Signal } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';
import { PASSWORD_LENGTH_LIMIT, PASSWORD_LENGTH_MOST } from '#shared/protocol/limits.ts';
import { mistakeOf, type Trouble } from '../kit/trouble.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { FormActions } from '../kit/FormActions.tsx';
import { focused } from '../kit/focused.ts';
import { kitWords } from '../kit/kit-words.ts';
import { Sheet } from '../kit/Sheet.tsx';
import { useSubmit } from '../kit/use-submit.ts';
import { ApiProblem } from '../net/api-client.ts';
import { useSession } from '../net/net-context.ts';
import { passwordWords as words } from './password-words.ts';
import { troubleOf } from './trouble-of.ts';

type FieldName = 'current' | 'next';
/** A mistake, and the fields that it lies in; none where it lies in neither. */
type Mistake = Trouble & { readonly fields: readonly FieldName[] };

/** The mistake that needs no gateway to be found; null where there is none. */
function mistakeIn(current: string, next: string): Mistake | null {
  const fields: FieldName[] = [...(current ? [] : ['current' as const]), ...(next ? [] : ['next' as const])];
  if (fields.length > 0) return { ...mistakeOf(words.missing), fields };
  return [...next].length < PASSWORD_LENGTH_LIMIT ? { ...mistakeOf(words.tooShort), fields: ['next'] } : null;
}

/** The mistake that the gateway names. */
function refusalIn(error: unknown): Mistake {
  const code = error instanceof ApiProblem ? error.code : null;
  const fields =
    code === 'wrong-password' ? ['current' as const] : code === 'weak-password' ? ['next' as const] : [];
  return { ...troubleOf(error, words.unreachable), fields };
}

export type PasswordSheetProps = {
  readonly isChanged: boolean;
  /** Called even once the sheet is closed: whoever closed it learns that the password was changed. */
  readonly onChanged: () => void;
  readonly onClose: () => void;
};

export function PasswordSheet({ isChanged, onChanged, onClose }: PasswordSheetProps) {
  return (
    <Sheet title={isChanged ? words.changed : words.title} onClose={onClose}>
      {isChanged ? (
        <>
          <p class="sheet-text" role="status">
            {words.changedWhat}
          </p>
          <div class="sheet-actions">
            <button type="button" class="button" ref={focused} onClick={onClose}>
              {kitWords.close}
            </button>
          </div>
        </>
      ) : (
        <PasswordForm onClose={onClose} onChanged={onChanged} />
      )}
    </Sheet>
  );
}

type FormProps = Omit<PasswordSheetProps, 'isChanged'>;

function PasswordForm({ onClose, onChanged }: FormProps) {
  const session = useSession();
  const trouble = useSignal<Mistake | null>(null);
  const shown = useSignal(false);
  const form = useRef<HTMLFormElement>(null);
  const message = useId();
  const submitting = useSubmit((error) => (trouble.value = refusalIn(error)));
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(form.current!);
    const current = String(data.get('current'));
    const next = String(data.get('next'));
    const mistake = mistakeIn(current, next);
    trouble.value = mistake;
    if (mistake !== null) return;
    await submitting.run(async () => {
      await session.changePassword(current, next);
      onChanged();
    });
  };
  const field = (name: FieldName) =>
    ({
      name,
      type: shown.value ? 'text' : 'password',
      message,
      isWrong: trouble.value?.fields.includes(name) ?? false,
    }) as const;
  return (
    <form ref={form} class="stack sheet-part" onSubmit={(event) => void submit(event)} noValidate>
      {/* For the browser's store of passwords: whose they are. */}
      <input hidden readOnly name="username" autocomplete="username" value={session.user.value?.username} />
      <Field {...field('current')} label={words.current} autocomplete="current-password" />
      <Field {...field('next')} label={words.next} autocomplete="new-password" />
      <p class="small quiet">{words.rule}</p>
      <ShowPasswords shown={shown} />
      <TroubleAlert trouble={trouble.value} id={message} />
      <FormActions
        submit={words.submit}
        submitting={words.submitting}
        isBusy={submitting.isBusy.value}
        onCancel={onClose}
      />
    </form>
  );
}

function ShowPasswords({ shown }: { readonly shown: Signal<boolean> }) {
  return (
    <label class="choice">
      <input
        type="checkbox"
        class="tick"
        checked={shown.value}
        onChange={() => (shown.value = !shown.value)}
      />
      <span>{words.show}</span>
    </label>
  );
}

type FieldProps = {
  readonly name: FieldName;
  readonly label: string;
  readonly autocomplete: 'current-password' | 'new-password';
  readonly type: 'text' | 'password';
  readonly isWrong: boolean;
  /** The id of what is said about it. */
  readonly message: string;
};

function Field({ name, label, autocomplete, type, isWrong, message }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        name={name}
        type={type as 'password'}
        autocomplete={autocomplete}
        maxLength={PASSWORD_LENGTH_MOST}
        aria-invalid={isWrong}
        aria-describedby={message}
      />
    </label>
  );
}
