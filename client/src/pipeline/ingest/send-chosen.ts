/** Send: writes the selected studies into the queue, one after the other, each as a whole or not at all. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { batch } from '@preact/signals';
import { isNoRoom } from '../queue/rows/no-room.ts';
import type { QueueingProgress } from './found-study.ts';
import { needsOf, totalOf } from './forecast.ts';
import type { NotSent } from '#shared/ingest/refusing-unreadable.ts';
import type { FoundFile, StudyGroup, StudyWarning } from './group-studies.ts';
import { staysHere } from './held-back.ts';
import {
  draw,
  holdNaming,
  NOTHING_QUEUED,
  phaseAtRest,
  reject,
  takePolicy,
  type IngestState,
} from './ingest-state.ts';
import type { termsOf } from './policy-in-force.ts';
import { begunIn, damagedIn } from './damaged-files.ts';
import { NamedByCompanions } from './hold-companions.ts';
import { noteUnready } from './hold-unready.ts';
import { orderOf, withOrder } from './orders.ts';
import { NotPrepared, preparePolicy } from './prepare-policy.ts';
import { queueStudy, type HeldHere, type SendingTerms } from './queue-study.ts';
import { noteSent } from './sent-from-here.ts';
import { goingOf } from './sendable.ts';
import { filesIn, mixedUnder, partsOf, patientsOfStudy, splitByPatient } from './patients-of-study.ts';
import { onlyThese } from './regroup-study.ts';
import { forgetSent, keepForDeciding } from './reopen-study.ts';

export async function sendChosen(state: IngestState, terms: ReturnType<typeof termsOf>): Promise<void> {
  const { tools, phase, problem } = state;
  if (phase.value === 'queueing') return;
  problem.value = typeof terms === 'string' ? terms : null;
  if (typeof terms === 'string') return;
  askToPersist(state);
  const selected = [...state.gathering.studies.values()].filter((study) => isSent(state, terms, study));
  const total = totalOf(selected);
  const room = await tools.room().catch(() => null);
  if (room !== null && needsOf(total) > room) {
    problem.value = 'no-room';
    return;
  }
  state.abort = new AbortController();
  const { signal } = state.abort;
  batch(() => {
    phase.value = 'queueing';
    state.queueing.value = { ...NOTHING_QUEUED, instancesTotal: total.instances, bytesTotal: total.bytes };
  });
  try {
    for (const study of selected) await prepareAndQueue(state, study, terms, signal);
  } catch (error) {
    if (!signal.aborted) problem.value = isNoRoom(error) ? 'no-room' : 'device-failed';
  } finally {
    // The next patient is sent as configured, whatever was chosen for this one.
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
    instances: study.instances,
    held: study.held.filter((found) => staysHere(policy, released, found)).length,
  });
  return going === 'sent';
}

/** Some browsers ask the person, and the answer may take its time: nothing waits for it. */
function askToPersist({ tools, persisted }: IngestState): void {
  void ignoreFailure(
    tools.persist().then((is) => {
      persisted.value = is;
    }),
    'an unknown answer counts as no promise',
  );
}

/** A study that cannot be prepared stays on the page, with the reason on its card; the others are queued. */
async function prepareAndQueue(
  state: IngestState,
  group: StudyGroup,
  terms: SendingTerms,
  signal: AbortSignal,
): Promise<void> {
  const domain = terms.policy.patientDomain ?? 'id';
  const preparing = { tools: state.tools, policy: terms.policy, given: state.given, signal };
  try {
    const ordered = withOrder(terms.forTask, orderOf(state.orders, group));
    const forTask = await preparePolicy(ordered, patientsOfStudy(group, domain), preparing);
    point(group, 'connect-to-prepare', false);
    await queueAll(state, group, { ...terms, forTask }, signal);
  } catch (error) {
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

async function queueAll(
  state: IngestState,
  group: StudyGroup,
  terms: SendingTerms,
  signal: AbortSignal,
): Promise<void> {
  const parts = terms.policy.deidentify ? splitByPatient(group, terms.policy.patientDomain ?? 'id') : [group];
  const watchOf = (part: StudyGroup) => ({
    onNamed: (files: readonly FoundFile[]) => countQueued(state, { named: files.length }),
    onSafe: (files: readonly FoundFile[]) =>
      countQueued(state, { instances: files.length, bytes: bytesOf(files) }),
    onNotQueued: ({ file }: FoundFile, because: NotSent) =>
      reject(state, { ...file, wasFound: true }, because),
    onHeld: (id: string, files: readonly FoundFile[]) => keepForDeciding(state, id, part, files),
  });
  const companions = [...group.names.values()];
  const held: HeldHere[] = [];
  // Counted once, with the first part that is queued.
  let { leftOut } = group;
  const begun = begunIn(group, state.notSent.refused);
  let damaged = damagedIn(group, begun);
  for (const part of parts) {
    const out = [...new Set(filesIn(leftOut).map(({ sopInstanceUID }) => sopInstanceUID))];
    const queueing = { group: part, leftOut: out, damaged, companions, terms, signal };
    const done = await queueStudy(state.tools, { ...queueing, watch: watchOf(part) });
    // One that waits for a decision in the queue already is recognised there by its files.
    noteSent(state, done.kind === 'queued' ? done.id : null, group, begun);
    if (done.kind === 'queued') {
      leftOut = new Map();
      damaged = [];
      state.notSent.refused = state.notSent.refused.filter((file) => !begun.includes(file));
    } else held.push(...done.held);
  }
  state.gathering.remove(group.studyInstanceUID);
  state.orders.drop(group.studyInstanceUID);
  if (held.length > 0) keepOnPage(state, { ...group, leftOut }, held, terms);
  else forgetSent(state, group);
  draw(state);
}

/** Nothing of these is in the queue: they wait for a person on the page, as if it had been known before. */
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
