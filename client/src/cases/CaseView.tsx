/**
 * The page of a case: what it is about, its patient as the PACS names them, its studies, its notes, and what happened.
 */
import { useEffect, useState } from 'preact/hooks';
import type { Case } from '#shared/protocol/cases.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { ExportSheet } from '../exports/ExportSheet.tsx';
import { exportWords } from '../exports/export-words.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { namesHidden, typedSaid } from '../kit/identities.ts';
import { leadFromHere } from '../kit/lead-from-here.ts';
import { hrefOf } from '../kit/routes.ts';
import { useApi, useSession } from '../net/net-context.ts';
import { CaseImages } from '../reviews/case/CaseImages.tsx';
import { CaseReviews } from '../reviews/case/CaseReviews.tsx';
import { CaseAttachments } from './CaseAttachments.tsx';
import { EditCaseSheet } from './parts/CaseForm.tsx';
import { CaseNotes } from './CaseNotes.tsx';
import { KnownCases } from './parts/KnownCases.tsx';
import { dayWords, isOverdue, nameOf, Withheld } from './parts/CaseParts.tsx';
import { Together } from '../kit/Together.tsx';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { CaseStudies } from './CaseStudies.tsx';
import { CaseTimeline } from './CaseTimeline.tsx';
import { CloseSheet, ReopenSheet } from './CloseSheets.tsx';
import { caseWords } from './parts/case-words.ts';
import { createCaseStore, type CaseStore } from './case.store.ts';

const words = caseWords.page;

type CaseViewProps = {
  readonly id: string;
  readonly listQuery: string;
};

export function CaseView({ id, listQuery }: CaseViewProps) {
  const api = useApi();
  const [store] = useState(() => createCaseStore(api, id));
  const isAnonymous = namesHidden.value;
  useEffect(() => void store.load(isAnonymous), [store, isAnonymous]);
  useEffect(() => () => store.close(), [store]);
  const { value, answer, isAsking } = store.case;
  const again = () => store.load(isAnonymous);
  return (
    <main id="content" class="page stack case" aria-busy={isAsking.value || store.isBusy.value}>
      <p class="case-back">
        <a class="button button-bare" href={hrefOf({ page: 'cases', id: '', query: listQuery })}>
          <span class="flipped">
            <Icon name="chevron" size={16} turns />
          </span>
          {words.back}
        </a>
      </p>
      {store.isMissing.value ? (
        <>
          <h1 tabIndex={-1}>{words.missing}</h1>
          <p class="quiet">{words.missingWhat}</p>
        </>
      ) : (
        <>
          <h1 tabIndex={-1}>{value.value ? <bdi>{nameOf(value.value)}</bdi> : words.heading}</h1>
          <TroubleAlert trouble={store.trouble.value} onAgain={() => void again()} />
          <WhenKnown of={{ answer, again }} loading={words.loading}>
            {(of) => (
              <Together>
                <OneCase of={of} store={store} listQuery={listQuery} />
              </Together>
            )}
          </WhenKnown>
        </>
      )}
    </main>
  );
}

type OneCaseProps = Omit<CaseViewProps, 'id'> & { readonly of: Case; readonly store: CaseStore };

function OneCase({ of, store, listQuery }: OneCaseProps) {
  const roles = useSession().user.value?.roles ?? [];
  const mayKeep = roles.some((role) => CASE_KEEPERS.includes(role));
  return (
    <>
      <Withheld withheld={of.withheld} />
      {of.title === null && !of.withheld.includes('title') && <p>{caseWords.unreadable}</p>}
      {mayKeep && of.studies.length > 0 && (
        <KnownCases
          studies={of.studies.map(({ studyInstanceUID }) => studyInstanceUID)}
          title={words.others}
          except={of.id}
        />
      )}
      <Facts of={of} />
      {mayKeep && <Actions of={of} store={store} listQuery={listQuery} mayDelete={roles.includes('admin')} />}
      <CaseStudies of={of} store={store} mayOpen={!roles.includes('auditor')} />
      {mayKeep && (
        <CaseImages
          studies={of.studies.map(({ studyInstanceUID }) => studyInstanceUID)}
          isBlinded={of.studies.some(({ hidesResults }) => hidesResults)}
        />
      )}
      {mayKeep && <CaseReviews of={of} isAnonymous={namesHidden.value} />}
      {!namesHidden.value && !of.withheld.includes('notes') && <CaseNotes store={store} mayWrite={mayKeep} />}
      {!of.withheld.includes('attachments') && <CaseAttachments id={of.id} mayWrite={mayKeep} />}
      <CaseTimeline id={of.id} version={of.version} />
    </>
  );
}

