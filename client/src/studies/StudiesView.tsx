/**
 * Every study of this account in one list: what needs a decision, what is under way, what has arrived, and what was
 * sent from other devices. People who may read everything in the site's PACS also see what others sent. Each row is one
 * line and expands to the track. The list can be of any length, and nothing jumps when counts change.
 */
import { useComputed } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { namesHidden } from '../kit/identities.ts';
import { deferred } from '../kit/deferred.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { OnlySome } from '../kit/OnlySome.tsx';
import { refreshInSight } from '../kit/refresh-in-sight.ts';
import { hrefOf } from '../kit/routes.ts';
import { focusedRow, focusSearch, walkRows } from '../kit/walk-rows.ts';
import { maySend, readsSite } from '../net/may-send.ts';
import { useApi, useSession } from '../net/net-context.ts';
import { noteTold } from '../pipeline/queue/note-told.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import {
  EmptyQueue,
  MayBeCleared,
  QueueNotices,
  QueueSkeleton,
  StudiesSkeleton,
} from '../pipeline/queue/QueueNotices.tsx';
import { arrivedByStick } from './arrived-by-stick.ts';
import { chooseEntries, countIn } from './choose-entries.ts';
import { ARRIVED_TODAY, EVERYTHING, firstChoice, isNarrowed, WHOSE } from './list-choice.ts';
import { createSendCounts } from './count-sends.ts';
import { createEntries, type DayEntry } from './day-entry.ts';
import { createDayList, type DayList } from './day-list.ts';
import { DaySections } from './DaySections.tsx';
import { Finder, findNow } from './Finder.tsx';
import { noLongerLost } from './follow-lost.ts';
import { createJoin } from './join-sends.ts';
import { receiptKeys } from './receipt-keys.ts';
import { asksByItself, standingOf, type SearchStanding } from './search-standing.ts';
import type { NotTakenProps } from './NotTaken.tsx';
import { createSentStudies, type SentStudiesStore, type WhoseStudies } from './sent-studies.store.ts';
import { CarryOffer, SelectionBar, SelectToggle } from './Selection.tsx';
import { OfferNews } from './OfferNews.tsx';
import { ProvideDayList, useDayList } from './studies-context.ts';
import { studiesWords } from './studies-words.ts';
import { Removed, Undo } from './Undo.tsx';
import { whyIncomplete } from './why-none.ts';
import './studies.css';
import { useOwnDevice } from './use-own-device.ts';

const NotTaken = deferred<NotTakenProps>(
  () => import('./NotTaken.tsx').then((view) => view.NotTaken),
  () => null,
);

export type StudiesViewProps = {
  /** The browser was asked to keep the waiting studies and has not promised to. */
  readonly mayBeCleared: boolean;
  /** Installs the app, so that the browser keeps the studies; null: the browser does not offer it. */
  readonly install: (() => Promise<void>) | null;
};

export function StudiesView({ mayBeCleared, install }: StudiesViewProps) {
  const list = useList();
  const whose = useComputed(() => list.choice.value.whose);
  const sent = useSent(whose.value);
  const queue = useQueue();
  const entries = useEntries(sent);
  useEffect(() => {
    const arrived = arrivedByStick(entries);
    if (arrived.length > 0) void queue.resume(...arrived);
  }, [queue, entries]);
  const told = sent.studies.value;
  useEffect(() => {
    if (sent.whose === 'own')
      void ignoreFailure(noteTold(queue, told, Date.now()), 'told again with the next list');
  }, [queue, sent, told]);
  const lost = queue.lost.value;
  useEffect(() => {
    if (sent.whose === 'own') for (const id of noLongerLost(lost, told)) queue.forgetLost(id);
  }, [queue, sent, told, lost]);
  const hasHead = useHasDrawn();
  const ready = queue.ready.value && hasHead;
  return (
    <ProvideDayList value={list}>
      <main id="content" class="page queue" aria-busy={!ready} onKeyDown={walkStudies}>
        <div class="studies-head">
          <h1 tabIndex={-1}>{kitWords.pages.studies}</h1>
          <div class="row">
            <a class="button button-bare" href={hrefOf({ page: 'check' })}>
              {studiesWords.check}
            </a>
            {ready && entries.filter(({ study }) => study !== null).length > 1 && <SelectToggle />}
          </div>
        </div>
        <WhoseChoice
          chosen={sent.whose}
          onChoose={(next) => (list.choice.value = next === 'own' ? EVERYTHING : ARRIVED_TODAY)}
        />
        <QueueNotices />
        {ready && <CarryOffer entries={entries} />}
        {ready && <FromScripts sent={sent} />}
        {ready ? <Found entries={entries} sent={sent} /> : <QueueSkeleton />}
        {/* Below the list, because sending comes before optional settings. */}
        {ready && (
          <div class="offers">
            {mayBeCleared && queue.safe.value > 0 && <MayBeCleared install={install} />}
            <OfferNews />
          </div>
        )}
        <Undo />
        <SelectionBar entries={entries} />
      </main>
    </ProvideDayList>
  );
}

