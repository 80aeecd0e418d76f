/** Gives somebody else a new password, and says what that ends. */
import { useSignal } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';
import { FormActions } from '../kit/FormActions.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { useSubmit } from '../kit/use-submit.ts';
import { accountsWords } from './accounts-words.ts';
import type { AccountsStore, ListedAccount } from './accounts.store.ts';
import { GivenPassword, isTooShort, PasswordField, sayMistake, type Mistake } from './PasswordField.tsx';

const words = accountsWords.passwordSheet;

export type NewPasswordSheetProps = {
  readonly account: ListedAccount;
  readonly store: AccountsStore;
  readonly onClose: () => void;
};

export function NewPasswordSheet({ account, store, onClose }: NewPasswordSheetProps) {
  const form = useRef<HTMLFormElement>(null);
  const mistake = useSignal<Mistake | null>(null);
  const given = useSignal<string | null>(null);
  const message = useId();
  const submitting = useSubmit((error) => (mistake.value = sayMistake(error)));
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const password = String(new FormData(form.current!).get('password'));
    mistake.value = isTooShort(password);
    if (mistake.value !== null) return;
    await submitting.run(async () => {
      await store.setPassword(account.id, password);
      given.value = password;
    });
  };
  if (given.value !== null)
    return (
      <Sheet title={accountsWords.passwordSet} onClose={onClose}>
        <GivenPassword username={account.username} password={given.value} onClose={onClose} />
      </Sheet>
    );
  return (
    <Sheet title={accountsWords.newPassword} onClose={onClose}>
      <p class="strong kept">
        <bdi>{account.username}</bdi>
      </p>
      <p class="sheet-text">{words.what}</p>
      <form ref={form} class="stack sheet-part" onSubmit={(event) => void submit(event)} noValidate>
        <PasswordField
          label={words.password}
          hint={words.hint}
          isWrong={mistake.value !== null}
          message={message}
        />
        <TroubleAlert trouble={mistake.value} id={message} />
        <FormActions
          submit={words.submit}
          submitting={words.submitting}
          isBusy={submitting.isBusy.value}
          onCancel={onClose}
        />
      </form>
    </Sheet>
  );
}
