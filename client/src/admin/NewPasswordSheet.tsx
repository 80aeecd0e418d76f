/** Sets a new password for another person, and says what that ends. */
import { useSignal } from '@preact/signals';
import { SheetForm } from '../kit/FormSheet.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { useForm } from '../kit/use-form.ts';
import { accountsWords } from './accounts-words.ts';
import type { AccountsStore, ListedAccount } from './accounts.store.ts';
import { GivenPassword, isTooShort, PasswordField, sayMistake, TOO_SHORT } from './PasswordField.tsx';

const words = accountsWords.passwordSheet;

type NewPasswordSheetProps = {
  readonly account: ListedAccount;
  readonly store: AccountsStore;
  readonly onClose: () => void;
};

export function NewPasswordSheet({ account, store, onClose }: NewPasswordSheetProps) {
  const given = useSignal<string | null>(null);
  const form = useForm(sayMistake);
  const change = (data: FormData) =>
    form.submit(async () => {
      const password = String(data.get('password'));
      if (isTooShort(password)) return TOO_SHORT;
      await store.setPassword(account.id, password);
      given.value = password;
    });
  return (
    <Sheet
      title={given.value === null ? accountsWords.newPassword : accountsWords.passwordSet}
      onClose={onClose}
    >
      {given.value !== null ? (
        <GivenPassword username={account.username} password={given.value} onClose={onClose} />
      ) : (
        <>
          <p class="strong kept">
            <bdi>{account.username}</bdi>
          </p>
          <p class="sheet-text">{words.what}</p>
          <SheetForm form={form} words={words} onSubmit={change} onClose={onClose}>
            <PasswordField label={words.password} hint={words.hint} />
          </SheetForm>
        </>
      )}
    </Sheet>
  );
}
