/** Lists the sessions of the person's account, and signs out everywhere at once. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ListedSession } from '#shared/protocol/api.ts';
import { formatMoment } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { Sheet } from '../kit/Sheet.tsx';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { useApi } from '../net/net-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { accountWords } from './account-words.ts';
import { createSessionsStore } from './sessions.store.ts';
import { sessionsWords as words } from './sessions-words.ts';
import { troubleOf } from './trouble-of.ts';
import { useChosen } from './use-chosen.ts';
import { Unkept } from './Unkept.tsx';
import { useSignOut } from './use-sign-out.ts';

export function SessionsSheet({ onClose }: { readonly onClose: () => void }) {
  const api = useApi();
  const store = useMemo(() => createSessionsStore(api), [api]);
  const [leaving] = useState(() => openAttempt((error) => troubleOf(error, words.unreachable)));
  const { signOut, isLeaving, isUnkept } = useSignOut(onClose, true);
  useEffect(() => {
    void store.load();
    return store.close;
  }, [store]);
  const sessions = store.value.value;
  return (
    <Sheet title={words.title} onClose={onClose}>
      <WhenKnown of={store} loading={words.loading}>
        {(listed) => <SessionList sessions={listed} />}
      </WhenKnown>
      <TroubleAlert trouble={leaving.trouble.value} />
      <div role="alert">{isUnkept && <Unkept />}</div>
      {sessions && <Consequence />}
      <div class="sheet-actions">
        <button type="button" class="button" autofocus onClick={onClose}>
          {kitWords.close}
        </button>
        {sessions && (
          <button
            type="button"
            class="button button-stop"
            disabled={isLeaving}
            onClick={() => void leaving.tried(signOut)}
          >
            {isLeaving ? words.leaving : isUnkept ? accountWords.signOutAnyway : words.everywhere}
          </button>
        )}
      </div>
    </Sheet>
  );
}

function SessionList({ sessions }: { readonly sessions: readonly ListedSession[] }) {
  const now = new Date();
  const when = (at: string) => formatMoment(new Date(at), now);
  return (
    <ul class="plain sheet-part">
      {sessions.map(({ id, kind, since, lastUsedAt, isThis }) => (
        <li key={id} class="session hairline">
          <p class={isThis ? 'strong' : ''}>{isThis ? words.here : words.kinds[kind]}</p>
          <p class="small quiet numbers">
            {[
              `${words.since[kind]} ${when(since)}`,
              isThis ? words.usedNow : words.lastUsed(when(lastUsedAt)),
            ].join(kitWords.separator)}
          </p>
        </li>
      ))}
    </ul>
  );
}

function Consequence() {
  const { unsafe } = useQueue();
  const chosen = useChosen();
  return (
    <>
      <p class="small sheet-text">{words.unknown}</p>
      <p class="small sheet-text">
        {unsafe.value > 0
          ? accountWords.signOutUnsafe(Math.max(unsafe.value, chosen))
          : [...(chosen > 0 ? [accountWords.signOutClears(chosen)] : []), words.means].join(' ')}
      </p>
    </>
  );
}
