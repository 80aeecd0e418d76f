/** Send: writes the selected studies into the queue, one after the other, each as a whole or not at all. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { batch } from '@preact/signals';
import { isNoRoom } from '../queue/rows/no-room.ts';
import type { QueueingProgress } from './found/found-study.ts';
import { needsOf, totalOf } from './found/forecast.ts';
import type { NotSent } from '#shared/ingest/refusing-unreadable.ts';
import type { FoundFile, StudyGroup, StudyWarning } from './found/group-studies.ts';
import { decidedAs, staysHere } from './found/held-back.ts';
import {
  draw,
  holdNaming,
  NOTHING_QUEUED,
  phaseAtRest,
  takePolicy,
  type IngestState,
} from './ingest-state.ts';
import type { termsOf } from './policy-in-force.ts';
import { begunIn, damagedIn, missingIn } from './damaged-files.ts';
import { leftUnreadOf } from './choose/disc-view.ts';
import { marksOfPatients } from './prepare/decided-before.ts';
import { NamedByCompanions } from './found/hold-companions.ts';
import { noteUnready } from './found/hold-unready.ts';
import { orderOf, withOrder } from './found/orders.ts';
import { NotPrepared, preparePolicy } from './prepare/prepare-policy.ts';
import {
  enterStudy,
  queueStudy,
  withdrawEntered,
  type Entered,
  type HeldHere,
  type LeftOutFile,
  type SendingTerms,
} from './prepare/queue-study.ts';
import { noteKeptHere, noteMissing, noteSent, currentOf } from './found/sent-from-here.ts';
import { goingOf } from './found/sendable.ts';
import { splitByPatient } from './found/decide-patients.ts';
import { filesIn, mixedUnder, partsOf, patientsOfStudy } from './found/patients-of-study.ts';
import { onlyThese } from './found/regroup-study.ts';
import { forgetSent, keepForDeciding } from './reopen-study.ts';

export async function sendChosen(state: IngestState, terms: ReturnType<typeof termsOf>): Promise<void> {
  const { tools, phase, problem } = state;
  if (phase.value === 'queueing') return;
  problem.value = typeof terms === 'string' ? terms : null;
  if (typeof terms === 'string') return;
  askToPersist(state);
  const selected = [...state.gathering.studies.values()].filter((study) => isSent(state, terms, study));
  const total = goingIn(state, terms, selected);
  state.abort = new AbortController();
  const { signal } = state.abort;
  // Set before anything is awaited, so that a second press finds the phase changed.
  batch(() => {
    phase.value = 'queueing';
    state.queueing.value = { ...NOTHING_QUEUED, instancesTotal: total.instances, bytesTotal: total.bytes };
  });
  const waiting: Going[] = [];
  try {
    const room = await tools.room().catch(() => null);
    signal.throwIfAborted();
    if (room !== null && needsOf(total) > room) {
      problem.value = 'no-room';
      return;
    }
    for (const study of selected) waiting.push(await enterAll(state, study, terms));
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await prepareAndQueue(state, next, signal);
  } catch (error) {
    if (!signal.aborted) problem.value = isNoRoom(error) ? 'no-room' : 'device-failed';
  } finally {
    for (const { parts } of waiting)
      await ignoreFailure(withdrawAll(state, parts), 'the next start of the app takes it for interrupted');
    // The next patient is sent under the configured policy, whatever was chosen for this one.
    if (problem.value === null && !signal.aborted) takePolicy(state, null);
    batch(() => {
      state.queueing.value = NOTHING_QUEUED;
      phase.value = phaseAtRest(state);
    });
    draw(state);
  }
}

function isSent(state: IngestState, { policy }: SendingTerms, study: StudyGroup): boolean {
  const released = state.heldBack.released.peek();
  const mixed = mixedUnder(policy, partsOf(study), study.settled);
  const going = goingOf({
    isMixed: mixed !== null && !mixed.isSettled,
    isChosen: state.snapshots.isSelected(study),
    isTooLarge: study.warnings.has('too-many-instances'),
    isStopped: state.discs.stopped().some(({ studies }) => studies.has(study.studyInstanceUID)),
    instances:
      study.instances -
      study.held.filter((found) => decidedAs(policy, released, found) === 'left-out').length,
    held: study.held.filter((found) => staysHere(policy, released, found)).length,
  });
  return going === 'sent';
}

/** The instances of these studies that have to be made safe, without those that are held back or were left out. */
function goingIn(state: IngestState, { policy }: SendingTerms, studies: readonly StudyGroup[]) {
  const released = state.heldBack.released.peek();
  const staying = totalOf(
    studies
      .flatMap(({ held }) => held)
      .filter(
        (found) => staysHere(policy, released, found) || decidedAs(policy, released, found) === 'left-out',
      )
      .map(({ file: { bytes } }) => ({ instances: 1, bytes })),
  );
  const { instances, bytes } = totalOf(studies);
  return { instances: instances - staying.instances, bytes: bytes - staying.bytes };
}

