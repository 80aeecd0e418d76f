/** The vaults of identities: their state and holders, and the requests to open one, with the commands for each step. */
import { useSignal } from '@preact/signals';
import { VAULT_REASONS, type Vault, type VaultAnswer } from '#shared/protocol/vault.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { CodeLine } from '../kit/CodeLine.tsx';
import { formatMoment } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import type { Known } from '../kit/resource.ts';
import { usePageStore } from '../net/use-page-store.ts';
import { AdminPage } from './AdminPage.tsx';
import { MakeVaultSheet } from './MakeVaultSheet.tsx';
import { relayCommand } from './relay-command.ts';
import { useGateway } from './use-gateway.ts';
import { VaultRequests } from './VaultRequests.tsx';
import { vaultWords as words } from './vault-words.ts';
import { createVaultStore, type VaultStore } from './vault.store.ts';

/** Two people work with it at the same time, each with a command line. */
const REFRESH_MS = 10_000;
const moment = (at: string): string => formatMoment(new Date(at), new Date());

export function VaultView() {
  const store = usePageStore(createVaultStore, REFRESH_MS);
  const isMaking = useSignal(false);
  return (
    <AdminPage
      at="vault"
      intro={words.intro}
      of={store.answer}
      trouble={store.trouble}
      after={isMaking.value && <MakeVaultSheet store={store} onClose={() => (isMaking.value = false)} />}
    >
      {(answer, known) => (
        <>
          <Make {...answer} known={known} onMake={() => (isMaking.value = true)} />
          {answer.vaults.map((vault) => (
            <OneVault key={vault.id} vault={vault} store={store} />
          ))}
          {answer.vaults.length > 0 && (
            <VaultRequests requests={answer.requests} known={known} store={store} />
          )}
        </>
      )}
    </AdminPage>
  );
}

type MakeProps = Pick<VaultAnswer, 'vaults'> & { readonly known: Known; readonly onMake: () => void };

/** A site has one vault that is not closed. */
function Make({ vaults, known, onMake }: MakeProps) {
  if (vaults.some(({ state }) => state !== 'closed')) return null;
  const button = (
    <button type="button" class="button button-main" aria-haspopup="dialog" onClick={onMake}>
      {words.make}
    </button>
  );
  if (vaults.length > 0) return <p>{button}</p>;
  return (
    <Notice kind="plain" title={words.none(known)}>
      <p>{words.noneWhat}</p>
      <ol class="vault-steps">
        {words.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <p class="notice-actions">{button}</p>
    </Notice>
  );
}

type OneVaultProps = { readonly vault: Vault; readonly store: VaultStore };

function OneVault({ vault, store }: OneVaultProps) {
  const { id, state, holders, entries, patients, madeAt, closedAt } = vault;
  const title = words.title(holders.map(({ username }) => username));
  const facts = [
    words.counts(entries, patients),
    words.made(moment(madeAt)),
    ...(closedAt === null ? [] : [words.closedAt(moment(closedAt))]),
  ];
  return (
    <section class="stack hairline vault" aria-label={title}>
      <div>
        <h2 class="kept">{title}</h2>
        <p class={state === 'waiting' ? 'vault-waits' : ''}>{words.states[state]}</p>
        <p class="small quiet numbers">{facts.join(kitWords.separator)}</p>
      </div>
      {state === 'waiting' ? <Halves holders={holders} /> : <Asking holders={holders} />}
      <p class="small quiet">{words.passphrase}</p>
      <div class="row">
        {state === 'closed' ? (
          <AskFirst
            label={words.delete}
            of={words.of(words.delete, title)}
            ask={words.askDelete(title, patients)}
            onYes={() => void store.deleteVault(id)}
          />
        ) : (
          <AskFirst
            label={words.close}
            of={words.of(words.close, title)}
            ask={words.askClose(title)}
            onYes={() => void store.closeVault(id)}
          />
        )}
      </div>
    </section>
  );
}

/** The halves are made where the gateway cannot see them. */
function Halves({ holders }: Pick<Vault, 'holders'>) {
  const gateway = useGateway();
  return (
    <>
      {holders.map(({ account, username, key }) =>
        key === null ? (
          <div key={account} class="stack-tight">
            <p class="small kept">{words.noHalf(username)}</p>
            <CodeLine code={relayCommand('vault half half.json', username, gateway)} />
          </div>
        ) : (
          <p key={account} class="small kept">
            {words.half(username)}
          </p>
        ),
      )}
    </>
  );
}

function Asking({ holders }: Pick<Vault, 'holders'>) {
  const gateway = useGateway();
  return (
    <div class="stack-tight">
      <p class="small">{words.ask(VAULT_REASONS)}</p>
      {holders.map(({ account, username }) => (
        <CodeLine
          key={account}
          code={relayCommand('vault ask RP-… --reason incidental-finding', username, gateway)}
        />
      ))}
    </div>
  );
}
