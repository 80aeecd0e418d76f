/** The form of a new account: a name, its roles, and a first password. */
import { useSignal } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';
import { type Role, newUsernameSchema } from '#shared/protocol/api.ts';
import { FormActions } from '../kit/FormActions.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { useSubmit } from '../kit/use-submit.ts';
import { accountsWords } from './accounts-words.ts';
import type { AccountsStore, NewAccount } from './accounts.store.ts';
import { GivenPassword, isTooShort, PasswordField, sayMistake, type Mistake } from './PasswordField.tsx';
import { RoleChoice } from './RoleChoice.tsx';

const words = accountsWords.addSheet;

export type NewAccountSheetProps = { readonly store: AccountsStore; readonly onClose: () => void };

export function NewAccountSheet({ store, onClose }: NewAccountSheetProps) {
  const form = useRef<HTMLFormElement>(null);
  const roles = useSignal<readonly Role[]>([]);
  const mistake = useSignal<Mistake | null>(null);
  const given = useSignal<Pick<NewAccount, 'username' | 'password'> | null>(null);
  const message = useId();
  const submitting = useSubmit((error) => (mistake.value = sayMistake(error)));
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const data = new FormData(form.current!);
    const username = String(data.get('username')).trim();
    const password = String(data.get('password'));
    mistake.value = mistakeIn(username, password, roles.value);
    if (mistake.value !== null) return;
    await submitting.run(async () => {
      await store.add({ username, password, roles: roles.value });
      given.value = { username, password };
    });
  };
  const wrong = mistake.value?.field ?? null;
  if (given.value !== null)
    return (
      <Sheet title={accountsWords.added} onClose={onClose}>
        <GivenPassword {...given.value} onClose={onClose} />
      </Sheet>
    );
  return (
    <Sheet title={accountsWords.add} onClose={onClose}>
      <form ref={form} class="stack sheet-part" onSubmit={(event) => void submit(event)} noValidate>
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

/** The mistake that needs no gateway to be found. */
function mistakeIn(username: string, password: string, roles: readonly Role[]): Mistake | null {
  if (!newUsernameSchema.safeParse(username).success)
    return { title: words.badName, next: words.badNameNext, code: null, field: 'username' };
  if (roles.length === 0) return { title: accountsWords.noRole, next: null, code: null, field: 'roles' };
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
