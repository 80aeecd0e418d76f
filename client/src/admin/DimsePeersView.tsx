/**
 * The modalities that may store over DIMSE: what to configure on them, what each has sent, and which senders were
 * refused.
 */
import { useSignal, type Signal } from '@preact/signals';
import type { DimsePeer, DimsePeers } from '#shared/protocol/dimse-peer.ts';
import { PROBLEMS } from '#shared/protocol/problem-table.ts';
import { REASONS } from '#shared/protocol/reasons.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { formatMoment } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { hrefOf } from '../kit/routes.ts';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { usePageStore } from '../net/use-page-store.ts';
import { adminWords } from './admin-words.ts';
import { AdminPage } from './AdminPage.tsx';
import { DimsePeerSheet } from './DimsePeerSheet.tsx';
import { DimseTransfers } from './DimseTransfers.tsx';
import { dimsePeerWords as words } from './dimse-peer-words.ts';
import { createDimsePeersStore, type DimsePeersStore, type PeerChoices } from './dimse-peers.store.ts';
import { titleIn } from './title-in.ts';

/** The same interval as on the page of destinations. */
const REFRESH_MS = 10_000;

export function DimsePeersView() {
  const store = usePageStore(createDimsePeersStore, REFRESH_MS);
  const editing = useSignal<DimsePeer | null | undefined>(undefined);
  return (
    <AdminPage at="dimse-peers" intro={words.intro} of={store.state} trouble={store.trouble}>
      {({ transfers, listener, peers, refused }, known) => (
        <>
          <DimseTransfers transfers={transfers} onAnswer={(id, answer) => void store.answer(id, answer)} />
          <Listener listener={listener} />
          <WhenKnown of={store.choices} loading={adminWords.loading}>
            {(choices) => <Form store={store} choices={choices} editing={editing} />}
          </WhenKnown>
          {peers.length === 0 && <p class="quiet">{words.none(known)}</p>}
          <Peers peers={peers} store={store} onChange={(peer) => (editing.value = peer)} />
          <Refused refused={refused} />
        </>
      )}
    </AdminPage>
  );
}

type FormProps = {
  readonly store: DimsePeersStore;
  readonly choices: PeerChoices;
  /** Undefined: the form is closed; null: it is for a new modality. */
  readonly editing: Signal<DimsePeer | null | undefined>;
};

function Form({ store, choices, editing }: FormProps) {
  return (
    <>
      <p>
        <button type="button" class="button button-main" onClick={() => (editing.value = null)}>
          {words.add}
        </button>
      </p>
      {editing.value !== undefined && (
        <DimsePeerSheet
          peer={editing.value}
          choices={choices}
          onSave={store.save}
          onClose={() => (editing.value = undefined)}
        />
      )}
    </>
  );
}

const LOOPBACK = /^(127\.|::1$)/;
/** Addresses that mean listening on every address of the machine. */
const ANY = ['0.0.0.0', '::'];

function Listener({ listener }: Pick<DimsePeers, 'listener'>) {
  if (listener === null)
    return (
      <Notice kind="wait" title={words.off.title}>
        <p>{words.off.what}</p>
      </Notice>
    );
  const { aeTitle, host, port, tls } = listener;
  return (
    <section class="stack" aria-label={words.enter}>
      <h2>{words.enter}</h2>
      <dl class="examination">
        <div>
          <dt class="quiet">{words.aeTitle}</dt>
          <dd class="code">{aeTitle}</dd>
        </div>
        <div>
          <dt class="quiet">{words.host}</dt>
          <dd class={ANY.includes(host) ? '' : 'code'}>{ANY.includes(host) ? words.everyAddress : host}</dd>
        </div>
        <div>
          <dt class="quiet">{words.port}</dt>
          <dd class="code">{port}</dd>
        </div>
        <div>
          <dt class="quiet">{words.tls}</dt>
          <dd>{words.tlsOf[tls]}</dd>
        </div>
      </dl>
      {LOOPBACK.test(host) ? (
        <Notice kind="wait" title={words.onLoopback.title}>
          <p>{words.onLoopback.what}</p>
        </Notice>
      ) : (
        tls === 'none' && <p class="small quiet">{words.inClearText}</p>
      )}
    </section>
  );
}

