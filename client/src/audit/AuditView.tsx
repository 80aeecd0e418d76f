/** The audit trail: the state of its chain, the filters, and the events, newest first. */
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { AuditPage } from '#shared/protocol/audit-page.ts';
import { AdminHead } from '../admin/AdminHead.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { MoreButton } from '../kit/MoreButton.tsx';
import { NoneFits } from '../kit/NoneFits.tsx';
import { hrefOf, parseRoute } from '../kit/routes.ts';
import type { Known } from '../kit/resource.ts';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { useApi, useSession } from '../net/net-context.ts';
import { AuditFilterBar } from './AuditFilterBar.tsx';
import {
  EVERYTHING,
  isNarrowed,
  NO_SUBJECT,
  parseFilters,
  writeFilters,
  type AuditFilters,
  type AuditQuestion,
} from './audit-filters.ts';
import { auditWords as words } from './audit-words.ts';
import { createAuditStore, type AuditStore } from './audit.store.ts';
import { ChainNotice } from './ChainNotice.tsx';
import { EventRow } from './EventRow.tsx';
import { SaveEvents } from './SaveEvents.tsx';
import './audit.css';

export function AuditView({ query }: { readonly query: string }) {
  const api = useApi();
  const isAdmin = useSession().user.value?.roles.includes('admin') ?? false;
  const [store] = useState(() => createAuditStore(api, () => new Date()));
  const { question, questionNow, choose, chooseStudy } = useQuestion(query, store);
  useEffect(() => {
    void store.loadPeople();
    return () => store.close();
  }, [store]);
  const events = store.events.value.value;
  return (
    <main id="content" class="page stack audit" aria-busy={store.events.isAsking.value}>
      {isAdmin ? <AdminHead at="audit" /> : <h1 tabIndex={-1}>{kitWords.pages.audit}</h1>}
      <ChainNotice store={store} />
      <div class="audit-asks">
        <AuditFilterBar
          question={question}
          people={store.people.value}
          studyInstanceUID={events?.study?.studyInstanceUID ?? null}
          onChoose={choose}
          onStudy={chooseStudy}
        />
        <SaveEvents questionNow={questionNow} />
      </div>
      <WhenKnown of={store.events} loading={words.loading}>
        {(shown, known) => (
          <>
            {shown.readingsPending && <p class="small quiet">{words.pending}</p>}
            <Events {...{ shown, known, store, questionNow }} onChoose={choose} />
          </>
        )}
      </WhenKnown>
    </main>
  );
}

/** The filters in the address, and the UID of a study that has no id yet by which the address could name it. */
function useQuestion(query: string, store: AuditStore) {
  const filters = parseFilters(query);
  const typedUid = useSignal('');
  const uid = typedUid.value;
  const question: AuditQuestion = { filters, uid };
  useEffect(() => void store.load(question), [store, query, uid]);
  const write = (some: Partial<AuditFilters>): void => {
    location.hash = hrefOf({ page: 'audit', query: writeFilters({ ...filtersNow(), ...some }) });
  };
  const found = store.events.value.value?.study ?? null;
  useEffect(() => {
    // The study's id is known now, so the address can name it.
    if (uid === '' || found?.studyInstanceUID !== uid || found.id === null) return;
    typedUid.value = '';
    write({ study: found.id });
  }, [uid, found]);
  return {
    question,
    questionNow: (): AuditQuestion => ({ filters: filtersNow(), uid: typedUid.peek() }),
    choose(some: Partial<AuditFilters>) {
      if ([some.study, some.case, some.device].some((subject) => subject !== undefined)) typedUid.value = '';
      write(some);
    },
    chooseStudy(typed: string) {
      typedUid.value = typed;
      write(NO_SUBJECT);
    },
  };
}

/**
 * The filters in the address. It changes before the page is drawn again, so that a second choice right after the first
 * keeps the first.
 */
function filtersNow(): AuditFilters {
  const route = parseRoute(location.hash);
  return parseFilters(route.page === 'audit' ? route.query : '');
}

type EventsProps = {
  readonly shown: AuditPage;
  readonly known: Known;
  readonly store: AuditStore;
  readonly questionNow: () => AuditQuestion;
  readonly onChoose: (some: Partial<AuditFilters>) => void;
};

function Events({ shown: events, known, store, questionNow, onChoose }: EventsProps) {
  const { filters, uid } = questionNow();
  const isSome = isNarrowed(filters) || uid !== '';
  if (events.rows.length === 0)
    return (
      <NoneFits
        said={words.none(known)}
        clear={words.clear}
        onClear={isSome ? () => onChoose(EVERYTHING) : null}
      >
        {words.noneWhat}
      </NoneFits>
    );
  return (
    <section class="stack" aria-label={words.list}>
      <h2 class="unseen">{words.list}</h2>
      <ol class="audit-events">
        {events.rows.map((row) => (
          <li key={row.seq} class="hairline">
            <EventRow row={row} names={events.names} onChoose={onChoose} />
          </li>
        ))}
      </ol>
      {events.next === null && <p class="small quiet">{words.end}</p>}
      <MoreButton of={store.events} label={words.more} />
    </section>
  );
}
