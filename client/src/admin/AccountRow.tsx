/** The row of an account: its facts in one line and, when expanded, an administrator's actions on it. */
import { useSignal } from '@preact/signals';
import { type Role, ROLES } from '#shared/protocol/api.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { CodeLine } from '../kit/CodeLine.tsx';
import { FormBody } from '../kit/FormSheet.tsx';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { useForm } from '../kit/use-form.ts';
import { maySend } from '../net/may-send.ts';
import { useSession } from '../net/net-context.ts';
import { accountsWords as words } from './accounts-words.ts';
import type { AccountsStore, ListedAccount } from './accounts.store.ts';
import { NewPasswordSheet } from './NewPasswordSheet.tsx';
import { NO_ROLE, sayMistake } from './PasswordField.tsx';
import { RoleChoice } from './RoleChoice.tsx';

type AccountRowProps = { readonly account: ListedAccount; readonly store: AccountsStore };

export function AccountRow({ account, store }: AccountRowProps) {
  const isOpen = useSignal(false);
  const isOwn = useSession().user.value?.id === account.id;
  return (
    <details
      class="disclosure account"
      data-state={account.disabled ? 'disabled' : 'enabled'}
      onToggle={(event) => (isOpen.value = event.currentTarget.open)}
    >
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        <Facts account={account} isOwn={isOwn} />
      </summary>
      {isOpen.value && (
        <div class="stack account-parts">
          <Refused account={account} store={store} />
          {account.disabled && <p class="small">{words.disabledWhat}</p>}
          <Roles key={account.roles.join()} account={account} store={store} isOwn={isOwn} />
          {isOwn ? <p class="small quiet">{words.own}</p> : <Actions account={account} store={store} />}
        </div>
      )}
    </details>
  );
}

/** A refusal is shown beside what was to be changed, because the top of the page may be out of view. */
function Refused({ account, store }: AccountRowProps) {
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
  const { username, roles, disabled, lastSignInAt, sessions, devices, createdAt } = account;
  const use = [
    lastSignInAt === null ? words.neverSignedIn : words.lastSignIn(when(lastSignInAt)),
    ...(sessions > 0 ? [words.sessions(sessions)] : []),
    ...(devices > 0 ? [words.devices(devices)] : []),
  ];
  return (
    <span class="admin-what">
      <span class="account-name-line">
        <bdi class="strong kept">{username}</bdi>
        {isOwn && <span class="quiet">{words.you}</span>}
        {disabled && <span class="account-disabled">{words.disabled}</span>}
      </span>
      <span class="small">{roles.map((role) => kitWords.roles[role]).join(kitWords.separator)}</span>
      <span class="small quiet numbers" title={words.created(when(createdAt))}>
        {use.join(kitWords.separator)}
      </span>
    </span>
  );
}

function Roles({ account, store, isOwn }: AccountRowProps & { readonly isOwn: boolean }) {
  const chosen = useSignal<readonly Role[]>(account.roles);
  const form = useForm(sayMistake);
  const isSame = ROLES.every((role) => account.roles.includes(role) === chosen.value.includes(role));
  const stops = maySend(account) && !maySend({ roles: [...chosen.value] }) && chosen.value.length > 0;
  const save = () =>
    form.submit(async () => {
      if (chosen.value.length === 0) return NO_ROLE;
      await store.change(account.id, { roles: chosen.value });
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
        chosen={chosen.value}
        fixed={isOwn ? 'admin' : null}
        onChoose={(roles) => (chosen.value = roles)}
      />
      {isOwn && <p class="small quiet">{words.ownAdmin}</p>}
      {stops && <p class="small">{words.stopsSending}</p>}
      {!isSame && <p class="small quiet">{words.rolesCount}</p>}
    </FormBody>
  );
}

function Actions({ account, store }: AccountRowProps) {
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
