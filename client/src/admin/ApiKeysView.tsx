/** API keys: the list of keys, a form for a new one, and the text of a new key, shown once. */
import type { ListedApiKey } from '#shared/protocol/api-key.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { CodeLine } from '../kit/CodeLine.tsx';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { MoreButton } from '../kit/MoreButton.tsx';
import { Notice } from '../kit/Notice.tsx';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { usePageStore } from '../net/use-page-store.ts';
import { adminWords } from './admin-words.ts';
import { AdminHead } from './AdminHead.tsx';
import { ApiKeyForm } from './ApiKeyForm.tsx';
import { apiKeysWords as words } from './api-keys-words.ts';
import { expiryOf } from './key-expiry.ts';
import { type ApiKeysStore, createApiKeysStore } from './api-keys.store.ts';

export function ApiKeysView() {
  const store = usePageStore(createApiKeysStore);
  return (
    <main id="content" class="page stack admin" aria-busy={store.keys.answer.value.state === 'loading'}>
      <AdminHead at="api-keys" />
      <p class="quiet">{words.intro}</p>
      <WhenKnown of={store.choices} loading={adminWords.loading}>
        {(choices) => <ApiKeyForm store={store} choices={choices} />}
      </WhenKnown>
      <TroubleAlert trouble={store.trouble.value} />
      <div aria-live="polite">
        <Made store={store} />
      </div>
      <Addresses />
      <section aria-label={words.list}>
        <h2>{words.list}</h2>
        <KeyList store={store} which="keys" />
      </section>
      <EndedKeys store={store} />
    </main>
  );
}

function Made({ store }: { readonly store: ApiKeysStore }) {
  const made = store.made.value;
  if (made === null) return null;
  return (
    <Notice kind="wait" title={words.made(made.name)}>
      <p>{words.madeWhat}</p>
      <CodeLine code={made.key} />
    </Notice>
  );
}

/** The addresses for scripts. The gateway serves its API below the address of this page. */
function Addresses() {
  return (
    <section aria-label={words.addresses}>
      <h2>{words.addresses}</h2>
      <p class="small quiet">{words.addressesWhat}</p>
      <ul class="plain">
        {Object.entries(words.addressNames).map(([path, name]) => (
          <li key={path}>
            <p>{name}</p>
            <CodeLine code={`${location.origin}/api${path}`} />
          </li>
        ))}
      </ul>
    </section>
  );
}

type ListProps = { readonly store: ApiKeysStore; readonly which: 'keys' | 'ended' };

function KeyList({ store, which }: ListProps) {
  const none = which === 'keys' ? words.none : words.noneEnded;
  return (
    <WhenKnown of={store[which]} loading={adminWords.loading}>
      {({ keys }, known) => (
        <>
          {keys.length === 0 && <p class="quiet">{none(known)}</p>}
          <ul class="plain">
            {keys.map((key) => (
              <li key={key.id} class="hairline admin-row">
                <OneKey of={key} store={store} />
              </li>
            ))}
          </ul>
          <MoreButton of={store[which]} label={words.more} />
        </>
      )}
    </WhenKnown>
  );
}

/** Loaded when somebody opens it, because ended keys are rarely needed. */
function EndedKeys({ store }: { readonly store: ApiKeysStore }) {
  const load = (isOpen: boolean): void => {
    if (isOpen && store.ended.value.value === null) void store.loadMore('ended');
  };
  return (
    <details class="disclosure" onToggle={(event) => load(event.currentTarget.open)}>
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {words.ended}
      </summary>
      <KeyList store={store} which="ended" />
    </details>
  );
}

function OneKey({ of: key, store }: { readonly of: ListedApiKey; readonly store: ApiKeysStore }) {
  const now = new Date();
  const when = (at: string): string => formatMoment(new Date(at), now);
  const expiry = expiryOf(key, now);
  const facts = [
    words.of(key.account.username),
    ...(key.policy === null ? [] : [words.sendsUnder(key.policy)]),
    words.until(when(key.expiresAt)),
    key.lastUsedAt === null ? words.neverUsed : words.lastUsed(when(key.lastUsedAt)),
    words.madeBy(key.createdBy, when(key.createdAt)),
  ];
  return (
    <>
      <div class="admin-what">
        <p>
          <bdi class="strong kept">{key.name}</bdi>
          {kitWords.separator}
          {expiry.kind === 'ended' ? (
            <span class="quiet">{words.states[expiry.state]}</span>
          ) : (
            words.states.active
          )}
          {expiry.kind === 'soon' && (
            <>
              {kitWords.separator}
              <span class="key-expiring">{words.expiresIn(expiry.days)}</span>
            </>
          )}
        </p>
        <p class="small">{key.scopes.map((scope) => words.scopeNames[scope]).join(kitWords.separator)}</p>
        <p class="small quiet numbers">{facts.join(kitWords.separator)}</p>
        {key.state === 'account-ended' && <p class="small">{words.accountEnded}</p>}
      </div>
      {expiry.kind !== 'ended' && (
        <AskFirst
          label={words.revoke}
          of={`${words.revoke} ${key.name}`}
          ask={words.ask(key.name)}
          onYes={() => void store.revoke(key.id)}
        />
      )}
    </>
  );
}