function Facts({ of }: { readonly of: Case }) {
  const when = (at: string): string => formatMoment(new Date(at), new Date());
  const late = isOverdue(of);
  const due = of.dueOn === null ? words.noDue : dayWords(of.dueOn);
  const facts: readonly (readonly [string, string])[] = [
    ...(of.title === null ? [] : [[words.number, String(of.number)] as const]),
    [words.status, caseWords.statuses[of.status]],
    [words.priority, caseWords.priorities[of.priority]],
    [words.due, late ? caseWords.overdue(due) : due],
    ...(of.withheld.includes('people')
      ? []
      : [[words.assignee, of.assignee?.username ?? words.nobody] as const]),
    ...(of.tags?.length ? [[words.tags, typedSaid(of.tags.join(', '))] as const] : []),
    ...(of.pseudonym ? [[words.pseudonym, of.pseudonym] as const] : []),
    [words.made, of.createdBy ? words.madeBy(when(of.createdAt), of.createdBy) : when(of.createdAt)],
    ...(of.closedAt ? [[words.closedAt, when(of.closedAt)] as const] : []),
  ];
  return (
    <dl class="case-facts" aria-label={words.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt class="small quiet">{name}</dt>
          <dd class={late && name === words.due ? 'numbers case-late' : 'numbers'}>
            {late && name === words.due && <Icon name="decide" size={16} />}
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

type ActionsProps = Pick<OneCaseProps, 'of' | 'store' | 'listQuery'> & { readonly mayDelete: boolean };
type Opened = 'edit' | 'close' | 'reopen' | 'export';

function Actions({ of, store, listQuery, mayDelete }: ActionsProps) {
  const user = useSession().user.value;
  const [opened, setOpened] = useState<Opened | null>(null);
  const close = () => setOpened(null);
  const isClosed = of.status === 'closed';
  const isBusy = store.isBusy.value;
  const remove = async () => {
    const lead = leadFromHere();
    if (await store.remove()) lead(hrefOf({ page: 'cases', id: '', query: listQuery }));
  };
  return (
    <div class="row">
      {isClosed ? (
        <button type="button" class="button" disabled={isBusy} onClick={() => setOpened('reopen')}>
          {words.reopen}
        </button>
      ) : (
        <>
          {user !== null && of.assignee?.id !== user.id && (
            <button
              type="button"
              class="button"
              disabled={isBusy}
              onClick={() => void store.change({ assigneeId: user.id })}
            >
              {words.take}
            </button>
          )}
          <button type="button" class="button" disabled={isBusy} onClick={() => setOpened('edit')}>
            {words.edit}
          </button>
          <button type="button" class="button" disabled={isBusy} onClick={() => setOpened('close')}>
            {words.close}
          </button>
        </>
      )}
      <button type="button" class="button" onClick={() => setOpened('export')}>
        {exportWords.open}
      </button>
      {mayDelete && (
        <AskFirst
          label={words.remove}
          of={words.removeOf}
          ask={words.removeAsk(nameOf(of))}
          onYes={() => void remove()}
        />
      )}
      {opened === 'export' && <ExportSheet selection={{ cases: [of.id] }} onClose={close} />}
      {opened === 'edit' && <EditCaseSheet of={of} store={store} onClose={close} />}
      {opened === 'close' && <CloseSheet store={store} onClose={close} />}
      {opened === 'reopen' && <ReopenSheet store={store} onClose={close} />}
    </div>
  );
}
