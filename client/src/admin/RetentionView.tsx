/** Retention: how long what is kept, what is under hold, and what was deleted. */
import { useSignal } from '@preact/signals';
import type { Holds, Retention } from '#shared/protocol/retention.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { CodeLine } from '../kit/CodeLine.tsx';
import { formatMoment } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { usePageStore } from '../net/use-page-store.ts';
import { AdminPage } from './AdminPage.tsx';
import { HoldSheet } from './HoldSheet.tsx';
import { RetentionSheet } from './RetentionSheet.tsx';
import { retentionWords as words } from './retention-words.ts';
import { createRetentionStore, type Kept, type RetentionStore } from './retention.store.ts';

const REFRESH_MS = 30_000;
const moment = (at: string): string => formatMoment(new Date(at), new Date());

export function RetentionView() {
  const store = usePageStore(createRetentionStore, REFRESH_MS);
  const open = useSignal<'days' | 'hold' | null>(null);
  const close = (): void => {
    open.value = null;
  };
  const days = store.retention.value.value?.days;
  return (
    <AdminPage
      at="retention"
      intro={words.intro}
      of={store.retention}
      trouble={store.trouble}
      after={
        <>
          {open.value === 'days' && days && <RetentionSheet days={days} store={store} onClose={close} />}
          {open.value === 'hold' && <HoldSheet onHold={store.hold} onClose={close} />}
        </>
      }
    >
      {(kept) => (
        <>
          <Rules of={kept} onChange={() => (open.value = 'days')} />
          <HoldsList of={kept} store={store} onAdd={() => (open.value = 'hold')} />
          <Deletions of={kept} store={store} />
        </>
      )}
    </AdminPage>
  );
}

function Rules({ of: kept, onChange }: { readonly of: Retention; readonly onChange: () => void }) {
  const { days, kinds, ranAt, trouble } = kept;
  return (
    <section class="stack" aria-label={words.rules}>
      <div class="row">
        <h2>{words.rules}</h2>
        <button type="button" class="button" aria-haspopup="dialog" onClick={onChange}>
          {words.change}
        </button>
      </div>
      {trouble && (
        <Notice kind="stop" title={words.trouble[trouble].title}>
          <p>{words.trouble[trouble].next}</p>
        </Notice>
      )}
      <ul class="plain">
        {kinds.map(({ kind, nextAt, ...counts }) => (
          <li key={kind} class="hairline admin-row">
            <div class="admin-what">
              <h3>{words.kinds[kind].name}</h3>
              <p class="small quiet">{words.kinds[kind].what}</p>
            </div>
            <p class="small numbers">
              {[
                words.kept(days[kind]),
                ...words.counts(counts),
                ...(nextAt === null ? [] : [words.next(moment(nextAt))]),
              ].join(kitWords.separator)}
            </p>
          </li>
        ))}
      </ul>
      <p class="small quiet numbers">{ranAt === null ? words.neverRan : words.ran(moment(ranAt))}</p>
    </section>
  );
}

type ListProps = { readonly of: Kept; readonly store: RetentionStore };

function HoldsList({ of: { holds }, store, onAdd }: ListProps & { readonly onAdd: () => void }) {
  return (
    <section class="stack" aria-label={words.holds}>
      <div class="row">
        <h2>{words.holds}</h2>
        <button type="button" class="button" aria-haspopup="dialog" onClick={onAdd}>
          {words.add}
        </button>
      </div>
      <p class="small quiet">{holds.length === 0 ? words.noHolds : words.holdsWhat}</p>
      <ul class="plain">
        {holds.map((hold) => (
          <HoldRow key={hold.id} hold={hold} onEnd={() => void store.end(hold.id)} />
        ))}
      </ul>
    </section>
  );
}

function HoldRow({ hold, onEnd }: { readonly hold: Holds['holds'][number]; readonly onEnd: () => void }) {
  const { subject, reason, by, at, endedAt } = hold;
  const about = words.subject(subject);
  return (
    <li class="hairline admin-row">
      <div class="admin-what">
        <p class="strong kept">{about}</p>
        {reason && <p class="kept">{reason}</p>}
        <p class="small quiet numbers">
          {[words.since(by, moment(at)), ...(endedAt === null ? [] : [words.ended(moment(endedAt))])].join(
            kitWords.separator,
          )}
        </p>
      </div>
      {endedAt === null && (
        <AskFirst label={words.end} of={words.endOf(about)} ask={{ ...words.ask, about }} onYes={onEnd} />
      )}
    </li>
  );
}

function Deletions({ of: { deletions }, store }: ListProps) {
  return (
    <section class="stack" aria-label={words.deletions}>
      <h2>{words.deletions}</h2>
      {deletions.length === 0 && <p class="small quiet">{words.noDeletions}</p>}
      <ul class="plain">
        {deletions.map(({ id, kind, count, at }) => (
          <li key={id} class="hairline admin-row">
            <div class="admin-what">
              <p class="strong numbers">{words.deleted(count, kind)}</p>
              <p class="small quiet numbers">{moment(at)}</p>
            </div>
            <button
              type="button"
              class="button"
              aria-label={words.saveOf(words.deleted(count, kind), moment(at))}
              disabled={store.isBusy.value}
              onClick={() => void store.saveProof(id)}
            >
              {words.save}
            </button>
          </li>
        ))}
      </ul>
      {deletions[0] && (
        <div class="stack-tight">
          <p class="small">{words.proof}</p>
          <CodeLine code={`relay deletion verify ${deletions[0].id}.deletion.jws --jwks jwks.json`} />
        </div>
      )}
    </section>
  );
}