type PeersProps = Pick<DimsePeers, 'peers'> & {
  readonly store: DimsePeersStore;
  readonly onChange: (peer: DimsePeer) => void;
};

function Peers({ peers, store, onChange }: PeersProps) {
  return (
    <ul class="plain">
      {peers.map((peer) => (
        <li key={peer.id} class="hairline admin-row">
          <Facts peer={peer} />
          {(peer.account.disabled || peer.policyEnded) && (
            <TakesNothing peer={peer} onChange={() => onChange(peer)} />
          )}
          <div class="row">
            <button
              type="button"
              class="button"
              aria-haspopup="dialog"
              aria-label={words.of(words.change, peer.name)}
              onClick={() => onChange(peer)}
            >
              {words.change}
            </button>
            <AskFirst
              label={words.remove}
              of={words.of(words.remove, peer.name)}
              ask={words.askRemove(peer.name)}
              onYes={() => void store.remove(peer.id)}
            />
          </div>
        </li>
      ))}
    </ul>
  );
}

type TakesNothingProps = { readonly peer: DimsePeer; readonly onChange: () => void };

function TakesNothing({ peer: { name, account, policy }, onChange }: TakesNothingProps) {
  const { username, disabled } = account;
  const { title, what } = disabled ? words.accountEnded(username) : words.policyEnded(policy, username);
  return (
    <Notice kind="stop" title={title}>
      <p>{what}</p>
      <div class="notice-actions row">
        <button
          type="button"
          class="button"
          aria-haspopup="dialog"
          aria-label={words.chooseAccountOf(name)}
          onClick={onChange}
        >
          {words.chooseAccount}
        </button>
        <a class="button" href={hrefOf({ page: 'admin', at: 'accounts' })}>
          {kitWords.pages.accounts}
        </a>
      </div>
    </Notice>
  );
}

function Facts({ peer }: { readonly peer: DimsePeer }) {
  const { name, aeTitle, addresses, account, policy, lastSeenAt, week } = peer;
  const seen =
    lastSeenAt === null ? words.neverSeen : words.lastSeen(formatMoment(new Date(lastSeenAt), new Date()));
  return (
    <div class="admin-what">
      <p>
        <bdi class="strong kept">{name}</bdi>
        {kitWords.separator}
        <span class="code">{aeTitle}</span>
      </p>
      <p class="small">{words.under(policy, account.username)}</p>
      <p class="small quiet numbers">{words.from(addresses)}</p>
      <p class="small quiet numbers">
        {lastSeenAt === null ? seen : [seen, words.taken(week.taken)].join(kitWords.separator)}
      </p>
      {week.notTaken.map(({ reason, instances }) => (
        <p key={reason} class="small strong numbers">
          {words.notTaken(instances, titleIn(REASONS, reason))}
        </p>
      ))}
      {week.waiting > 0 && (
        <p class="small numbers">
          {words.waiting(week.waiting)} {week.problem !== null && titleIn(PROBLEMS, week.problem)}
        </p>
      )}
    </div>
  );
}

function Refused({ refused }: Pick<DimsePeers, 'refused'>) {
  if (refused.length === 0) return null;
  return (
    <section aria-label={words.refused}>
      <h2>{words.refused}</h2>
      <p class="quiet">{words.refusedWhat}</p>
      <ul class="plain">
        {refused.map(({ at, address, callingAE, calledAE, because }) => (
          <li key={`${at} ${address} ${callingAE} ${calledAE} ${because}`} class="hairline admin-row">
            <div class="admin-what">
              <p>{words.refusals[because]}</p>
              <p class="small quiet numbers kept">
                {[words.calls(callingAE, calledAE, address), formatMoment(new Date(at), new Date())].join(
                  kitWords.separator,
                )}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
