/**
 * The sign-in page: two big fields and a button, the studies that wait on this device, and refusals. Keeps no password
 * after the request.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { mistakeOf, type Trouble } from '../kit/trouble.ts';
import { TroubleNotice } from '../kit/TroubleAlert.tsx';
import { useSession } from '../net/net-context.ts';
import { useOutboxes } from '../outbox/outboxes.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { Notice } from '../kit/Notice.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf } from '../kit/routes.ts';
import { ApiProblem } from '../net/api-client.ts';
import { appWords } from './app-words.ts';
import { lockMarkIn } from './lock-mark.ts';
import { troubleOf } from './trouble-of.ts';

const UNREACHABLE = { title: appWords.signIn.unreachable, next: null };

type SignInForm = HTMLFormElement & Record<'username' | 'password', HTMLInputElement>;

/** Signs in with the values of the form. Returns the message after a failure, and whether a request is on its way. */
function useSignIn() {
  const session = useSession();
  const trouble = useSignal<Trouble | null>(null);
  const busy = useSignal(false);
  const signIn = async (form: SignInForm) => {
    const { username, password } = form;
    const empty = [username, password].find(({ value }) => !value.trim());
    if (empty) {
      trouble.value = mistakeOf(appWords.signIn.missing);
      empty.focus();
      return;
    }
    busy.value = true;
    trouble.value = null;
    try {
      await session.signIn(username.value.trim(), password.value);
    } catch (error) {
      trouble.value = troubleOf(error, UNREACHABLE);
      // The person mistyped: select the password so that it can be typed again.
      if (error instanceof ApiProblem && trouble.value.code === null) {
        password.focus();
        password.select();
      }
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
  const why = useId();
  const offline = useQueue().link.value === 'offline';
  useEffect(() => {
    document.title = `${appWords.signIn.title} – ${kitWords.product}`;
  }, []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!busy.value) void signIn(form.current as SignInForm);
  };
  const invalid = trouble.value !== null && trouble.value.code === null && !offline;
  return (
    <main id="content" class="sign-in">
      <h1 tabIndex={-1}>{appWords.signIn.title}</h1>
      <div id={why} class="stack">
        <WhyLocked />
        <StudiesOnDevice />
      </div>
      <form ref={form} class="stack" onSubmit={submit} noValidate>
        {/* Gets the focus first, so that a screen reader says why signing in is needed. */}
        <UsernameField invalid={invalid} message={`${why} ${message}`} />
        <PasswordField invalid={invalid} message={message} />
        <div id={message} role="alert">
          {offline ? (
            // A new element for each attempt makes a screen reader say it again.
            <Notice key={String(busy.value)} kind="wait" sign="offline">
              <p>{appWords.signIn.offline}</p>
            </Notice>
          ) : (
            trouble.value && <TroubleNotice trouble={trouble.value} />
          )}
        </div>
        {/* Not disabled, because a disabled button would lose the focus. */}
        <button type="submit" class="button button-main" aria-disabled={busy.value}>
          {busy.value ? appWords.signIn.submitting : appWords.signIn.submit}
        </button>
      </form>
      <p>
        <a class="button button-bare" href={hrefOf({ page: 'help' })}>
          {kitWords.pages.help}
        </a>
      </p>
    </main>
  );
}

/**
 * How many items were sent or said here, wait to be sent, or wait for a decision. Never shows who sent them, nor a
 * patient.
 */
function StudiesOnDevice() {
  const queue = useQueue();
  const travelling = queue.travelling.value;
  const waiting = queue.safe.value - travelling;
  const undecided = queue.othersUndecided.value;
  const unsent = useOutboxes().others.value ?? 0;
  return (
    <>
      {travelling > 0 && <p class="quiet">{appWords.signIn.travelling(travelling)}</p>}
      {waiting > 0 && <p class="quiet">{appWords.signIn.waiting(waiting)}</p>}
      {undecided > 0 && <p class="quiet">{appWords.signIn.undecided(undecided)}</p>}
      {unsent > 0 && <p class="quiet">{appWords.signIn.unsent(unsent)}</p>}
    </>
  );
}

/** Explains why the device was locked, to the person who was signed out or to the next one. */
function WhyLocked() {
  const safe = useQueue().safe.value;
  const mark = lockMarkIn(localStorage);
  const minutes = mark.minutes();
  if (minutes === null) return null;
  const notSent = mark.notSent();
  return (
    <Notice kind={notSent > 0 ? 'wait' : 'plain'} title={appWords.signIn.signedOut(minutes)}>
      {notSent > 0 && <p>{appWords.signIn.lockedNotSent(notSent)}</p>}
      {safe > 0 && <p>{appWords.signIn.lockedWhat}</p>}
    </Notice>
  );
}

/** `message`: the ids of the elements that describe the error. */
type FieldProps = { readonly invalid: boolean; readonly message: string };

function UsernameField({ invalid, message }: FieldProps) {
  const username = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => username.current?.focus(), []);
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

/** The password field, with a switch to show the password. */
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
