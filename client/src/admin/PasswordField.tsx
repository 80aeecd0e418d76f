/**
 * A password that an administrator sets for another person: its field, its possible mistakes, and how to pass it on.
 */
import { useState } from 'preact/hooks';
import { PASSWORD_LENGTH_LIMIT, PASSWORD_LENGTH_MOST } from '#shared/protocol/limits.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { mistakeOf } from '../kit/trouble.ts';
import type { Mistake } from '../kit/use-form.ts';
import { CodeLine } from '../kit/CodeLine.tsx';
import { Field } from '../kit/fields.tsx';
import { focused } from '../kit/focused.ts';
import { kitWords } from '../kit/kit-words.ts';
import { accountsWords } from './accounts-words.ts';
import { makePassword } from './make-password.ts';

export type PasswordMistake = Mistake<'username' | 'roles' | 'password'>;

const FIELDS: Readonly<Record<string, PasswordMistake['field']>> = {
  'user-exists': 'username',
  'weak-password': 'password',
};

/** Turns the gateway's refusal into a mistake at its field. */
export function sayMistake(error: unknown): PasswordMistake {
  const trouble = troubleOf(error);
  return { ...trouble, field: FIELDS[trouble.code ?? ''] ?? null };
}

export const isTooShort = (password: string): boolean => [...password].length < PASSWORD_LENGTH_LIMIT;
export const NO_ROLE: PasswordMistake = { ...mistakeOf(accountsWords.noRole), field: 'roles' };
export const TOO_SHORT: PasswordMistake = { ...mistakeOf(accountsWords.tooShort), field: 'password' };

/** Shown as plain text and generated here, because it has to be passed on. */
export function PasswordField({ label, hint }: { readonly label: string; readonly hint: string }) {
  const [made] = useState(() => makePassword((bytes) => crypto.getRandomValues(bytes)));
  return (
    <Field label={label} name="password" what={hint}>
      {(input) => (
        <input
          {...input}
          type="text"
          class="account-password"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          defaultValue={made}
          maxLength={PASSWORD_LENGTH_MOST}
        />
      )}
    </Field>
  );
}

type GivenPasswordProps = {
  readonly username: string;
  readonly password: string;
  readonly onClose: () => void;
};

/** Moves the focus to Copy, so that a second Enter does not close the sheet before the password was copied. */
const focusCopy = (element: HTMLElement | null): void => focused(element?.querySelector('button') ?? null);

/** Shows the password once, in the sheet that set it. No later answer contains it. */
export function GivenPassword({ username, password, onClose }: GivenPasswordProps) {
  return (
    <>
      <div class="stack sheet-part" ref={focusCopy}>
        <p class="strong kept">
          <bdi>{username}</bdi>
        </p>
        <CodeLine code={password} />
        <p role="status">{accountsWords.passwordOnce}</p>
      </div>
      <div class="sheet-actions">
        <button type="button" class="button button-main" onClick={onClose}>
          {kitWords.done}
        </button>
      </div>
    </>
  );
}
