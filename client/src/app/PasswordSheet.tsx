/** The sheet for a person's own new password. Keeps no password after the request. */
import { useSignal } from '@preact/signals';
import { PASSWORD_LENGTH_LIMIT, PASSWORD_LENGTH_MOST } from '#shared/protocol/limits.ts';
import { TextField, TickField } from '../kit/fields.tsx';
import { focused } from '../kit/focused.ts';
import { SheetForm } from '../kit/FormSheet.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { Sheet } from '../kit/Sheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm, type Mistake } from '../kit/use-form.ts';
import { ApiProblem } from '../net/api-client.ts';
import { useSession } from '../net/net-context.ts';
import { passwordWords as words } from './password-words.ts';
import { troubleOf } from './trouble-of.ts';

type PasswordMistake = Mistake<'current' | 'next'>;

/** The mistake that can be found without the gateway; null where there is none. */
function mistakeIn(current: string, next: string): PasswordMistake | null {
  if (!current || !next) return { ...mistakeOf(words.missing), field: current ? 'next' : 'current' };
  return [...next].length < PASSWORD_LENGTH_LIMIT ? { ...mistakeOf(words.tooShort), field: 'next' } : null;
}

const FIELDS: Readonly<Record<string, PasswordMistake['field']>> = {
  'wrong-password': 'current',
  'weak-password': 'next',
};

/** The mistake that the gateway's error names. */
function refusalIn(error: unknown): PasswordMistake {
  const code = (error instanceof ApiProblem && error.code) || '';
  return { ...troubleOf(error, words.unreachable), field: FIELDS[code] ?? null };
}

export type PasswordSheetProps = {
  readonly isChanged: boolean;
  /**
   * Called even if the sheet was closed during the request, so that the person learns that the password was changed.
   */
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
  const shown = useSignal(false);
  const form = useForm(refusalIn);
  const change = (data: FormData) =>
    form.submit(async () => {
      const current = String(data.get('current'));
      const next = String(data.get('next'));
      const mistake = mistakeIn(current, next);
      if (mistake !== null) return mistake;
      await session.changePassword(current, next);
      onChanged();
    });
  const field = { type: shown.value ? 'text' : 'password', longest: PASSWORD_LENGTH_MOST } as const;
  return (
    <SheetForm form={form} words={words} onSubmit={change} onClose={onClose}>
      {/* Tells the browser's password manager whose password this is. */}
      <input hidden readOnly name="username" autocomplete="username" value={session.user.value?.username} />
      <TextField {...field} name="current" label={words.current} autocomplete="current-password" />
      <TextField {...field} name="next" label={words.next} what={words.rule} autocomplete="new-password" />
      <TickField label={words.show} isTicked={shown.value} onTick={(isTicked) => (shown.value = isTicked)} />
    </SheetForm>
  );
}
