/** The form for a new API key: its purpose, its account, its rights and its end. */
import { type Signal, useSignal } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';
import { API_KEY_SCOPES } from '#shared/protocol/api-key.ts';
import { formatMoment } from '../kit/format.ts';
import { Notice } from '../kit/Notice.tsx';
import { apiKeysWords as words } from './api-keys-words.ts';
import { DAY_MS } from '#shared/day.ts';
import type { ApiKeysStore, AskedKey, KeyChoices } from './api-keys.store.ts';

const DAYS = [30, 90, 365, 730] as const;
const DAYS_USUAL = 365;

/** Null where something is missing. */
function readForm(form: HTMLFormElement): AskedKey | null {
  const data = new FormData(form);
  const name = String(data.get('name')).trim();
  const accountId = String(data.get('account'));
  const scopes = API_KEY_SCOPES.filter((scope) => data.getAll('scope').includes(scope));
  if (name === '' || accountId === '' || scopes.length === 0) return null;
  const policy = String(data.get('policy')) || null;
  return { name, accountId, scopes, policy, expiresInDays: Number(data.get('days')) };
}

type ApiKeyFormProps = { readonly store: ApiKeysStore; readonly choices: KeyChoices };

export function ApiKeyForm({ store, choices }: ApiKeyFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const isIncomplete = useSignal(false);
  const days = useSignal<number>(DAYS_USUAL);
  const message = useId();
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const asked = readForm(form.current!);
    isIncomplete.value = asked === null;
    if (asked !== null && (await store.make(asked))) form.current?.reset();
  };
  const isBusy = store.isBusy.value;
  return (
    <form
      ref={form}
      class="stack admin-form"
      aria-label={words.make}
      aria-describedby={message}
      onSubmit={(event) => void submit(event)}
      onReset={() => (days.value = DAYS_USUAL)}
      noValidate
    >
      <h2>{words.make}</h2>
      <label class="field">
        <span>{words.name}</span>
        <input name="name" type="text" maxLength={100} autocomplete="off" placeholder={words.nameHint} />
      </label>
      <Account owners={choices.owners} />
      <Scopes />
      <Policy policies={choices.policies} />
      <Ends days={days} />
      <div id={message} role="alert">
        {isIncomplete.value && <Notice kind="stop" title={words.incomplete} />}
      </div>
      <div>
        <button type="submit" class="button button-main" disabled={isBusy}>
          {isBusy ? words.submitting : words.submit}
        </button>
      </div>
    </form>
  );
}

/** A reset of the form goes back to what the markup says is selected. */
const asUsual = (days: number) => (option: HTMLOptionElement | null) => {
  if (option !== null) option.defaultSelected = days === DAYS_USUAL;
};

function Ends({ days }: { readonly days: Signal<number> }) {
  const now = new Date();
  const ending = new Date(now.getTime() + days.value * DAY_MS);
  return (
    <label class="field">
      <span>{words.ends}</span>
      <select name="days" onChange={({ currentTarget }) => (days.value = Number(currentTarget.value))}>
        {DAYS.map((each) => (
          <option key={each} value={each} ref={asUsual(each)}>
            {words.days[each]}
          </option>
        ))}
      </select>
      <span class="small quiet">{words.endsOn(formatMoment(ending, now))}</span>
    </label>
  );
}

function Account({ owners }: Pick<KeyChoices, 'owners'>) {
  return (
    <label class="field">
      <span>{words.account}</span>
      <select name="account">
        <option value="">{words.noAccount}</option>
        {owners.map(({ id, username }) => (
          <option key={id} value={id}>
            {username}
          </option>
        ))}
      </select>
      <span class="small quiet">{words.accountHint}</span>
    </label>
  );
}

/** A script that names no policy would else send under the gateway's, which may remove names. */
function Policy({ policies: { names, usual } }: Pick<KeyChoices, 'policies'>) {
  return (
    <label class="field">
      <span>{words.policy}</span>
      <select name="policy">
        <option value="">{words.usualPolicy(usual)}</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <span class="small quiet">{words.policyHint}</span>
    </label>
  );
}

function Scopes() {
  return (
    <fieldset>
      <legend>{words.scopes}</legend>
      {API_KEY_SCOPES.map((scope) => (
        <label key={scope} class="choice">
          <input type="checkbox" class="tick" name="scope" value={scope} />
          <span>{words.scopeNames[scope]}</span>
        </label>
      ))}
    </fieldset>
  );
}
