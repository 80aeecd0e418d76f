/** The details of an account: how it is used, its roles, and an administrator's actions on it. */
import { useSignal } from '@preact/signals';
import { type Role, ROLES } from '#shared/protocol/api.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { CodeLine } from '../kit/CodeLine.tsx';
import { FormBody } from '../kit/FormSheet.tsx';
import { formatMoment } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { hrefOf } from '../kit/routes.ts';
import { useForm } from '../kit/use-form.ts';
import { maySend } from '../net/may-send.ts';
import { useSession } from '../net/net-context.ts';
import { accountsWords as words } from './accounts-words.ts';
import type { AccountsStore, ListedAccount } from './accounts.store.ts';
import { NewPasswordSheet } from './NewPasswordSheet.tsx';
import { NO_ROLE, sayMistake } from './PasswordField.tsx';
import { RoleChoice } from './RoleChoice.tsx';
import { useOpened } from './use-opened.ts';

type AccountProps = { readonly account: ListedAccount; readonly store: AccountsStore };

/** Draw it with the account’s id as its key. */
export function AccountDetails({ account, store }: AccountProps) {
  const isOwn = useSession().user.value?.id === account.id;
  const heading = useOpened(true);
  return (
    <article class="stack" aria-label={account.username}>
      <p class="details-back">
        <a class="button button-bare" href={hrefOf({ page: 'admin', at: 'accounts' })}>
          {words.back}
        </a>
      </p>
      <div>
        <h2 ref={heading} tabIndex={-1} class="kept">
          <bdi>{account.username}</bdi>
        </h2>
        <Facts account={account} isOwn={isOwn} />
      </div>
      <Refused account={account} store={store} />
      {account.disabled && <p class="small">{words.disabledWhat}</p>}
      <Roles account={account} store={store} isOwn={isOwn} />
      {isOwn ? <p class="small quiet">{words.own}</p> : <Actions account={account} store={store} />}
    </article>
  );
}

/** A refusal is shown beside what was to be changed, because the top of the page may be out of view. */
function Refused({ account, store }: AccountProps) {
  const trouble = store.trouble.value;
  return (
    <div role="alert">
      {trouble?.id === account.id && (
        <Notice kind={trouble.kind ?? 'stop'} title={trouble.title}>
          {trouble.next && <p>{trouble.next}</p>}
          {trouble.code && <CodeLine code={trouble.code} />}
        </Notice>
      )}
    </div>
  );
}

type FactsProps = { readonly account: ListedAccount; readonly isOwn: boolean };

function Facts({ account, isOwn }: FactsProps) {
  const now = new Date();
  const when = (at: string): string => formatMoment(new Date(at), now);
  const { disabled, lastSignInAt, sessions, devices, createdAt } = account;
  const use = [
    ...(isOwn ? [words.you] : []),
    lastSignInAt === null ? words.neverSignedIn : words.lastSignIn(when(lastSignInAt)),
    ...(sessions > 0 ? [words.sessions(sessions)] : []),
    ...(devices > 0 ? [words.devices(devices)] : []),
    words.created(when(createdAt)),
  ];
  return (
    <>
      {disabled && <p class="account-disabled">{words.disabled}</p>}
      <p class="small quiet numbers">{use.join(kitWords.separator)}</p>
    </>
  );
}

function Roles({ account, store, isOwn }: AccountProps & { readonly isOwn: boolean }) {
  /** Null: those that the account has. */
  const ticked = useSignal<readonly Role[] | null>(null);
  const chosen = ticked.value ?? account.roles;
  const form = useForm(sayMistake);
  const isSame = ROLES.every((role) => account.roles.includes(role) === chosen.includes(role));
  const stops = maySend(account) && !maySend({ roles: [...chosen] }) && chosen.length > 0;
  const save = () =>
    form.submit(async () => {
      if (chosen.length === 0) return NO_ROLE;
      await store.change(account.id, { roles: chosen });
      // What was not saved stays ticked, and so does a tick that was set meanwhile.
      if (store.trouble.peek() === null && ticked.peek() === chosen) ticked.value = null;
    });
  return (
    <FormBody
      form={form}
      label={words.rolesOf(account.username)}
      class="stack-tight"
      onSubmit={save}
      actions={
        <p>
          <button type="submit" class="button" disabled={isSame || store.isBusy.value}>
            {words.saveRoles}
          </button>
        </p>
      }
    >
      <RoleChoice
        chosen={chosen}
        fixed={isOwn ? 'admin' : null}
        onChoose={(roles) => (ticked.value = roles)}
      />
      {isOwn && <p class="small quiet">{words.ownAdmin}</p>}
      {stops && <p class="small">{words.stopsSending}</p>}
      {!isSame && <p class="small quiet">{words.rolesCount}</p>}
    </FormBody>
  );
}

function Actions({ account, store }: AccountProps) {
  const isSetting = useSignal(false);
  const { id, username, disabled, sessions, devices, modalities } = account;
  return (
    <div class="row">
      <button type="button" class="button" aria-haspopup="dialog" onClick={() => (isSetting.value = true)}>
        {words.newPassword}
      </button>
      {sessions + devices > 0 && (
        <AskFirst
          label={words.endSessions}
          of={words.endSessionsOf(username)}
          ask={words.askEnd(username)}
          onYes={() => void store.endSessions(id)}
        />
      )}
      {disabled ? (
        <button
          type="button"
          class="button"
          aria-label={words.enableOf(username)}
          onClick={() => void store.change(id, { disabled: false })}
        >
          {words.enable}
        </button>
      ) : (
        <AskFirst
          label={words.disable}
          of={words.disableOf(username)}
          ask={words.askDisable(username, modalities)}
          onYes={() => void store.change(id, { disabled: true })}
        />
      )}
      {isSetting.value && (
        <NewPasswordSheet account={account} store={store} onClose={() => (isSetting.value = false)} />
      )}
    </div>
  );
}
