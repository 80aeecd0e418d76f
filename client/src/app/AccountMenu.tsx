/** The account menu and *Lock*, shown on every page. The menu’s sheets are loaded when they are opened. */
import { useEffect, useState } from 'preact/hooks';
import { useSession } from '../net/net-context.ts';
import { deferred } from '../kit/deferred.tsx';
import { Icon } from '../kit/Icon.tsx';
import type { AccountSheetProps } from './AccountSheet.tsx';
import type { PasswordSheetProps } from './PasswordSheet.tsx';
import { ProblemBoundary } from './ProblemBoundary.tsx';
import { lockDevice } from './lock-mark.ts';
import { appWords } from './app-words.ts';

const AccountSheet = deferred<AccountSheetProps>(
  () => import('./AccountSheet.tsx').then((view) => view.AccountSheet),
  () => null,
);
const SessionsSheet = deferred<{ onClose: () => void }>(
  () => import('./SessionsSheet.tsx').then((view) => view.SessionsSheet),
  () => null,
);
const PasswordSheet = deferred<PasswordSheetProps>(
  () => import('./PasswordSheet.tsx').then((view) => view.PasswordSheet),
  () => null,
);

export function AccountMenu() {
  const session = useSession();
  const [open, setOpen] = useState<Open | null>(null);
  // When one sheet opens another, the first sheet calls this only after the second has opened.
  const close = (which: Open) => () => setOpen((now) => (now === which ? null : now));
  // A sheet closes when the person moves to another page.
  useEffect(() => {
    const left = () => setOpen(null);
    addEventListener('hashchange', left);
    return () => removeEventListener('hashchange', left);
  }, []);
  const user = session.user.value;
  const name = user?.username ?? appWords.account.nobody;
  return (
    <>
      {session.state.value === 'signed-in' && (
        // It asks nothing, because a person who locks is about to leave. What was chosen is reminded of after sign-in.
        <button
          type="button"
          class="button button-bare lock-button"
          aria-label={appWords.lock}
          onClick={lockDevice}
        >
          <Icon name="lock" size={20} />
          <span class="lock-word">{appWords.lock}</span>
        </button>
      )}
      <button
        type="button"
        class="button button-bare account-button"
        aria-haspopup="dialog"
        aria-label={user ? appWords.account.open(name) : name}
        onClick={() => setOpen('account')}
      >
        <Icon name="person" />
        <bdi class="account-name cut">{name}</bdi>
      </button>
      <ProblemBoundary key={open}>
        {open === 'account' && <AccountSheet name={name} onClose={close('account')} onOpen={setOpen} />}
        {open === 'sessions' && <SessionsSheet onClose={close('sessions')} />}
        {(open === 'password' || open === 'changed') && (
          <PasswordSheet
            isChanged={open === 'changed'}
            onChanged={() => setOpen('changed')}
            onClose={close(open)}
          />
        )}
      </ProblemBoundary>
    </>
  );
}

type Open = 'account' | 'password' | 'changed' | 'sessions';
