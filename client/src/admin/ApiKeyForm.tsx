/** The form for a new API key: its purpose, its account, its rights and its expiry. */
import { useSignal } from '@preact/signals';
import { API_KEY_SCOPES } from '#shared/protocol/api-key.ts';
import { SelectField, TextField } from '../kit/fields.tsx';
import { FormBody } from '../kit/FormSheet.tsx';
import { formatMoment } from '../kit/format.ts';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { apiKeysWords as words } from './api-keys-words.ts';
import { DAY_MS } from '#shared/day.ts';
import type { ApiKeysStore, AskedKey, KeyChoices } from './api-keys.store.ts';

const DAYS = ['30', '90', '365', '730'] as const;
const DAYS_USUAL: (typeof DAYS)[number] = '365';

/** Null where something is missing. */
function readForm(data: FormData): AskedKey | null {
  const name = String(data.get('name')).trim();
  const accountId = String(data.get('account'));
  const scopes = API_KEY_SCOPES.filter((scope) => data.getAll('scope').includes(scope));
  if (name === '' || accountId === '' || scopes.length === 0) return null;
  const policy = String(data.get('policy')) || null;
  return { name, accountId, scopes, policy, expiresInDays: Number(data.get('days')) };
}

type ApiKeyFormProps = { readonly store: ApiKeysStore; readonly choices: KeyChoices };

/** The form is emptied once a key was created. */
export function ApiKeyForm(props: ApiKeyFormProps) {
  const made = useSignal(0);
  return <OneKey key={made.value} {...props} onMade={() => (made.value += 1)} />;
}

function OneKey({ store, choices, onMade }: ApiKeyFormProps & { readonly onMade: () => void }) {
  const { owners, policies } = choices;
  const days = useSignal(DAYS_USUAL);
  const form = useForm(troubleOf);
  const make = (data: FormData) =>
    form.submit(async () => {
      const asked = readForm(data);
      if (asked === null) return mistakeOf(words.incomplete);
      if (await store.make(asked)) onMade();
    });
  const now = new Date();
  const ending = new Date(now.getTime() + Number(days.value) * DAY_MS);
  return (
    <FormBody
      form={form}
      label={words.make}
      class="stack admin-form"
      onSubmit={make}
      actions={
        <div>
          <button type="submit" class="button button-main" disabled={form.isBusy.value}>
            {form.isBusy.value ? words.submitting : words.submit}
          </button>
        </div>
      }
    >
      <h2>{words.make}</h2>
      <TextField label={words.name} name="name" hint={words.nameHint} longest={100} />
      <SelectField
        label={words.account}
        name="account"
        what={words.accountHint}
        options={[['', words.noAccount], ...owners.map(({ id, username }) => [id, username] as const)]}
      />
      <Scopes />
      {/* The choice is explicit, because a script without a policy would send under the gateway's default, which may remove names. */}
      <SelectField
        label={words.policy}
        name="policy"
        what={words.policyHint}
        options={[
          ['', words.usualPolicy(policies.usual)],
          ...policies.names.map((name) => [name, name] as const),
        ]}
      />
      <SelectField
        label={words.ends}
        name="days"
        what={words.endsOn(formatMoment(ending, now))}
        value={days.value}
        options={DAYS.map((each) => [each, words.days[each]] as const)}
        onChange={(each) => (days.value = each)}
      />
    </FormBody>
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
