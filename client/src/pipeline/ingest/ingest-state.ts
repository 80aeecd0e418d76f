/**
 * The state behind the upload page: its signals, the files gathered so far, and the function `draw`, which copies
 * them into the signals at most four times a second.
 */
import { batch, signal, type ReadonlySignal } from '@preact/signals';
import { isUnopened } from '#shared/protocol/reason-kinds.ts';
import type { SendingReason } from '#shared/protocol/sending-reason.ts';
import { createDiscs, NO_DISC, type DiscView } from './choose/disc-view.ts';
import type { KnownPolicies } from '../queue/rows/device-notes.ts';
import type {
  FoundStudy,
  IngestPhase,
  IngestProgress,
  QueueingProgress,
  RejectedFile,
  SendProblem,
} from './found/found-study.ts';
import { createGathering, type StudyGroup } from './found/group-studies.ts';
import { createHeldBack } from './found/held-back.ts';
import { forgetNaming, noteNaming, type NamingFiles } from './found/hold-companions.ts';
import type { NotSent } from '#shared/ingest/refusing-unreadable.ts';
import type { GivenSecrets, PreparingTools } from './prepare/prepare-policy.ts';
import type { QueueingTools } from './prepare/queue-study.ts';
import { createOrders, type OrderTools } from './found/orders.ts';
import { createSentFromHere, isCountedWith, noteDiscLeft, noteLeftBehind } from './found/sent-from-here.ts';
import { createStudySnapshots } from './found/study-snapshots.ts';

export interface IngestTools extends QueueingTools, PreparingTools, OrderTools {
  /** Calls `work` after `ms`; used to delay drawing. */
  readonly later: (work: () => void, ms: number) => void;
  readonly policies: ReadonlySignal<KnownPolicies | null>;
  /** Asks the gateway for the policies in force, if it can be reached; nothing waits for the answer. */
  readonly hearPolicies: () => void;
  /** The bytes free on the device; null if it does not say. */
  readonly room: () => Promise<number | null>;
  /**
   * Asks the browser not to clear the queue when it needs space. Call it within a user gesture. Null if the browser
   * cannot be asked.
   */
  readonly persist: () => Promise<boolean | null>;
  /** Whether the browser has promised that so far. */
  readonly isPersisted: () => Promise<boolean | null>;
  readonly sample: (uuid?: string) => Promise<readonly File[]>;
}

/** Four updates a second are enough for a number that grows, and leave the thread free. */
const DRAW_EVERY_MS = 250;
const NOTHING_READ: IngestProgress = { filesFound: 0, filesRead: 0, bytesRead: 0, listing: false };
export const NOTHING_QUEUED: QueueingProgress = {
  named: 0,
  instances: 0,
  instancesTotal: 0,
  bytes: 0,
  bytesTotal: 0,
};

type HeldIn = Pick<StudyGroup, 'studyInstanceUID' | 'held'>;

export type IngestState = ReturnType<typeof createIngestState>;

export function createIngestState(tools: IngestTools) {
  return {
    tools,
    phase: signal<IngestPhase>('idle'),
    progress: signal(NOTHING_READ),
    queueing: signal(NOTHING_QUEUED),
    studies: signal<readonly FoundStudy[]>([]),
    rejected: signal<readonly RejectedFile[]>([]),
    skipped: signal(0),
    skippedFiles: signal<readonly RejectedFile[]>([]),
    /** Studies with files that some policy holds back, as of the last drawing. */
    heldIn: signal<readonly HeldIn[]>([]),
    disc: signal<DiscView>(NO_DISC),
    problem: signal<SendProblem | null>(null),
    persisted: signal<boolean | null>(null),
    /** The name of the policy that a person chose. */
    chosenPolicy: signal<string | null>(null),
    /** Why names are kept; applies to the next Send only. */
    reason: signal<SendingReason | null>(null),
    /** By the id of a queued study, its held-back files (reopen-study.ts). */
    undecided: signal<ReadonlyMap<string, StudyGroup>>(new Map()),
    sentFromHere: createSentFromHere(),
    /** By the id of a found study, its ids in the queue: one for each patient, and for each Send of a part. */
    queuedAs: signal<ReadonlyMap<string, readonly string[]>>(new Map()),
    gathering: createGathering(tools.createId),
    heldBack: createHeldBack(),
    discs: createDiscs(),
    /** Secrets of patients, only in memory. */
    given: new Map() as GivenSecrets,
    orders: createOrders(tools),
    snapshots: createStudySnapshots(tools.pool),
    notSent: { refused: [] as RejectedFile[], skipped: [] as RejectedFile[] },
    /** `listing` and `reading`: the number of choices that are being listed and read. */
    count: { ...NOTHING_READ, listing: 0, ordinal: 0, reading: 0 },
    abort: new AbortController(),
    /** Aborted when the page forgets the chosen files. Until then, reading that was stopped can continue. */
    forgotten: new AbortController(),
    isDrawing: false,
  };
}

