/**
 * The queue for the screen. It follows the database, which all tabs share, decrypts titles, counts the track and
 * carries out a person's decisions. It sends nothing: that is done by the uploader in the leading tab.
 */
import { liveQuery } from 'dexie';
import { batch, computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { isGatewayAway, type Link, type LinkNow } from '../../net/link.ts';
import { sumOf } from './count-reasons.ts';
import { countStudy } from './count-study.ts';
import { createLostStudies, type LostStudiesTools } from './lost-studies.ts';
import type { Diagnosis, QueuedInstance, QueuedStudy, QueueStore, StudyTitle } from './queued-study.ts';
import { createRate, type Rate } from './rate.ts';
import type { Decisions, DecisionTools } from './rows/decide-study.ts';
import {
  databaseOrigin,
  knownDiagnosis,
  knownLink,
  knownOrigin,
  knownUser,
  rememberLink,
} from './rows/device-notes.ts';
import { forgetFinished } from './rows/forget-finished.ts';
import { heldStudyOf } from './rows/held-study.ts';
import { keptRight } from './rows/kept-rights.ts';
import { FEW_ROWS, instancesOf } from './rows/instance-rows.ts';
import { forgetEndedLabels, openLabel } from './rows/local-label.ts';
import type { LocalDatabase, StudyRow } from './rows/local-database.ts';
import { createOrdering } from './rows/order-studies.ts';
import type { TakeOverTools } from './rows/take-over.ts';
import { waitsForOwner } from './rows/waits-for-owner.ts';
import { knownWifiTerms, sendAnyway, setWifiTerms, waitsForWifi, type WifiTerms } from './rows/wifi-terms.ts';
import { openTitle } from './rows/open-title.ts';
import { compareForSending } from './sending-order.ts';
import { countSafe, countUnsafe, showStudy, travels } from './show-study.ts';

export interface QueueStoreTools extends DecisionTools, TakeOverTools, LostStudiesTools {
  readonly key: Promise<CryptoKey>;
  /** The account that sees the queue. Titles of other accounts' studies stay encrypted. */
  readonly account: ReadonlySignal<string | null>;
  /** Whether the connection is metered, if the browser says so. */
  readonly isMetered: ReadonlySignal<boolean>;
  /** Instances that this tab is writing into the queue. */
  readonly unsafe: ReadonlySignal<number>;
}

interface Snapshot {
  readonly studies: readonly StudyRow[];
  readonly link: Link;
  readonly diagnosis: Diagnosis | null;
  readonly wifi: WifiTerms;
  /** The name of this database; null before its first use. */
  readonly origin: string | null;
  /** The site of the gateway at this address, taken from the last person who signed in. */
  readonly site: string | null;
}

/** The screen's signals, and the state needed to draw them. */
interface Screen {
  readonly tools: QueueStoreTools;
  readonly ready: Signal<boolean>;
  readonly studies: Signal<readonly QueuedStudy[]>;
  readonly reading: Signal<number>;
  readonly safe: Signal<number>;
  readonly others: Signal<number>;
  readonly othersWaiting: Signal<number>;
  readonly ownerless: Signal<number>;
  readonly othersUndecided: Signal<number>;
  readonly foreign: Signal<number>;
  readonly foreignInstances: Signal<number>;
  readonly travelling: Signal<number>;
  /** The state of the connection as found since the page was opened. */
  readonly heardLink: Signal<LinkNow>;
  readonly diagnosis: Signal<Diagnosis | null>;
  readonly wifiOnly: Signal<boolean>;
  readonly titles: Map<string, StudyTitle>;
  readonly labels: Map<string, string>;
  readonly heldStudies: Map<string, string | null>;
  readonly rates: Map<string, Rate>;
  /** The snapshot on the screen. */
  last: Snapshot | null;
  isTimed: boolean;
  /** Whether a timer for the end of the labels is running. */
  endsLabels: boolean;
  isClosed: boolean;
}

/** How often rate and time left are redrawn while something is being sent. */
const DRAW_EVERY_MS = 1_000;

export function createQueueStore(tools: QueueStoreTools): QueueStore & { close(): void } {
  const { database } = tools;
  const screen = createScreen(tools);
  const lostStudies = createLostStudies(tools);

  async function show(snapshot: Snapshot): Promise<void> {
    await openTitles(screen, snapshot.studies);
    takeSnapshot(screen, snapshot);
    draw(screen, snapshot);
    endLabels(screen, snapshot.studies);
    if (snapshot.origin !== null) await lostStudies.compare(snapshot.origin, snapshot.studies);
  }

  void ignoreFailure(databaseOrigin(database), 'without a database nothing waits here to be lost');
  void ignoreFailure(forgetFinished(database, tools.now()), 'tried again when the app is next opened');
  const subscription = liveQuery(() => readSnapshot(database)).subscribe({
    next: (snapshot) => void show(snapshot),
    // If the database was closed (deleted by the user or by another version), the last known state stays on the
    // screen.
    error: () => undefined,
  });
  const stopWatching = effect(() => {
    void [tools.account.value, tools.isMetered.value];
    if (screen.last !== null) void show(screen.last);
  });

  const link = computed((): LinkNow => (tools.isOnline.value ? screen.heardLink.value : 'offline'));
  const decisions = decisionsOf(tools);
  const stopCancelling = watchCancelled(tools, link, decisions);

  return {
    ready: screen.ready,
    studies: screen.studies,
    diagnosis: screen.diagnosis,
    link,
    hearLink: (heard) => hearLink(screen, heard),
    ...wifiOf(screen),
    unsafe: tools.unsafe,
    ...countedOf(screen),
    ...othersOf(screen),
    takeOver: async () => takeOver(tools, await import('./rows/take-over.ts')),
    ...foreignOf(screen),
    lost: lostStudies.lost,
    forgetLost: (id) => lostStudies.forget(id),
    ...decisions,
    ...createOrdering({ database, wake: tools.wake, account: () => tools.account.peek() }),
    async receiptOf(id) {
      const receipts = await database.receipts.where('studyId').equals(id).sortBy('issuedAt');
      return receipts.at(-1) ?? null;
    },
    ownDevice: () => ownDevice(database, tools.account.peek()),
    instancesOf: (id) => shownInstances(database, id),
    close() {
      screen.isClosed = true;
      stopWatching();
      stopCancelling();
      subscription.unsubscribe();
    },
  };
}

/**
 * The link in the first snapshot stems from an earlier page. A later change means that a page or a sender has found a
 * new one.
 */
function takeSnapshot(screen: Screen, snapshot: Snapshot): void {
  const { last } = screen;
  if (last !== null && last.link !== snapshot.link) screen.heardLink.value = snapshot.link;
  screen.last = snapshot;
}

function hearLink({ tools, heardLink }: Screen, heard: Link): void {
  if (heard === heardLink.peek()) return;
  heardLink.value = heard;
  void ignoreFailure(rememberLink(tools.database, heard), 'the sender finds it out itself');
}

/** Carries out cancellations that could not be reported to the gateway at the time. */
function watchCancelled(
  { database, account }: QueueStoreTools,
  link: ReadonlySignal<LinkNow>,
  { cancel }: Decisions,
): () => void {
  const finish = async (own: string | null): Promise<void> => {
    const rows = await database.studies
      .filter((row) => row.cancelling === true && row.account === own)
      .toArray();
    const refused = await Promise.allSettled(rows.map(({ id }) => cancel(id)));
    const other = refused.find((each) => each.status === 'rejected');
    if (other !== undefined) throw other.reason;
  };
  return effect(() => {
    const own = account.value;
    if (!isGatewayAway(link.value)) void ignoreFailure(finish(own), 'tried again with the next link');
  });
}

/** Loads the code for decisions at the first decision, because most studies on the page need none. */
function decisionsOf(tools: QueueStoreTools): Decisions {
  const decisions = async () => (await import('./rows/decide-study.ts')).createDecisions(tools);
  return {
    takeBack: async (id) => (await decisions()).takeBack(id),
    cancel: async (id) => (await decisions()).cancel(id),
    retry: async (id) => (await decisions()).retry(id),
    tryNow: async (id) => (await decisions()).tryNow(id),
    leaveOut: async (id, instances) => (await decisions()).leaveOut(id, instances),
    leaveOutHeld: async (id, reason) => (await decisions()).leaveOutHeld(id, reason),
    dismiss: async (id) => (await decisions()).dismiss(id),
    putBack: async (...ids) => (await decisions()).putBack(...ids),
    noteNotSent: async (instances) => (await decisions()).noteNotSent(instances),
    noteTold: async (uploads) => (await decisions()).noteTold(uploads),
  };
}

const countedOf = ({ reading, safe, travelling }: Screen) => ({ reading, safe, travelling });

function othersOf({ others, othersWaiting, ownerless, othersUndecided }: Screen) {
  return { others, othersWaiting, ownerless, othersUndecided };
}

async function takeOver(tools: QueueStoreTools, lazy: typeof import('./rows/take-over.ts')): Promise<void> {
  const account = tools.account.peek();
  const site = await knownSite(tools.database);
  if (account !== null) await lazy.takeOver(tools, account, (row) => !isForeign(row, site));
}

function foreignOf({ tools, foreign, foreignInstances }: Screen) {
  return { foreign, foreignInstances, deleteForeign: () => deleteForeign(tools.database) };
}

function wifiOf({ tools, studies, wifiOnly }: Screen) {
  const { database, now } = tools;
  return {
    wifiOnly,
    setWifiOnly: (only: boolean) => setWifiTerms(database, { only }),
    waitingForWifi: computed(() => studies.value.filter(({ waiting }) => waiting === 'metered').length),
    sendAnyway: () => sendAnyway(database, now()),
  };
}

function createScreen(tools: QueueStoreTools): Screen {
  return {
    tools,
    ready: signal(false),
    studies: signal<readonly QueuedStudy[]>([]),
    reading: signal(0),
    safe: signal(0),
    others: signal(0),
    othersWaiting: signal(0),
    ownerless: signal(0),
    othersUndecided: signal(0),
    foreign: signal(0),
    foreignInstances: signal(0),
    travelling: signal(0),
    heardLink: signal<LinkNow>('unknown'),
    diagnosis: signal<Diagnosis | null>(null),
    wifiOnly: signal(false),
    titles: new Map(),
    labels: new Map(),
    heldStudies: new Map(),
    rates: new Map(),
    last: null,
    isTimed: false,
    endsLabels: false,
    isClosed: false,
  };
}

/**
 * Whether the study was queued for another gateway than the one at this address. It cannot be known for studies that
 * were queued while nobody was signed in.
 */
const isForeign = (row: StudyRow, site: string | null): boolean =>
  site !== null && (row.site ?? site) !== site;

async function knownSite(database: LocalDatabase): Promise<string | null> {
  return (await knownUser(database))?.siteId ?? null;
}

async function ownDevice(database: LocalDatabase, account: string | null): Promise<string | null> {
  return account === null ? null : ((await keptRight(database, account))?.deviceId ?? null);
}

async function deleteForeign(database: LocalDatabase): Promise<void> {
  const site = await knownSite(database);
  await (await import('./rows/take-over.ts')).drop(database, (row) => isForeign(row, site));
}

function isOwn({ tools }: Screen, { account }: StudyRow): boolean {
  return account === null || account === tools.account.peek();
}

async function openTitles(screen: Screen, rows: readonly StudyRow[]): Promise<void> {
  const { titles, labels, heldStudies, tools } = screen;
  for (const row of rows) {
    if (row.title === null || !isOwn(screen, row)) titles.delete(row.id);
    else if (!titles.has(row.id)) titles.set(row.id, await openTitle(await tools.key, row.id, row.title));
    if (row.label === undefined || !isOwn(screen, row)) labels.delete(row.id);
    else if (!labels.has(row.id)) labels.set(row.id, await openLabel(await tools.key, row.id, row.label));
    if (row.held.reasons.length === 0 || !isOwn(screen, row)) heldStudies.delete(row.id);
    else if (!heldStudies.has(row.id)) heldStudies.set(row.id, await heldStudyOf(await tools.key, row));
  }
}

/** A tablet that slept removes the labels of an ended shift within this time. */
const LABELS_EVERY_MS = 60_000;

function endLabels(screen: Screen, studies: readonly StudyRow[]): void {
  const { database, later, now } = screen.tools;
  if (screen.endsLabels || !studies.some(({ label }) => label !== undefined)) return;
  screen.endsLabels = true;
  void ignoreFailure(forgetEndedLabels(database, now()), 'tried again in a minute');
  later(() => {
    screen.endsLabels = false;
    if (screen.last !== null && !screen.isClosed) endLabels(screen, screen.last.studies);
  }, LABELS_EVERY_MS);
}

function draw(screen: Screen, { studies, diagnosis, wifi, site }: Snapshot): void {
  const own = studies.filter((row) => isOwn(screen, row)).sort(compareForSending);
  const unfinished = studies.filter(({ state }) => state !== 'done' && state !== 'taken-back');
  const foreign = unfinished.filter((row) => !isOwn(screen, row) && isForeign(row, site));
  const isOfOthers = (row: StudyRow) => !isOwn(screen, row) && !isForeign(row, site);
  const others = unfinished.filter(isOfOthers);
  const countAllSafe = (rows: readonly StudyRow[]): number =>
    rows.reduce((sum, row) => sum + countSafe(row), 0);
  batch(() => {
    // Counted for all accounts, because an instance is safe here whoever owns it.
    screen.safe.value = countAllSafe(studies);
    screen.reading.value = studies.reduce((sum, row) => sum + countUnsafe(row), 0);
    screen.travelling.value = countAllSafe(studies.filter(travels));
    screen.others.value = others.filter(travels).length;
    screen.othersWaiting.value = others.length - screen.others.value;
    screen.ownerless.value = others.filter(waitsForOwner).length;
    screen.othersUndecided.value = sumOf(studies.filter(isOfOthers).flatMap((row) => countStudy(row).needs));
    screen.foreign.value = foreign.length;
    screen.foreignInstances.value = foreign.reduce((sum, { chosen }) => sum + chosen, 0);
    screen.studies.value = own.map((row) => drawStudy(screen, row, wifi));
    screen.wifiOnly.value = wifi.only;
    screen.diagnosis.value = diagnosis;
    screen.ready.value = true;
  });
  if (studies.some((row) => row.state === 'uploading')) drawLater(screen);
}

function drawStudy(
  { rates, titles, labels, heldStudies, tools }: Screen,
  row: StudyRow,
  wifi: WifiTerms,
): QueuedStudy {
  const rate = rates.get(row.id) ?? createRate();
  rates.set(row.id, rate);
  const at = tools.now();
  if (row.state === 'uploading') rate.note(row.sentBytes, at);
  const label = row.label !== undefined && row.label.until > at ? (labels.get(row.id) ?? null) : null;
  const isHere = row.waiting === 'signed-out' || !waitsForWifi(wifi, tools.isMetered.peek(), row);
  return showStudy(isHere ? row : { ...row, waiting: 'metered' }, {
    title: titles.get(row.id) ?? null,
    label,
    heldStudy: heldStudies.get(row.id) ?? null,
    rate,
    at,
  });
}

function drawLater(screen: Screen): void {
  if (screen.isTimed) return;
  screen.isTimed = true;
  screen.tools.later(() => {
    screen.isTimed = false;
    if (screen.last !== null && !screen.isClosed) draw(screen, screen.last);
  }, DRAW_EVERY_MS);
}

async function shownInstances(database: LocalDatabase, id: string): Promise<QueuedInstance[]> {
  return (await instancesOf(database, id, FEW_ROWS)).map((row) => ({
    position: row.position,
    sopInstanceUID: row.sopInstanceUID,
    digest: row.digest,
    seriesInstanceUID: row.seriesInstanceUID,
    sopClassUID: row.sopClassUID,
    bytes: row.bytes,
    state: row.state,
    reason: row.reason,
    destination: row.destination ?? null,
    stands: row.stands,
  }));
}

/**
 * Reads only the rows of studies. It runs at every step of every upload, so its cost must not grow with the
 * instances.
 */
async function readSnapshot(database: LocalDatabase): Promise<Snapshot> {
  return {
    studies: await database.studies.toArray(),
    link: await knownLink(database),
    diagnosis: await knownDiagnosis(database),
    wifi: await knownWifiTerms(database),
    origin: await knownOrigin(database),
    site: await knownSite(database),
  };
}
