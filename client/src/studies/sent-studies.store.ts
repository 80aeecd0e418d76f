/**
 * The studies that this account sent from any device, or those of the whole site for people who only watch, as the
 * gateway reports them: newest first, page by page (keyset, `GET /studies`). Without an answer it keeps what it knows,
 * and says so.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { FoundStudies, SentStudy, SiteSearch, StudyPatient } from '#shared/protocol/studies.ts';
import type { ManyPatients } from '../cases/parts/many-patients.ts';
import { mayBePatient, typedPseudonym } from '#shared/protocol/typed-patient.ts';
import { namesHidden } from '../kit/identities.ts';
import type { Answer } from '../kit/resource.ts';
import { Unreachable, type ApiClient } from '../net/api-client.ts';
import { readDays } from './read-days.ts';

/** `refused`: the gateway answered with a refusal. */
type SentTrouble = 'unreachable' | 'refused';

/** Facts about a study that only a search returns. */
type Told = {
  /** The patient's pseudonym, by which a person found the study. */
  readonly pseudonym?: string;
  /** The patient as the PACS has them. */
  readonly patient?: StudyPatient;
  /** The search texts for which the PACS returned the study. */
  readonly foundBy?: readonly string[];
};
export type ToldStudy = SentStudy & Told;

/** The last text that was searched for at the gateway, and the progress of that search. */
export type Search =
  | { readonly text: string; readonly standing: 'asking' }
  /** `isCut`: there may be more studies than were returned. */
  | { readonly text: string; readonly standing: 'answered'; readonly isCut: boolean }
  | { readonly text: string; readonly standing: 'failed'; readonly error: unknown };

export interface SentStudiesStore {
  readonly whose: WhoseStudies;
  /** The studies of the list, including those that a search found before the list was loaded. */
  readonly studies: ReadonlySignal<readonly ToldStudy[]>;
  /** Whether the list is known. Its rows come from several requests. */
  readonly answer: ReadonlySignal<Answer<readonly ToldStudy[], SentTrouble>>;
  readonly hasMore: ReadonlySignal<boolean>;
  readonly isReadingMore: ReadonlySignal<boolean>;
  /** Reads the first page again; known pages below it stay. Never throws. */
  refresh(): Promise<void>;
  /** Reads the next page. Never throws. */
  more(): Promise<void>;
  /** Null: nothing was searched for, or the list was restarted without what was found. */
  readonly search: ReadonlySignal<Search | null>;
  /** Whether a search also asks the PACS for patients. It does not while names are hidden. */
  readonly asksPatients: () => boolean;
  /** Patients would be searched for, here or in the PACS, but names are hidden. */
  readonly hidesPatients: () => boolean;
  /**
   * Also finds studies through the gateway: by a day, a part of a UID, an upload, a receipt, a whole pseudonym or a
   * sender, and for the whole site by patient. A text that may name a patient of the site never appears in an address.
   * A text that is being searched for, or was answered last, is not requested again. Never throws.
   */
  find(text: string, now: Date): Promise<void>;
  /** Asks the PACS whose study this is, if the person may know it: for a row that has come into sight. */
  wantPatient(studyInstanceUID: string): Promise<void>;
  close(): void;
}

/** The gateway returns at most 200 at once. */
const PAGE = 100;
/**
 * The gateway accepts this for `q`. Nothing shorter is requested, because a few digits occur in every UID. A word
 * without a digit may be a patient's name, which must stay out of addresses.
 */
const FINDABLE = /^(?=.*\d|RP-)[\w.-]{5,64}$/i;
/** The whole site is also searched by the sender's name, which may be short. */
const FINDABLE_AT_SITE = /^[\p{L}\p{N}_.@ -]{3,64}$/u;

type SentPage = { readonly studies: readonly SentStudy[]; readonly next: string | null };

export type WhoseStudies = 'own' | 'of-the-site';