export function draw(state: IngestState): void {
  const { count, notSent, rejected, skippedFiles } = state;
  batch(() => {
    state.progress.value = { ...count, listing: count.listing > 0 };
    state.studies.value = state.snapshots.show(state.gathering.studies);
    const { refused } = notSent;
    const isSame = (file: RejectedFile, at: number): boolean => file === refused[at];
    if (rejected.value.length !== refused.length || !rejected.value.every(isSame))
      rejected.value = [...refused];
    if (skippedFiles.value.length !== notSent.skipped.length) skippedFiles.value = [...notSent.skipped];
    state.skipped.value = notSent.skipped.length;
    state.disc.value = state.discs.view(count.reading > 0, state.sentFromHere.peek().leftBehind);
    drawHeld(state);
  });
}

function drawHeld({ heldIn, gathering }: IngestState): void {
  const held = [...gathering.studies.values()]
    .filter((study) => study.held.length > 0)
    .map(({ studyInstanceUID, held: files }): HeldIn => ({ studyInstanceUID, held: [...files] }));
  if (held.length + heldIn.value.length > 0) heldIn.value = held;
}

/** An earlier release was given without knowledge of these texts. */
export function holdNaming(state: IngestState, study: StudyGroup, files: NamingFiles): void {
  noteNaming(study, files);
  state.heldBack.askAgain(study.held.filter(({ ordinal }) => files.has(ordinal)));
  draw(state);
}

/** Null: the configured policy. Another policy may keep other texts, and hold files for other reasons. */
export function takePolicy(
  { chosenPolicy, reason, gathering, heldBack }: IngestState,
  name: string | null,
): void {
  reason.value = null;
  if (chosenPolicy.value === name) return;
  chosenPolicy.value = name;
  heldBack.policyChanged();
  for (const study of gathering.studies.values()) {
    forgetNaming(study);
    // Another policy divides studies differently by patient.
    if (study.settled.size > 0)
      gathering.replace({ ...study, settled: new Set(), version: study.version + 1 });
  }
}

export function drawSoon(state: IngestState): void {
  if (state.isDrawing) return;
  state.isDrawing = true;
  state.tools.later(() => {
    state.isDrawing = false;
    draw(state);
  }, DRAW_EVERY_MS);
}

/** Notes a file that is not sent, with its reason, and returns the noted entry. */
export function reject(
  { notSent }: IngestState,
  { path, bytes }: Pick<RejectedFile, 'path' | 'bytes'>,
  said: NotSent,
): RejectedFile {
  const { where = null, begun } = said.kind === 'refused' ? said : {};
  const common = { path, bytes, reason: said.because, where };
  // A file that nothing here can open may contain a study, so it is not passed over, and a person should keep its
  // disc.
  const isPassedOver = said.kind === 'skipped' && !isUnopened(said.because);
  const file: RejectedFile = isPassedOver
    ? { ...common, state: 'skipped' }
    : { ...common, state: 'refused', begun };
  notSent[file.state].push(file);
  return file;
}

/** The phase while nothing is being read or queued. */
export function phaseAtRest({ discs, gathering, notSent }: IngestState): IngestPhase {
  const notTaken = notSent.refused.length + notSent.skipped.length;
  const isEmpty = gathering.studies.size + notTaken + discs.stopped().length === 0;
  return isEmpty && !discs.hasIndexAlone ? 'idle' : 'found';
}

export function forgetDiscs(state: IngestState): void {
  const disc = state.discs.view(false, state.sentFromHere.peek().leftBehind);
  noteDiscLeft(state, disc);
  state.discs.clear();
}

/** Stops reading and forgets everything that was found. Held-back files of queued studies stay known. */
export function forget(state: IngestState): void {
  state.abort.abort();
  state.abort = new AbortController();
  state.forgotten.abort();
  state.forgotten = new AbortController();
  const refused = state.notSent.refused.filter((file) => !isCountedWith(file, state.gathering.studies));
  const there = new Set(state.studies.peek().flatMap(({ inPacs }) => [...(inPacs.peek()?.places ?? [])]));
  noteLeftBehind(state, state.gathering.studies.values(), refused, there);
  state.gathering.clear();
  state.heldBack.clear();
  forgetDiscs(state);
  state.given.clear();
  state.orders.clear();
  state.snapshots.clear();
  state.undecided.value = new Map(state.undecided.value);
  takePolicy(state, null);
  state.notSent.refused.length = 0;
  state.notSent.skipped.length = 0;
  Object.assign(state.count, { filesFound: 0, filesRead: 0, bytesRead: 0 });
  state.phase.value = 'idle';
  state.problem.value = null;
  draw(state);
}