/** Moves between studies as in other lists. A study sent elsewhere has no page; the focus goes to its button. */
function walkStudies(event: KeyboardEvent) {
  focusSearch(event);
  const lines = [...document.querySelectorAll('.queue-list .study-line')];
  const rows = lines.flatMap((line) => line.querySelector<HTMLElement>('.queue-name a, .study-open') ?? []);
  // Outside the list the arrow keys scroll.
  if (focusedRow(rows) >= 0 || !event.key.startsWith('Arrow')) walkRows(event, rows);
}

/** If this device has studies, the list starts with those, even for people who come to read. */
function useList(): DayList {
  const { studies, ready } = useQueue();
  const user = useSession().user.value;
  const isReady = ready.value;
  const [list] = useState(() => createDayList(sessionStorage, user?.id ?? null));
  // Runs before the list is drawn and the gateway is asked.
  useMemo(() => {
    if (isReady) list.begin(studies.peek().length > 0 ? EVERYTHING : firstChoice(user));
  }, [list, isReady]);
  return list;
}

/** People who only watch have nothing to decide. */
function FromScripts({ sent }: { readonly sent: SentStudiesStore }) {
  const user = useSession().user.value;
  const ofSite = sent.whose === 'of-the-site';
  if (user === null || !maySend(user) || (ofSite && !user.roles.includes('admin'))) return null;
  return <NotTaken ofSite={ofSite} asked={sent.studies.value} onDecided={() => void sent.refresh()} />;
}

type WhoseChoiceProps = {
  readonly chosen: WhoseStudies;
  readonly onChoose: (whose: WhoseStudies) => void;
};

