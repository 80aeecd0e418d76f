/** The account, the appearance of the app, and signing out with its consequences for the queue. */
import { useState } from 'preact/hooks';
import { useSession } from '../net/net-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { deferred } from '../kit/deferred.tsx';
import { Icon } from '../kit/Icon.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { ProblemBoundary } from './ProblemBoundary.tsx';
import { THEMES, useTheme } from './theme.ts';
import { Unkept } from './Unkept.tsx';
import { useSignOut } from './use-sign-out.ts';
import { appWords } from './app-words.ts';
import { kitWords } from '../kit/kit-words.ts';

const SessionsSheet = deferred<{ onClose: () => void }>(
  () => import('./SessionsSheet.tsx').then((view) => view.SessionsSheet),
  () => null,
);
const PasswordSheet = deferred<{ onClose: () => void }>(
  () => import('./PasswordSheet.tsx').then((view) => view.PasswordSheet),
  () => null,
);

/** Written by the build (vite.config.ts). */
declare const RELAY_WEB_VERSION: string;

export function AccountMenu() {
  const session = useSession();
  const [open, setOpen] = useState<Open | null>(null);
  // A sheet that gives way to another one says that it is closed once that one is open.
  const close = (which: Open) => () => setOpen((now) => (now === which ? null : now));
  const user = session.user.value;
  const name = user?.username ?? appWords.account.nobody;
  return (
    <>
      <button
        type="button"
        class="button button-bare account-button"
        aria-haspopup="dialog"
        aria-label={appWords.account.open(name)}
        onClick={() => setOpen('account')}
      >
        <Icon name="person" />
        <bdi class="account-name cut">{name}</bdi>
      </button>
      {open === 'account' && <AccountSheet name={name} onClose={close('account')} onOpen={setOpen} />}
      {open === 'sessions' && (
        <ProblemBoundary>
          <SessionsSheet onClose={close('sessions')} />
        </ProblemBoundary>
      )}
      {open === 'password' && (
        <ProblemBoundary>
          <PasswordSheet onClose={close('password')} />
        </ProblemBoundary>
      )}
    </>
  );
}

type Open = 'account' | 'password' | 'sessions';

type AccountProps = {
  readonly name: string;
  readonly onClose: () => void;
  /** Opens another sheet in the place of this one. */
  readonly onOpen: (which: Open) => void;
};

function AccountSheet({ name, onClose, onOpen }: AccountProps) {
  const session = useSession();
  const { signOut, isLeaving, isUnkept } = useSignOut(onClose);
  const roles = session.user.value?.roles ?? [];
  return (
    <Sheet title={name} onClose={onClose}>
      <p class="quiet small">{roles.map((role) => kitWords.roles[role]).join(kitWords.separator)}</p>
      <ThemeChoice />
      <div class="sheet-part hairline">
        <Consequence isUnkept={isUnkept} />
        <p class="small quiet">{appWords.account.version(RELAY_WEB_VERSION)}</p>
      </div>
      {session.state.value === 'signed-in' && (
        <div class="sheet-part account-more">
          <button type="button" class="button button-bare" onClick={() => onOpen('sessions')}>
            {appWords.account.sessions}
          </button>
          <button type="button" class="button button-bare" onClick={() => onOpen('password')}>
            {appWords.account.changePassword}
          </button>
        </div>
      )}
      <div class="sheet-actions">
        <button type="button" class="button" onClick={onClose}>
          {kitWords.close}
        </button>
        {session.user.value && (
          <SignOutButton isLeaving={isLeaving} isUnkept={isUnkept} onSignOut={() => void signOut()} />
        )}
      </div>
    </Sheet>
  );
}

function ThemeChoice() {
  const theme = useTheme();
  return (
    <fieldset class="sheet-part">
      <legend class="small quiet">{appWords.account.theme}</legend>
      {THEMES.map((choice) => (
        <label key={choice} class="choice">
          <input
            type="radio"
            name="theme"
            checked={theme.value === choice}
            onChange={() => (theme.value = choice)}
          />
          <span>{appWords.account.themes[choice]}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** Tells the consequence of signing out for the studies and the verdicts on this device. */
function Consequence({ isUnkept }: { readonly isUnkept: boolean }) {
  const queue = useQueue();
  return (
    <>
      <p class="small sheet-text">
        {meaningOf(queue.unsafe.value, queue.safe.value, queue.travelling.value)}
      </p>
      <div role="alert">{isUnkept && <Unkept />}</div>
    </>
  );
}

type SignOutButtonProps = {
  readonly isLeaving: boolean;
  readonly isUnkept: boolean;
  readonly onSignOut: () => void;
};

function SignOutButton({ isLeaving, isUnkept, onSignOut }: SignOutButtonProps) {
  const queue = useQueue();
  return (
    <button
      type="button"
      class={queue.unsafe.value > 0 || isUnkept ? 'button button-stop' : 'button'}
      disabled={isLeaving}
      onClick={onSignOut}
    >
      {isLeaving
        ? appWords.account.keeping
        : isUnkept
          ? appWords.account.signOutAnyway
          : appWords.account.signOut}
    </button>
  );
}

/** The consequence of signing out for the instances on this device. */
function meaningOf(unsafe: number, safe: number, travelling: number): string {
  if (unsafe > 0) return appWords.account.signOutUnsafe(unsafe);
  const said = [
    ...(travelling > 0 ? [appWords.account.signOutSafe(travelling)] : []),
    ...(safe > travelling ? [appWords.account.signOutWaits(safe - travelling)] : []),
  ];
  if (said.length > 0) return said.join(' ');
  return appWords.account.signOutEmpty;
}