/** Some browsers ask the person, whose answer may take time, so nothing waits for it. */
function askToPersist({ tools, persisted }: IngestState): void {
  void ignoreFailure(
    tools.persist().then((is) => {
      persisted.value = is;
    }),
    'an unknown answer counts as no promise',
  );
}

/** A study of this Send. Its entries are removed from `parts` as they are queued. */
interface Going {
  readonly group: StudyGroup;
  readonly terms: SendingTerms;
  readonly parts: Part[];
  /** The study's damaged files. */
  readonly begun: readonly Refused[];
  /** Instances of the study that the index of a disc names and that were not chosen. */
  readonly missing: readonly string[];
}
/** The instances of one patient if names are removed, otherwise the whole study. */
type Part = { readonly part: StudyGroup; readonly entered: Entered };
type Refused = ReturnType<typeof begunIn>[number];

type LeftOut = Pick<StudyGroup, 'leftOut' | 'unticked'>;
const NONE: LeftOut = { leftOut: new Map(), unticked: new Map() };

/** Left-out files, one for each instance. */
function leftOutOf({ leftOut, unticked }: LeftOut): readonly LeftOutFile[] {
  const all: readonly LeftOutFile[] = [
    ...filesIn(unticked).map((found) => ({ found, cause: 'left-out' as const })),
    ...filesIn(leftOut).map((found) => ({ found, cause: 'left-out-other-patient' as const })),
  ];
  return [...new Map(all.map((each) => [each.found.sopInstanceUID, each])).values()];
}

/** Instances of the study of which only a damaged file, or no file, was chosen. */
const withoutFile = (group: StudyGroup, { begun, missing }: Pick<Going, 'begun' | 'missing'>): string[] => [
  ...new Set([...damagedIn(group, begun), ...missing]),
];

async function enterAll(state: IngestState, group: StudyGroup, terms: SendingTerms): Promise<Going> {
  const ordered = { ...terms, forTask: withOrder(terms.forTask, orderOf(state.orders, group)) };
  const begun = begunIn(group, state.notSent.refused);
  const disc = state.discs.view(false, state.sentFromHere.peek().leftBehind);
  const missing = missingIn(group, disc.missing);
  const leftUnread = leftUnreadOf(disc, group.studyInstanceUID);
  const groups = terms.policy.deidentify
    ? splitByPatient(group, terms.policy.patientDomain ?? 'id')
    : [group];
  const patients = marksOfPatients(terms.policy, group);
  const parts: Part[] = [];
  try {
    for (const part of groups) {
      // Counted once, with the first part that is queued.
      const [leftOut, damaged] =
        parts.length === 0 ? [leftOutOf(group), withoutFile(group, { begun, missing })] : [[], []];
      parts.push({
        part,
        entered: await enterStudy(state.tools, {
          ...{ group: part, leftOut, damaged, leftUnread, patients, terms: ordered },
        }),
      });
    }
  } catch (error) {
    await withdrawAll(state, parts);
    throw error;
  }
  const { queuedAs } = state;
  const ids = [...(queuedAs.value.get(group.id) ?? []), ...parts.map(({ entered }) => entered.id)];
  queuedAs.value = new Map(queuedAs.value).set(group.id, ids);
  return { group, terms: ordered, parts, begun, missing };
}

async function withdrawAll({ tools, abort }: IngestState, parts: Part[]): Promise<void> {
  const why = abort?.signal.aborted === true ? 'cancelled' : 'failed';
  for (const { entered } of parts.splice(0)) await withdrawEntered(tools, entered, why);
}

/**
 * Prepares and queues a study. If it cannot be prepared, it stays on the page with the reason on its card, and the
 * others are queued.
 */
async function prepareAndQueue(state: IngestState, going: Going, signal: AbortSignal): Promise<void> {
  const { group, terms, parts } = going;
  const domain = terms.policy.patientDomain ?? 'id';
  const preparing = { tools: state.tools, policy: terms.policy, given: state.given, signal };
  try {
    const forTask = await preparePolicy(terms.forTask, patientsOfStudy(group, domain), preparing);
    point(group, 'connect-to-prepare', false);
    await queueAll(state, { ...going, terms: { ...terms, forTask } }, signal);
  } catch (error) {
    await withdrawAll(state, parts);
    if (error instanceof NamedByCompanions) {
      holdNaming(state, group, error.files);
      state.problem.value = 'look-first';
      return;
    }
    if (!(error instanceof NotPrepared)) throw error;
    state.problem.value = error.because;
    if (error.because === 'not-prepared') point(group, 'connect-to-prepare', true);
  }
}

function point(group: StudyGroup, warning: StudyWarning, is: boolean): void {
  if (group.warnings.has(warning) === is) return;
  if (is) group.warnings.add(warning);
  else group.warnings.delete(warning);
  group.version += 1;
}