/** Shown to people who send and may also read what others sent. */
function WhoseChoice({ chosen, onChoose }: WhoseChoiceProps) {
  const user = useSession().user.value;
  if (user === null || !readsSite(user)) return null;
  return (
    <fieldset class="segments">
      <legend class="unseen">{studiesWords.whose}</legend>
      <div class="segments-inside">
        {WHOSE.map((each) => (
          <label key={each} class="segment">
            <input
              type="radio"
              class="unseen"
              name="whose-studies"
              checked={chosen === each}
              onChange={() => onChoose(each)}
            />
            {studiesWords.whoseStudies[each]}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** With fewer studies than these, a person needs no search. */
const FEW = 4;

function Found({
  entries,
  sent,
}: {
  readonly entries: readonly DayEntry[];
  readonly sent: SentStudiesStore;
}) {
  const choice = useDayList().choice.value;
  const sections = useMemo(() => chooseEntries(entries, choice, new Date()), [entries, choice]);
  useAskForPseudonym(sent, choice.text.trim());
  if (entries.length === 0) return <NoEntries sent={sent} />;
  const isMany = sent.whose !== 'own' || entries.length >= FEW;
  const canFind = isMany || isNarrowed(choice) || entries.some(({ removed }) => removed);
  return (
    <>
      {canFind && <Finder sent={sent} />}
      <OfTime />
      <FromGateway sent={sent} text={choice.text.trim()} found={countIn(sections)} />
      <Removed entries={entries} />
      <DaySections entries={entries} sections={sections} sent={sent} />
    </>
  );
}

function NoEntries({ sent }: { readonly sent: SentStudiesStore }) {
  const answer = sent.answer.value;
  if (answer.state === 'loading') return <StudiesSkeleton />;
  return (
    <>
      <FromGateway sent={sent} text="" found={0} />
      <EmptyQueue known={answer.state === 'known' ? answer : null} ofSite={sent.whose === 'of-the-site'} />
    </>
  );
}

/** Says that the list covers only a period, so that nobody has to open the filters to learn that. */
function OfTime() {
  const { choice } = useDayList();
  const { period } = choice.value;
  if (period === 'any') return null;
  return (
    <OnlySome
      said={studiesWords.only[period]}
      onShowAll={() => (choice.value = { ...choice.value, period: 'any' })}
    />
  );
}

type FromGatewayProps = {
  readonly sent: SentStudiesStore;
  readonly text: string;
  /** The number of rows in the list that match the text. */
  readonly found: number;
};

/** Says when the list, or the search for this text, contains only what this device knows. */
function FromGateway({ sent, text, found }: FromGatewayProps) {
  const list = useDayList();
  const answer = sent.answer.value;
  const trouble = answer.state === 'failed' ? answer.trouble : answer.state === 'known' ? answer.old : null;
  const standing = standingOf(sent, text, found);
  // Another sentence says why nobody is found, with or without a link.
  const isHidden = standing === 'hidden';
  if (trouble === 'unreachable' && !isHidden) return <p class="small quiet">{studiesWords.onlyHere}</p>;
  if (trouble === 'refused' && !isHidden) return <p class="small quiet">{studiesWords.refused}</p>;
  const said = saidOf(sent, text, standing);
  if (said === null) return null;
  return (
    <div class="row small">
      <p role="status">{said}</p>
      {standing === 'on-enter' && (
        <button type="button" class="button button-bare" onClick={() => findNow(list, sent, text)}>
          {studiesWords.askPacs}
        </button>
      )}
    </div>
  );
}

/** Null: the list contains everything that was found. */
function saidOf(sent: SentStudiesStore, text: string, standing: SearchStanding): string | null {
  const search = sent.search.value;
  if (text !== '' && search?.text === text)
    switch (search.standing) {
      case 'failed':
        return whyIncomplete(search.error);
      case 'answered':
        if (search.isCut) return studiesWords.cut;
    }
  switch (standing) {
    case 'on-enter':
      return studiesWords.pressEnter;
    case 'hidden':
      return studiesWords.patientsHidden;
    case 'asking':
      return studiesWords.askingPacs;
    default:
      return null;
  }
}

/** A pasted text is complete at once. The pause avoids a request for each letter while a text is being edited. */
const PAUSE_MS = 300;

function useAskForPseudonym(sent: SentStudiesStore, text: string): void {
  const isAsked = sent.search.value?.text === text;
  useEffect(() => {
    if (isAsked || !asksByItself(sent, text)) return;
    const timer = setTimeout(() => void sent.find(text, new Date()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [sent, text, isAsked]);
}

/** False at the first drawing. The list is drawn in a later task, so that neither task is long. */
function useHasDrawn(): boolean {
  const [hasDrawn, setDrawn] = useState(false);
  useEffect(() => setDrawn(true), []);
  return hasDrawn;
}

/** Loads the studies when the page opens, and again when the gateway can be reached. */
function useSent(chosen: WhoseStudies): SentStudiesStore {
  const api = useApi();
  const session = useSession();
  const state = session.state.value;
  const now = useQueue().link.value;
  // The first answer about the link is not a reason to load again, because the studies have already been requested.
  const link = now === 'unknown' ? 'online' : now;
  const user = session.user.value;
  const mayRead = user !== null && readsSite(user);
  const ownOrChosen = mayRead ? chosen : 'own';
  const whose = user === null || maySend(user) ? ownOrChosen : 'of-the-site';
  const seesNames = whose === 'of-the-site' && mayRead;
  const sent = useMemo(() => createSentStudies(api, whose, seesNames), [api, whose, seesNames]);
  useEffect(() => {
    if (state !== 'signed-in' && state !== 'offline') return;
    void sent.refresh();
    // A receipt may be checked without a network, so the keys are loaded while there is one.
    void receiptKeys(api, localStorage);
  }, [api, sent, state, link]);
  // One that has stood still for longer, as while its PACS is away, is not asked about so often.
  const isMoving = sent.studies.value.some(
    ({ standing, lastSentAt }) =>
      standing === 'under-way' && Date.now() - Date.parse(lastSentAt) < MOVES_FOR_MS,
  );
  useEffect(
    () => refreshInSight(() => void sent.refresh(), isMoving ? MOVING_MS : REFRESH_MS),
    [sent, isMoving],
  );
  useEffect(() => () => sent.close(), [sent]);
  return sent;
}

/** Studies from other devices arrive without any event on this one. */
const REFRESH_MS = 30_000;
/** As often as the details of a row, which would say otherwise. */
const MOVING_MS = 5_000;
const MOVES_FOR_MS = 10 * 60_000;

function useEntries(sent: SentStudiesStore): readonly DayEntry[] {
  const queue = useQueue();
  const device = useOwnDevice();
  const [entriesOf] = useState(createEntries);
  const [join] = useState(createJoin);
  const counts = useMemo(() => createSendCounts(queue.instancesOf), [queue]);
  const studies = queue.studies.value;
  const wholes = counts.wholes.value;
  useEffect(
    () => void ignoreFailure(counts.update(studies), 'each row says what its most urgent send has'),
    [counts, studies],
  );
  const facts = { studies, sent: sent.studies.value, link: queue.link.value, device, wholes };
  const now = new Date();
  const frame = [now.toDateString(), namesHidden.value];
  return useMemo(() => join(entriesOf(facts, now), wholes), [...Object.values(facts), ...frame]);
}
