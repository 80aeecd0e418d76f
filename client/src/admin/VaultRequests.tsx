/** The requests to open an identity: who asked why, what became of it, and the command for the next step. */
import type { VaultRequest } from '#shared/protocol/vault.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { CodeLine } from '../kit/CodeLine.tsx';
import { formatMoment } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import type { Known } from '../kit/resource.ts';
import { useSession } from '../net/net-context.ts';
import { relayCommand } from './relay-command.ts';
import { useGateway } from './use-gateway.ts';
import { vaultWords as words } from './vault-words.ts';
import type { VaultStore } from './vault.store.ts';

const moment = (at: string): string => formatMoment(new Date(at), new Date());

type RequestsProps = {
  readonly requests: readonly VaultRequest[];
  readonly known: Known;
  readonly store: VaultStore;
};

export function VaultRequests({ requests, known, store }: RequestsProps) {
  return (
    <section class="stack" aria-label={words.requests}>
      <h2>{words.requests}</h2>
      {requests.length === 0 && <p class="quiet">{words.noRequests(known)}</p>}
      <ul class="plain">
        {requests.map((request) => (
          <li key={request.id} class="hairline admin-row">
            <OneRequest request={request} store={store} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function OneRequest({ request, store }: { readonly request: VaultRequest; readonly store: VaultStore }) {
  const { id, pseudonym, reason, state, askedBy, other, askedAt, endsAt, openedAt } = request;
  const own = useSession().user.value?.username;
  const act = own === askedBy ? words.takeBack : state === 'asked' ? words.refuse : words.end;
  const isOpen = state === 'asked' || state === 'approved';
  const facts = [
    words.asked(askedBy, moment(askedAt)),
    ...(state === 'asked' ? [words.answeredBy(other)] : []),
    ...(isOpen ? [words.until(moment(endsAt))] : []),
    ...(openedAt === null ? [] : [words.opened(moment(openedAt))]),
  ];
  return (
    <>
      <div class="admin-what stack-tight">
        <p class="strong">{[words.requestStates[state], words.reasons[reason]].join(kitWords.separator)}</p>
        <p class="code code-text">{pseudonym}</p>
        <p class="small quiet numbers kept">{facts.join(kitWords.separator)}</p>
        {isOpen && <NextStep request={request} />}
      </div>
      {isOpen && (own === other || own === askedBy) && (
        <AskFirst
          label={act}
          of={words.of(act, pseudonym)}
          ask={words.askRefuse(pseudonym)}
          onYes={() => void store.refuse(id)}
        />
      )}
    </>
  );
}

/** The half of a holder never leaves their machine, so both steps are for the command line there. */
function NextStep({ request: { id, state, askedBy, other } }: { readonly request: VaultRequest }) {
  const gateway = useGateway();
  const [step, says, who] =
    state === 'asked'
      ? (['approve', words.approve, other] as const)
      : (['open', words.open, askedBy] as const);
  return (
    <>
      <p class="small kept">{says(who)}</p>
      <CodeLine code={relayCommand(`vault ${step} ${id} --half half.json`, who, gateway)} />
    </>
  );
}
