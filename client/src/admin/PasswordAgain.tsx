/** Shown below the finding that a PACS does not accept its password: sets another one without the whole form. */
import { useSignal } from '@preact/signals';
import type { Destination, DestinationWish } from '#shared/protocol/destination.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { useForm } from '../kit/use-form.ts';
import { readForm, toTyped } from './destination-form.ts';
import { destinationWords } from './destination-words.ts';
import type { Tested } from './destinations.store.ts';

const words = destinationWords.passwordAgain;
const REFUSED = 'credentials-refused';

type Props = {
  readonly destination: Destination;
  readonly tested: Tested | null;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (wish: DestinationWish) => Promise<void>;
};

export function PasswordAgain({ destination, tested, onSave }: Props) {
  const password = useSignal('');
  const form = useForm(troubleOf);
  const { authentication, fromEnvironment, name } = destination;
  const isRefused = tested?.found?.findings.some(({ code }) => code === REFUSED) ?? false;
  if (!isRefused || fromEnvironment || authentication.kind !== 'basic') return null;
  const save = (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    return form.submit(async () => {
      const before = toTyped(destination);
      const read = readForm({ ...before, password: password.value }, before);
      if (read.kind === 'mistake' || password.value === '') return;
      await onSave({ ...read.wish, version: destination.version });
      password.value = '';
    });
  };
  return (
    <form class="row" aria-label={words.of(name)} onSubmit={(event) => void save(event)}>
      <label class="field">
        <span>{words.password(authentication.username)}</span>
        <input
          type="password"
          name="password"
          autocomplete="new-password"
          required
          value={password.value}
          aria-describedby={form.message}
          onInput={({ currentTarget: { value } }) => (password.value = value)}
        />
      </label>
      <button type="submit" class="button" disabled={form.isBusy.value}>
        {form.isBusy.value ? words.saving : words.save}
      </button>
      <TroubleAlert trouble={form.mistake.value} id={form.message} />
    </form>
  );
}
