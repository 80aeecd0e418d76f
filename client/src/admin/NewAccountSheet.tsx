/** The form of a new account: a name, its roles, and a first password. */
import { useSignal } from '@preact/signals';
import { type Role, newUsernameSchema } from '#shared/protocol/api.ts';
import { SheetForm } from '../kit/FormSheet.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { accountsWords } from './accounts-words.ts';
import type { AccountsStore, NewAccount } from './accounts.store.ts';
import {
  GivenPassword,
  isTooShort,
  PasswordField,
  sayMistake,
  type PasswordMistake,
} from './PasswordField.tsx';
import { RoleChoice } from './RoleChoice.tsx';

const words = accountsWords.addSheet;

export type NewAccountSheetProps = { readonly store: AccountsStore; readonly onClose: () => void };

export function NewAccountSheet({ store, onClose }: NewAccountSheetProps) {
  const roles = useSignal<readonly Role[]>([]);
  const given = useSignal<Pick<NewAccount, 'username' | 'password'> | null>(null);
  const form = useForm(sayMistake);
  const { message } = form;
  const wrong = form.mistake.value?.field ?? null;
  const add = (data: FormData): Promise<void> => {
    const username = String(data.get('username')).trim();
    const password = String(data.get('password'));
    return form.submit(mistakeIn(username, password, roles.value), async () => {
      await store.add({ username, password, roles: roles.value });
      given.value = { username, password };
    });
  };
  return (
    <Sheet title={given.value === null ? accountsWords.add : accountsWords.added} onClose={onClose}>
      {given.value !== null ? (
        <GivenPassword {...given.value} onClose={onClose} />
      ) : (
        <SheetForm
          form={form}
          submit={words.submit}
          submitting={words.submitting}
          onSubmit={add}
          onClose={onClose}
        >
          <NameField isWrong={wrong === 'username'} message={message} />
          <RoleChoice
            chosen={roles.value}
            fixed={null}
            message={wrong === 'roles' ? message : null}
            onChoose={(chosen) => (roles.value = chosen)}
          />
          <PasswordField
            label={words.password}
            hint={words.passwordHint}
            isWrong={wrong === 'password'}
            message={message}
          />
        </SheetForm>
      )}
    </Sheet>
  );
}

/** The mistake that needs no gateway to be found. */
function mistakeIn(username: string, password: string, roles: readonly Role[]): PasswordMistake | null {
  if (!newUsernameSchema.safeParse(username).success)
    return { ...mistakeOf(words.badName, words.badNameNext), field: 'username' };
  if (roles.length === 0) return { ...mistakeOf(accountsWords.noRole), field: 'roles' };
  return isTooShort(password);
}

function NameField({ isWrong, message }: { readonly isWrong: boolean; readonly message: string }) {
  return (
    <label class="field">
      <span>{words.name}</span>
      <input
        name="username"
        type="text"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        dir="auto"
        maxLength={128}
        aria-invalid={isWrong}
        aria-describedby={message}
      />
      <span class="small quiet">{words.nameHint}</span>
    </label>
  );
}