async function queueAll(state: IngestState, going: Going, signal: AbortSignal): Promise<void> {
  const { group, terms, parts, begun, missing } = going;
  const staying = new Set<number>();
  const watchOf = (part: StudyGroup) => ({
    onNamed: (files: readonly FoundFile[]) => countQueued(state, { named: files.length }),
    onSafe: (files: readonly FoundFile[]) =>
      countQueued(state, { instances: files.length, bytes: bytesOf(files) }),
    onNotQueued: ({ file, ordinal, sopInstanceUID }: FoundFile, because: NotSent) => {
      staying.add(ordinal);
      const { path, bytes } = file;
      const { where = null } = because.kind === 'refused' ? because : {};
      const common = { path, bytes, state: 'refused', reason: because.because, where } as const;
      const ofStudy = { studyInstanceUID: group.studyInstanceUID, sopInstanceUID };
      state.notSent.refused.push({ ...common, wasFound: true, begun: ofStudy });
    },
    onHeld: (id: string, files: readonly FoundFile[]) => keepForDeciding(state, id, part, files),
  });
  const companions = [...group.names.values()];
  const held: HeldHere[] = [];
  const unreadable: FoundFile[] = [];
  // Counted once, with the first part that is queued.
  let out: LeftOut = group;
  let damaged = withoutFile(group, going);
  for (let next = parts.shift(); next !== undefined; next = parts.shift()) {
    const { part, entered } = next;
    const queueing = {
      group: part,
      leftOut: leftOutOf(out),
      damaged,
      companions,
      terms,
      signal,
    };
    const done = await queueStudy(state.tools, entered, { ...queueing, watch: watchOf(part) });
    // Updated together, so that ten thousand files are never counted as both sent and still on the page.
    batch(() => {
      // If a study already waits in the queue for a decision, its files identify it there.
      noteSent(state, done.kind === 'queued' ? done.id : null, part, begun);
      if (done.kind === 'queued') {
        if (damaged.length > 0) noteMissing(state, done.id, missing);
        out = NONE;
        damaged = [];
        state.notSent.refused = state.notSent.refused.filter((file) => !begun.includes(file));
      } else {
        held.push(...done.held);
        unreadable.push(...filesIn(part.series).filter(({ ordinal }) => staying.has(ordinal)));
      }
      if (parts.length === 0) takeOffPage(state, going, { held, unreadable, staying, out });
    });
  }
}

type Staying = {
  /** Left-out files that no entry in the queue counts. */
  readonly out: LeftOut;
  readonly held: readonly HeldHere[];
  readonly unreadable: readonly FoundFile[];
  readonly staying: ReadonlySet<number>;
};

function takeOffPage(
  state: IngestState,
  { group, terms, begun }: Going,
  { held, unreadable, staying, out }: Staying,
): void {
  state.notSent.refused = state.notSent.refused.filter(
    (file) => !begun.includes(file) || !isAgain(group, file),
  );
  noteKeptHere(state, [...staying, ...held.map(({ found }) => found.ordinal)]);
  state.gathering.remove(group.studyInstanceUID);
  state.orders.drop(group.studyInstanceUID);
  if (held.length > 0)
    keepOnPage(state, { ...group, leftOut: out.leftOut, unticked: out.unticked }, held, terms);
  else {
    noteUnreadable(state, group, [...unreadable, ...filesIn(out.unticked), ...filesIn(out.leftOut)]);
    forgetSent(state, group);
  }
  draw(state);
}

/** Notes files of which nothing was queued. They count as chosen and not sent until they are chosen again and sent. */
function noteUnreadable(
  { sentFromHere }: IngestState,
  { studyInstanceUID }: StudyGroup,
  [first, ...rest]: readonly FoundFile[],
): void {
  if (first === undefined) return;
  const { leftBehind, ...others } = sentFromHere.value;
  const left = {
    files: 1 + rest.length,
    why: 'unreadable',
    path: first.file.path,
    patientName: first.person.name,
    choice: currentOf(others),
  } as const;
  sentFromHere.value = { ...others, leftBehind: new Map(leftBehind).set(studyInstanceUID, left) };
}

/** Whether the file could not be read at an earlier Send, so that this Send reports on it again. */
const isAgain = ({ sopInstanceUIDs }: StudyGroup, { wasFound, begun }: Refused): boolean =>
  wasFound === true && begun !== undefined && sopInstanceUIDs.has(begun.sopInstanceUID);

/**
 * Keeps files of which nothing is in the queue on the page. They wait for a person, as if the problem had been known
 * before.
 */
function keepOnPage(
  state: IngestState,
  group: StudyGroup,
  held: readonly HeldHere[],
  { policy }: SendingTerms,
): void {
  const released = state.heldBack.released.peek();
  const files = held.map(({ found }) => found);
  const left = onlyThese(group, new Set(files));
  const news = held.filter(({ found }) => !staysHere(policy, released, found));
  noteUnready(left, new Map(news.map(({ found, because }) => [found.ordinal, because.because])), policy);
  state.gathering.put(left);
  state.problem.value = 'not-ready';
}

function bytesOf(files: readonly FoundFile[]): number {
  return files.reduce((sum, { file }) => sum + file.bytes, 0);
}

function countQueued({ queueing }: IngestState, more: Partial<QueueingProgress>): void {
  const before = queueing.value;
  queueing.value = {
    ...before,
    named: before.named + (more.named ?? 0),
    instances: before.instances + (more.instances ?? 0),
    bytes: before.bytes + (more.bytes ?? 0),
  };
}
