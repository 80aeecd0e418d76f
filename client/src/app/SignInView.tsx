/** Two big fields and a button; the studies that wait on this device; refusals. Keeps no password after the request. */
import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useSession } from '../net/net-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { Notice } from '../kit/Notice.tsx';
import { appWords } from './app-words.ts';
import { type Trouble, TroubleNotice, troubleOf } from './TroubleNotice.tsx';

const UNREACHABLE = { title: appWords.signIn.unreachable, next: null };

/** Signing in with the values of a form: the message after a failure, and whether a request is on its way. */
function useSignIn() {
  const session = useSession();
  const trouble = useSignal<Trouble | null>(null);
  const busy = useSignal(false);
  const signIn = async (form: FormData) => {
    const name = String(form.get('username')).trim();
    const password = String(form.get('password'));
    if (!name || !password) {
      trouble.value = { title: appWords.signIn.missing, next: null, code: null };
      return;
    }
    busy.value = true;
    trouble.value = null;
    try {
      await session.signIn(name, password);
    } catch (error) {
      trouble.value = troubleOf(error, UNREACHABLE);
    } finally {
      busy.value = false;
    }
  };
  return { trouble, busy, signIn };
}

export function SignInView() {
  const { trouble, busy, signIn } = useSignIn();
  const form = useRef<HTMLFormElement>(null);
  const message = useId();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    return signIn(new FormData(form.current!));
  };
  const invalid = trouble.value !== null;
  return (
    <main id="content" class="sign-in">
      <h1 tabIndex={-1}>{appWords.signIn.title}</h1>
      <StudiesOnDevice />
      <form ref={form} class="stack" onSubmit={submit} noValidate>
        <UsernameField invalid={invalid} message={message} />
        <PasswordField invalid={invalid} message={message} />
        <div id={message} role="alert">
          {trouble.value && <TroubleNotice trouble={trouble.value} />}
        </div>
        <button type="submit" class="button button-main" disabled={busy.value}>
          {busy.value ? appWords.signIn.submitting : appWords.signIn.submit}
        </button>
      </form>
    </main>
  );
}

/** The studies that were sent from here or wait to be, and that the device is offline. */
function StudiesOnDevice() {
  const queue = useQueue();
  const travelling = queue.travelling.value;
  const waiting = queue.safe.value - travelling;
  return (
    <>
      {travelling > 0 && <p class="quiet">{appWords.signIn.travelling(travelling)}</p>}
      {waiting > 0 && <p class="quiet">{appWords.signIn.waiting(waiting)}</p>}
      {queue.link.value === 'offline' && (
        <Notice kind="wait" sign="offline">
          <p>{appWords.signIn.offline}</p>
        </Notice>
      )}
    </>
  );
}

/** `message`: the id of the element that says what is wrong. */
type FieldProps = { readonly invalid: boolean; readonly message: string };

function UsernameField({ invalid, message }: FieldProps) {
  const username = useRef<HTMLInputElement>(null);
  useEffect(() => username.current?.focus(), []);
  return (
    <label class="field">
      <span>{appWords.signIn.username}</span>
      <input
        ref={username}
        name="username"
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        dir="auto"
        maxLength={128}
        aria-invalid={invalid}
        aria-describedby={message}
      />
    </label>
  );
}

/** The password, and the choice to see it. */
function PasswordField({ invalid, message }: FieldProps) {
  const shown = useSignal(false);
  return (
    <>
      <label class="field">
        <span>{appWords.signIn.password}</span>
        <input
          name="password"
          type={(shown.value ? 'text' : 'password') as 'password'}
          autocomplete="current-password"
          maxLength={1024}
          aria-invalid={invalid}
          aria-describedby={message}
        />
      </label>
      <label class="choice">
        <input
          type="checkbox"
          class="tick"
          checked={shown.value}
          onChange={() => (shown.value = !shown.value)}
        />
        <span>{appWords.signIn.show}</span>
      </label>
    </>
  );
}
