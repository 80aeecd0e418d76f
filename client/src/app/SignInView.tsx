/** Two big fields and a button; the studies that wait on this device; refusals. Keeps no password after the request. */
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

/** Signing in with the values of a form: the message after a failure, and whether a request is on its way. */
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
      // A mistake of one's own: to be typed again.
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
        {/* Has the focus first, so a screen reader says why somebody has to sign in. */}
        <UsernameField invalid={invalid} message={`${why} ${message}`} />
        <PasswordField invalid={invalid} message={message} />
        <div id={message} role="alert">
          {offline ? (
            // Each attempt says it again: a new element is heard.
            <Notice key={String(busy.value)} kind="wait" sign="offline">
              <p>{appWords.signIn.offline}</p>
            </Notice>
          ) : (
            trouble.value && <TroubleNotice trouble={trouble.value} />
          )}
        </div>
        {/* Not disabled: the focus would be lost. */}
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

/** How much was sent or said here, waits to be sent, or waits for a decision; never whose it is, or of whom. */
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

/** The person who did not sign out themselves, or the next one, need not wonder what happened. */
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

/** `message`: the ids of the elements that say what is wrong. */
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
