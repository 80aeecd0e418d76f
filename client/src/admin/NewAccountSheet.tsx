/** The form of a new account: a name, its roles, and an initial password. */
import { useSignal } from '@preact/signals';
import { type Role, newUsernameSchema } from '#shared/protocol/api.ts';
import { Field } from '../kit/fields.tsx';
import { SheetForm } from '../kit/FormSheet.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { accountsWords } from './accounts-words.ts';
import type { AccountsStore, NewAccount } from './accounts.store.ts';
import {
  GivenPassword,
  isTooShort,
  NO_ROLE,
  PasswordField,
  sayMistake,
  TOO_SHORT,
  type PasswordMistake,
} from './PasswordField.tsx';
import { RoleChoice } from './RoleChoice.tsx';

const words = accountsWords.addSheet;

type NewAccountSheetProps = { readonly store: AccountsStore; readonly onClose: () => void };

export function NewAccountSheet({ store, onClose }: NewAccountSheetProps) {
  const roles = useSignal<readonly Role[]>([]);
  const given = useSignal<Pick<NewAccount, 'username' | 'password'> | null>(null);
  const form = useForm(sayMistake);
  const add = (data: FormData) =>
    form.submit(async () => {
      const username = String(data.get('username')).trim();
      const password = String(data.get('password'));
      const mistake = mistakeIn(username, password, roles.value);
      if (mistake !== null) return mistake;
      await store.add({ username, password, roles: roles.value });
      given.value = { username, password };
    });
  return (
    <Sheet title={given.value === null ? accountsWords.add : accountsWords.added} onClose={onClose}>
      {given.value !== null ? (
        <GivenPassword {...given.value} onClose={onClose} />
      ) : (
        <SheetForm form={form} words={words} onSubmit={add} onClose={onClose}>
          <NameField />
          <RoleChoice chosen={roles.value} fixed={null} onChoose={(chosen) => (roles.value = chosen)} />
          <PasswordField label={words.password} hint={words.passwordHint} />
        </SheetForm>
      )}
    </Sheet>
  );
}

/** The mistake that can be found without the gateway. */
function mistakeIn(username: string, password: string, roles: readonly Role[]): PasswordMistake | null {
  if (!newUsernameSchema.safeParse(username).success)
    return { ...mistakeOf(words.badName, words.badNameNext), field: 'username' };
  if (roles.length === 0) return NO_ROLE;
  return isTooShort(password) ? TOO_SHORT : null;
}

const NameField = () => (
  <Field label={words.name} name="username" what={words.nameHint}>
    {(input) => (
      <input
        {...input}
        type="text"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        dir="auto"
        maxLength={128}
      />
    )}
  </Field>
);
