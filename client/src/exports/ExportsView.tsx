/** The exports of this person: which are being made, which are ready, and what became of the others. */
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { EXPORT_ENDINGS, type Export } from '#shared/protocol/exports.ts';
import { leftOutLines } from '#shared/protocol/left-out-words.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { NotShownCases } from '../cases/parts/NotShownCases.tsx';
import { openAttempt } from '../kit/open-attempt.ts';
import { saveFile } from '../net/save-file.ts';
import { formatBytes, formatMoment } from '../kit/format.ts';
import { namesHidden, typedSaid } from '../kit/identities.ts';
import { kitWords } from '../kit/kit-words.ts';
import { MoreButton } from '../kit/MoreButton.tsx';
import { hrefOf } from '../kit/routes.ts';
import { Confirm } from '../kit/Sheet.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import type { Known } from '../kit/resource.ts';
import { useApi } from '../net/net-context.ts';
import { realClock } from '../net/clock.ts';
import { createExportsStore, isBeingMade, type ExportsStore } from './exports.store.ts';
import { exportWords as words } from './export-words.ts';
import './exports.css';

export function ExportsView() {
  const api = useApi();
  const [store] = useState(() => createExportsStore(api));
  useEffect(() => {
    const gone = new AbortController();
    void store.load().then(() => store.follow(realClock, gone.signal));
    return () => gone.abort();
  }, [store]);
  return (
    <main id="content" class="page stack" aria-busy={store.list.answer.value.state === 'loading'}>
      <h1 tabIndex={-1}>{kitWords.pages.exports}</h1>
      <p class="quiet">{words.intro}</p>
      <NotShownCases />
      <TroubleAlert trouble={store.trouble.value} />
      <WhenKnown of={store.list} loading={words.loading}>
        {({ exports }, known) => (
          <>
            {exports.length === 0 && <Empty known={known} />}
            <ol class="plain" aria-label={kitWords.pages.exports}>
              {exports.map((of) => (
                <li key={of.id} class="hairline export-row">
                  <Row of={of} store={store} />
                </li>
              ))}
            </ol>
            <MoreButton of={store.list} />
          </>
        )}
      </WhenKnown>
    </main>
  );
}

function Empty({ known }: { readonly known: Known }) {
  return (
    <div class="stack-tight" role="status">
      <p class="strong">{words.empty(known)}</p>
      <p class="quiet">{words.how}</p>
      <p>
        <a class="button" href={hrefOf({ page: 'cases', id: '', query: '' })}>
          {words.toCases}
        </a>
      </p>
    </div>
  );
}

type RowProps = { readonly of: Export; readonly store: ExportsStore };

function Row({ of, store }: RowProps) {
  const { definition, purpose, by, createdAt, sha256 } = of;
  const about = words.about(words.redactions[definition.redaction], words.formats[definition.format]);
  return (
    <>
      <div class="export-what">
        <p>
          <span class="strong">{definition.title}</span>
          <span class="small quiet"> {about}</span>
        </p>
        <State of={of} />
        {of.leftOut.length > 0 && <p class="small numbers">{words.leftOut(leftOutLines(of.leftOut))}</p>}
        {purpose !== null && <p class="small kept">{words.purpose(typedSaid(purpose))}</p>}
        <p class="small quiet">{words.by(by, formatMoment(new Date(createdAt), new Date()))}</p>
        {of.state === 'ready' && sha256 !== null && (
          <p class="small quiet">
            {words.sha256} <span class="code">{sha256}</span>
          </p>
        )}
      </div>
      <Actions of={of} store={store} />
    </>
  );
}

function State({ of }: { readonly of: Export }) {
  const { state, definition, trouble, found, done, total, rows, bytes, expiresAt } = of;
  if (state === 'ready' && rows !== null && bytes !== null && expiresAt !== null)
    return (
      <p class="numbers">
        {words.ready(
          rows,
          formatBytes(bytes),
          formatMoment(new Date(expiresAt), new Date()),
          definition.format,
        )}
        {definition.redaction === 'anonymous' && done > rows && ` ${words.alone(done - rows)}`}
      </p>
    );
  if (state === 'failed')
    return (
      <p class="export-failed">
        {words.failed[trouble ?? 'unexpected']}{' '}
        {found && words.found(found.field, found.row, definition.format)}
      </p>
    );
  return (
    <div class="stack-tight">
      <p role="status">{(isBeingMade(of) && trouble && words.waits[trouble]) || words.states[state]}</p>
      {state === 'running' && (
        <>
          <progress max={Math.max(total, 1)} value={done} aria-label={definitionOf(of)} />
          <p class="small quiet numbers">{words.progress(done, total)}</p>
        </>
      )}
    </div>
  );
}

const definitionOf = ({ definition }: Export): string => definition.title;

function Actions({ of, store }: RowProps) {
  const api = useApi();
  const [saving] = useState(() => openAttempt(troubleOf));
  const isAsking = useSignal(false);
  const isAskingNames = useSignal(false);
  const { title, format, redaction } = of.definition;
  const save = () =>
    saving.tried(() => saveFile(api, `/exports/${of.id}/file`, `${of.template}.${EXPORT_ENDINGS[format]}`));
  const end = () => void store.cancel(of.id);
  const askOrSave = () => {
    if (redaction === 'full' && namesHidden.value) isAskingNames.value = true;
    else void save();
  };
  return (
    <div class="export-actions">
      {of.state === 'ready' && of.isMine && (
        <button type="button" class="button" disabled={saving.isBusy.value} onClick={askOrSave}>
          {saving.isBusy.value ? words.saving : words.save}
        </button>
      )}
      {of.state === 'ready' && (
        <button type="button" class="button button-bare" onClick={() => (isAsking.value = true)}>
          {words.erase}
        </button>
      )}
      {isBeingMade(of) && (
        <button type="button" class="button" aria-label={words.cancelOf(title)} onClick={end}>
          {words.cancel}
        </button>
      )}
      {isAsking.value && (
        <Confirm {...words.eraseAsk} destructive onYes={end} onClose={() => (isAsking.value = false)} />
      )}
      {isAskingNames.value && (
        <Confirm
          {...words.namesHidden}
          about={title}
          onYes={() => void save()}
          onClose={() => (isAskingNames.value = false)}
        />
      )}
      <TroubleAlert trouble={saving.trouble.value} />
    </div>
  );
}
