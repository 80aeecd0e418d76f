/** The studies without a reading, marked ones first, with their number. */
import { useState } from 'preact/hooks';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import type { UnreadStudy } from '#shared/protocol/unread-studies.ts';
import { focused } from '../kit/focused.ts';
import { formatMoment } from '../kit/format.ts';
import { MoreButton } from '../kit/MoreButton.tsx';
import { hrefOf } from '../kit/routes.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { useSession } from '../net/net-context.ts';
import { usePageStore } from '../net/use-page-store.ts';
import { HaveItRead } from './case/HaveItRead.tsx';
import { caseWords } from '../cases/parts/case-words.ts';
import { EarlyMark } from '../cases/parts/EarlyMark.tsx';
import type { ManyPatients } from '../cases/parts/many-patients.ts';
import { OpenCase } from '../cases/parts/OpenCase.tsx';
import { PatientLine, useManyPatients } from '../cases/parts/PatientLine.tsx';
import { createUnreadStore, type UnreadStore } from './unread.store.ts';
import { unreadWords as words } from './unread-words.ts';

const REFRESH_MS = 30_000;

export function UnreadStudies() {
  const roles = useSession().user.value?.roles ?? [];
  return roles.some((role) => CASE_KEEPERS.includes(role)) ? <Unread /> : null;
}

function Unread() {
  const store = usePageStore(createUnreadStore, REFRESH_MS);
  const count = store.count.value.value ?? 0;
  const said = words.count(count);
  return (
    <section class="stack-tight" aria-label={words.title}>
      <h2 class="row">
        {words.title}
        {count > 0 && (
          <>
            <span class="tab-count numbers" aria-hidden="true">
              {said}
            </span>
            <span class="unseen">{words.counted(said, count)}</span>
          </>
        )}
      </h2>
      <List store={store} />
    </section>
  );
}

function List({ store }: { readonly store: UnreadStore }) {
  const patients = useManyPatients();
  return (
    <div class="stack-tight" aria-busy={store.list.isAsking.value}>
      <TroubleAlert trouble={store.waiving.trouble.value} />
      <WhenKnown of={store.list} loading={words.loading}>
        {({ studies }, known) => (
          <>
            {studies.length === 0 ? (
              <div role="status">
                <p class="strong">{words.none(known)}</p>
                <p class="small quiet">{words.noneWhat}</p>
              </div>
            ) : (
              <p class="small quiet">{words.what}</p>
            )}
            <ol class="plain">
              {studies.map((study) => (
                <li key={study.studyInstanceUID} class="hairline unread-row">
                  <Row {...{ study, store, patients }} />
                </li>
              ))}
            </ol>
            <MoreButton of={store.list} />
          </>
        )}
      </WhenKnown>
    </div>
  );
}

type RowProps = {
  readonly study: UnreadStudy;
  readonly store: UnreadStore;
  readonly patients: ManyPatients;
};

function Row({ study, store, patients }: RowProps) {
  const { studyInstanceUID: uid, uploadId, caseId, isAsked } = study;
  const name = words.study(study.modalities.join(', '));
  const facts = [
    words.sent(formatMoment(new Date(study.sentAt), new Date())),
    isAsked ? words.asked : caseId === null && words.noCase,
  ];
  if (store.waived.value.has(uid)) return <Waived onUndo={() => void store.waive(uid, false)} />;
  return (
    <>
      <div class="case-row-body">
        <PatientLine subject={{ kind: 'studies', id: uid }} patients={patients} />
        <span class="row unread-facts">
          {uploadId === null ? (
            <span>{name}</span>
          ) : (
            <a class="button button-bare" href={hrefOf({ page: 'sent', id: uploadId })}>
              {name}
            </a>
          )}
          <span class="small quiet numbers">{facts.filter(Boolean).join(caseWords.separator)}</span>
        </span>
        {study.isEarly && <EarlyMark />}
      </div>
      <div class="row">
        {caseId === null ? <OpenCase studyInstanceUID={uid} /> : <Ways {...{ study, caseId }} />}
        {!isAsked && (
          <button
            type="button"
            class="button button-bare"
            disabled={store.waiving.isBusy.value}
            onClick={() => void store.waive(uid, true)}
          >
            {words.waive}
          </button>
        )}
      </div>
    </>
  );
}

/** Links for a study that has a case. */
function Ways({ study, caseId }: { readonly study: UnreadStudy; readonly caseId: string }) {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      {!study.isAsked && (
        <button type="button" class="button" aria-haspopup="dialog" onClick={() => setAsking(true)}>
          {words.request}
        </button>
      )}
      <a class="button" href={hrefOf({ page: 'cases', id: caseId, query: '' })}>
        {words.toCase}
      </a>
      {isAsking && (
        <HaveItRead
          caseId={caseId}
          images={{ modalities: study.modalities, bodyParts: [] }}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

/** The pressed button is gone, so the focus moves to the undo button. */
function Waived({ onUndo }: { readonly onUndo: () => void }) {
  return (
    <>
      <p role="status" class="small">
        {words.waived}
      </p>
      <button ref={focused} type="button" class="button" onClick={onUndo}>
        {words.undo}
      </button>
    </>
  );
}