type State = {
  readonly api: Pick<ApiClient, 'json'>;
  /** The query parameters common to all pages. */
  readonly page: string;
  /** `question`: the number of the request that returned the row. */
  readonly rows: Map<string, { readonly study: SentStudy; readonly question: number }>;
  /** The number of the latest request. */
  question: number;
  /** The number of the request that last returned a first page. */
  listed: number;
  /** When the newest study on the loaded pages was sent; null: none is loaded. Search results do not change it. */
  newest: string | null;
  readonly whose: WhoseStudies;
  /** The list is of all accounts, and the person may know the patients. */
  readonly seesNames: boolean;
  readonly asksPatients: () => boolean;
  /** Keyed by Study Instance UID. */
  readonly told: Map<string, Told>;
  /** UIDs of studies whose patients were asked for. */
  readonly wanted: Set<string>;
  /** Null: nobody has asked for a patient yet. */
  patients: ManyPatients | null;
  readonly studies: Signal<readonly ToldStudy[]>;
  readonly search: Signal<Search | null>;
  readonly hasList: Signal<boolean>;
  readonly trouble: Signal<SentTrouble | null>;
  readonly next: Signal<string | null>;
  readonly hasMore: Signal<boolean>;
  readonly isReadingMore: Signal<boolean>;
  readonly closed: AbortController;
};

export function createSentStudies(
  api: Pick<ApiClient, 'json'>,
  whose: WhoseStudies = 'own',
  seesNames = false,
): SentStudiesStore {
  const asksPatients = () => seesNames && !namesHidden.value;
  const state: State = {
    api,
    page: `limit=${PAGE}${whose === 'own' ? '' : '&all=1'}`,
    whose,
    seesNames,
    asksPatients,
    rows: new Map(),
    question: 0,
    listed: 0,
    newest: null,
    told: new Map(),
    wanted: new Set(),
    patients: null,
    studies: signal([]),
    search: signal(null),
    hasList: signal(false),
    trouble: signal<SentTrouble | null>(null),
    next: signal(null),
    hasMore: signal(false),
    isReadingMore: signal(false),
    closed: new AbortController(),
  };
  return {
    whose,
    asksPatients,
    hidesPatients: () => (seesNames || whose === 'own') && namesHidden.value,
    studies: state.studies,
    answer: computed(() => answerOf(state)),
    hasMore: state.hasMore,
    isReadingMore: state.isReadingMore,
    search: state.search,
    refresh: () => ask(state, '', null),
    more: () => more(state),
    find: (text, now) => find(state, text, now),
    wantPatient: (uid) => wantPatient(state, uid),
    close: () => state.closed.abort(),
  };
}

function answerOf({ hasList, studies, trouble }: State): Answer<readonly ToldStudy[], SentTrouble> {
  const old = trouble.value;
  if (hasList.value) return { state: 'known', value: studies.value, old };
  return old === null ? { state: 'loading' } : { state: 'failed', trouble: old };
}

async function more(state: State): Promise<void> {
  const { isReadingMore, next } = state;
  const cursor = next.peek();
  if (cursor === null || isReadingMore.peek()) return;
  isReadingMore.value = true;
  await ask(state, `&cursor=${encodeURIComponent(cursor)}`, cursor);
  isReadingMore.value = false;
}

async function find(state: State, text: string, now: Date): Promise<void> {
  const { search, closed } = state;
  const before = search.peek();
  if (before?.text === text && before.standing !== 'failed') return;
  const asking: Search = { text, standing: 'asking' };
  search.value = asking;
  const end = (over: Search) => {
    if (!closed.signal.aborted && search.peek() === asking) search.value = over;
  };
  try {
    const isCut = await askFor(state, text, now);
    end({ text, standing: 'answered', isCut });
  } catch (error) {
    end({ text, standing: 'failed', error });
  }
}

/** Returns whether there may be more. */
async function askFor(state: State, text: string, now: Date): Promise<boolean> {
  const { whose, told, seesNames } = state;
  for (const day of readDays(text, now).days) {
    const from = new Date(day);
    const to = new Date(from.getFullYear(), from.getMonth(), from.getDate() + 1);
    const question = nextQuestion(state);
    const { studies } = await read(state, `&from=${from.toISOString()}&to=${to.toISOString()}`);
    show(state, question, studies);
  }
  if (seesNames) return askSite(state, text);
  if (!(whose === 'own' ? FINDABLE : FINDABLE_AT_SITE).test(text)) return false;
  const question = nextQuestion(state);
  const { studies } = await read(state, `&q=${encodeURIComponent(text)}`);
  const pseudonym = whose === 'own' ? typedPseudonym(text) : null;
  if (pseudonym !== null)
    for (const { studyInstanceUID } of studies) told.set(studyInstanceUID, { pseudonym });
  show(state, question, studies);
  return false;
}

/** First the search that needs no PACS, so that its results appear even if the PACS does not answer. */
async function askSite(state: State, text: string): Promise<boolean> {
  const sending = nextQuestion(state);
  const sent = FINDABLE_AT_SITE.test(text) ? await readSite(state, { by: 'sending', text }) : NONE;
  show(state, sending, sent.studies.map(withoutPatient));
  if (!state.asksPatients() || !mayBePatient(text)) return sent.isCut;
  const naming = nextQuestion(state);
  const ofPatient = await readSite(state, { by: 'patient', text });
  for (const { studyInstanceUID, patient } of ofPatient.studies) {
    const foundBy = [...(state.told.get(studyInstanceUID)?.foundBy ?? []), text];
    if (patient !== null) state.told.set(studyInstanceUID, { patient, foundBy });
  }
  show(state, naming, ofPatient.studies.map(withoutPatient));
  return sent.isCut || ofPatient.isCut;
}

/** The patient is kept apart from the rows, because later answers about a study do not repeat it. */
const withoutPatient = ({ patient: _, ...study }: FoundStudies['studies'][number]): SentStudy => study;

/** Rows that are drawn together share one request. */
async function wantPatient(state: State, uid: string): Promise<void> {
  const { api, told, wanted, closed } = state;
  if (!state.asksPatients() || wanted.has(uid) || told.get(uid)?.patient !== undefined) return;
  wanted.add(uid);
  try {
    const { createManyPatients } = await import('../cases/parts/many-patients.ts');
    state.patients ??= createManyPatients(api);
    const [patient] = await state.patients.of({ kind: 'studies', id: uid });
    if (patient === undefined || closed.signal.aborted) return;
    told.set(uid, { ...told.get(uid), patient });
    show(state, 0, []);
  } catch {
    // The row stays without a name, and asks again when it is drawn again.
    wanted.delete(uid);
  }
}

const NONE: FoundStudies = { studies: [], isCut: false };

async function readSite({ api, closed }: State, body: SiteSearch): Promise<FoundStudies> {
  const { foundStudiesSchema } = await import('#shared/protocol/studies.ts');
  return api.json('/studies/search', foundStudiesSchema, { method: 'POST', body, signal: closed.signal });
}

/** `cursor`: from the previous page; null: the first page. */
async function ask(state: State, query: string, cursor: string | null): Promise<void> {
  const { hasList, trouble, next, hasMore, closed } = state;
  const question = nextQuestion(state);
  try {
    const page = await read(state, query);
    if (cursor === null) {
      if (question < state.listed) return;
      state.listed = question;
    }
    trouble.value = null;
    // The list was restarted meanwhile, so this page would leave a gap above it.
    if (cursor !== null && cursor !== next.peek()) return;
    if (cursor !== null || !meets(state, page)) next.value = page.next;
    if (cursor === null) {
      if (!meets(state, page)) forgetBefore(state, question);
      state.newest = page.studies[0]?.lastSentAt ?? null;
    }
    hasMore.value = next.value !== null;
    show(state, question, page.studies);
    hasList.value = true;
  } catch (error) {
    if (closed.signal.aborted || question < state.listed) return;
    trouble.value = error instanceof Unreachable ? 'unreachable' : 'refused';
  }
}

/**
 * Whether the first page reaches down to the loaded pages. If so, these stay, and so does the position where the next
 * page starts. A shared study cannot tell this, because it may have been sent again since, and because rows found by a
 * search are on no page.
 */
function meets({ newest }: State, { studies }: SentPage): boolean {
  const last = studies.at(-1);
  return newest !== null && last !== undefined && last.lastSentAt <= newest;
}

function nextQuestion(state: State): number {
  state.question += 1;
  return state.question;
}

function forgetBefore({ rows, search }: State, question: number): void {
  for (const [uid, row] of rows) if (row.question < question) rows.delete(uid);
  if (rows.size === 0 && search.peek()?.standing === 'answered') search.value = null;
}

async function read({ api, page, closed }: State, query: string): Promise<SentPage> {
  const { sentStudiesSchema } = await import('#shared/protocol/studies.ts');
  return api.json(`/studies?${page}${query}`, sentStudiesSchema, { signal: closed.signal });
}

/** Adds rows, except where a later request returned the row already. */
function show({ rows, told, studies }: State, question: number, listed: readonly SentStudy[]): void {
  for (const study of listed) {
    const uid = study.studyInstanceUID;
    if (question > (rows.get(uid)?.question ?? 0)) rows.set(uid, { study, question });
  }
  const all = [...rows.values()].map(({ study }): ToldStudy => {
    return { ...study, ...told.get(study.studyInstanceUID) };
  });
  studies.value = all.sort((a, b) => b.lastSentAt.localeCompare(a.lastSentAt));
}
