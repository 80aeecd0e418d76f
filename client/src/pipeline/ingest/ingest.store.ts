/**
 * From chosen files to studies that are safe on this device: files are read in the pool, the studies found in them
 * are shown, and Send writes the selected ones into the queue. The page's thread only passes messages and renders.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { batch, computed, effect, type ReadonlySignal } from '@preact/signals';
import type { Policy } from '#shared/protocol/api.ts';
import { createBreath } from './breathe.ts';
import { collectFiles, type Collected, type Collecting } from './choose/collect-files.ts';
import { damagedOn, perhapsOf } from './damaged-files.ts';
import type { FolderHandle } from './choose/folder-handle.ts';
import { createForecast, needsOf, totalOf, type Forecast } from './found/forecast.ts';
import type { IngestStore } from './found/found-study.ts';
import type { FoundFile, StudyGroup } from './found/group-studies.ts';
import { answeredUnder, heldUnder, leftOutUnder, policiesThatSend, staysHere } from './found/held-back.ts';
import { stillAsShown } from './found/hold-companions.ts';
import {
  createIngestState,
  draw,
  forget,
  forgetDiscs,
  holdNaming,
  phaseAtRest,
  takePolicy,
} from './ingest-state.ts';
import type { IngestState, IngestTools } from './ingest-state.ts';
import { createInspection, type Inspection } from './found/inspection.ts';
import type { PickedFolder } from './choose/picked-folder.ts';
import { policyInForce, termsOf } from './policy-in-force.ts';
import { orderOf, withOrder } from './found/orders.ts';
import { policyForTask, preparePolicy } from './prepare/prepare-policy.ts';
import { continueReading, readChosen } from './read-chosen.ts';
import { takeDropped, type Dropped } from './choose/take-dropped.ts';
import { beginChoice, forgetSentFromHere, settleNotSent } from './found/sent-from-here.ts';
import { sendableOf, type Staying } from './found/sendable.ts';
import { mixedUnder, patientsOfFile } from './found/patients-of-study.ts';

export function createIngestStore(tools: IngestTools): IngestStore {
  const state = createIngestState(tools);
  void ignoreFailure(
    tools.isPersisted().then((is) => {
      state.persisted.value ??= is;
    }),
    'an unknown answer counts as no promise',
  );
  const { phase, progress, queueing, studies, rejected, skipped, skippedFiles, problem, persisted } = state;
  const { heldBack, gathering, snapshots, disc } = state;
  const { released } = heldBack;
  const mixed = mixedOf(state);
  const held = computed(() => heldUnder(policyInForce(state), released.value, state.heldIn.value));
  const leftOut = computed(() => leftOutUnder(policyInForce(state), released.value, state.heldIn.value));
  const staying = { heldBack: held, leftOut, mixed, disc };
  const inspection = inspectionOf(state);
  watchDecided(state, inspection);
  return {
    phase,
    progress,
    queueing,
    studies,
    rejected,
    skipped,
    skippedFiles,
    problem,
    persisted,
    forecast: forecastOf(state, staying),
    inspection,
    damaged: damagedOn(state),
    perhapsDamaged: perhapsOf(state),
    ...staying,
    ...patientsIn(state),
    answered: computed(() => answeredUnder(policyInForce(state), released.value, state.heldIn.value)),
    released,
    orders: state.orders,
    ...sendingFrom(state),
    release: (files, boxes = []) =>
      decide(state, stillAsShown(gathering.studies, files), (some) =>
        heldBack.release(policyInForce(state), some, boxes),
      ),
    holdBack: (files) => decide(state, files, heldBack.holdBack),
    leaveOut: async (files, isOut) => (await import('./recognise-decided.ts')).leaveOut(state, files, isOut),
    ...choosingOf(state),
    ...addingTo(state),
    cancel: () => state.abort.abort(),
    ...stoppingIn(state),
    clear: (also) => clear(state, also),
    reopenable: reopenableOf(state),
    policiesFor: (study) => policiesFor(state, study),
    reopen: async (id) => (await import('./reopen-study.ts')).reopenStudy(state, id),
    toggle: (studyInstanceUID) => snapshots.toggle(studyInstanceUID),
    showThumbnail: (seriesInstanceUID) =>
      snapshots.askThumbnail(seriesInstanceUID, [
        ...gathering.studies.values(),
        ...state.undecided.value.values(),
      ]),
    send: () => send(state),
  };
}

type Sending = Pick<IngestStore, 'sentFromHere' | 'queuedAs' | 'restoreSent' | 'settleNotSent'>;

const sendingFrom = (state: IngestState): Sending => ({
  sentFromHere: state.sentFromHere,
  queuedAs: state.queuedAs,
  restoreSent: (before) => {
    state.sentFromHere.value = before;
  },
  settleNotSent: () => settleNotSent(state),
});

function watchDecided(state: IngestState, inspection: Inspection): void {
  const before = { asked: new WeakMap<object, string>(), kept: null, turn: Promise.resolve() };
  effect(() => {
    state.heldIn.value;
    state.heldBack.released.value;
    if (state.phase.value !== 'found' || state.studies.value.length === 0) return;
    if (policyInForce(state) === null) return;
    const recognise = async () =>
      (await import('./recognise-decided.ts')).decideAsBefore(state, inspection, before);
    void ignoreFailure(recognise(), 'they are recognised at Send');
  });
}

function clear(state: IngestState, also?: 'held-back'): void {
  if (also === undefined) {
    forget(state);
    return;
  }
  batch(() => {
    state.undecided.value = new Map();
    state.queuedAs.value = new Map();
    forget(state);
    forgetSentFromHere(state);
  });
}

/** Reads the terms when Send is pressed, because a dialog that closes meanwhile withdraws its reason. */
async function send(state: IngestState): Promise<void> {
  const terms = termsOf(state);
  const { sendChosen } = await import('./send-chosen.ts');
  await sendChosen(state, terms);
}

function forecastOf({ studies, tools }: IngestState, staying: Staying): ReadonlySignal<Forecast | null> {
  return createForecast(
    computed(() => needsOf(totalOf(sendableOf({ studies, ...staying }).studies))),
    tools,
  );
}

function reopenableOf({ undecided, snapshots }: IngestState): IngestStore['reopenable'] {
  return computed(() => {
    const ids = [...undecided.value.keys()];
    const shown = snapshots.show(undecided.value);
    return new Map(ids.map((id, at) => [id, shown[at]!]));
  });
}

function mixedOf(state: IngestState): IngestStore['mixed'] {
  return computed(() => {
    const policy = policyInForce(state);
    return new Map(
      state.studies.value.flatMap(({ studyInstanceUID, parts, settled }) => {
        const mixed = mixedUnder(policy, parts, settled);
        return mixed === null ? [] : [[studyInstanceUID, mixed] as const];
      }),
    );
  });
}

type Patients = Pick<IngestStore, 'settlePatients' | 'leaveOutPatients' | 'askPatientsAgain' | 'tickSeries'>;

function patientsIn(state: IngestState): Patients {
  const { gathering, phase } = state;
  const change = async (
    studyInstanceUID: string,
    how: (deciding: typeof import('./found/decide-patients.ts'), study: StudyGroup) => StudyGroup,
  ): Promise<void> => {
    const deciding = await import('./found/decide-patients.ts');
    const study = gathering.studies.get(studyInstanceUID);
    if (study === undefined || phase.peek() === 'queueing') return;
    gathering.replace(how(deciding, study));
    draw(state);
  };
  return {
    settlePatients: (uid, keys) => change(uid, (deciding, study) => deciding.settlePatients(study, keys)),
    leaveOutPatients: (uid, keys) => change(uid, (deciding, study) => deciding.leaveOutPatients(study, keys)),
    askPatientsAgain: (uid) => change(uid, (deciding, study) => deciding.askPatientsAgain(study)),
    tickSeries: (uid, series, isTicked) =>
      change(uid, (deciding, study) => deciding.tickSeries(study, series, isTicked)),
  };
}

function inspectionOf(state: IngestState): Inspection {
  const { tools, gathering, heldBack } = state;
  return createInspection({
    pool: tools.pool,
    studies: gathering.studies,
    released: () => heldBack.released.peek(),
    onNaming: (study, files) => holdNaming(state, study, files),
    async policy({ studyInstanceUID, found }, signal, name) {
      const known = tools.policies.peek();
      const policy = known?.policies.find((each) => each.name === name) ?? policyInForce(state);
      const forTask = known && policy && policyForTask(policy, known);
      if (!forTask) return null;
      const patients = patientsOfFile(found, policy.patientDomain ?? 'id', { studyInstanceUID });
      const group = gathering.studies.get(studyInstanceUID);
      const ordered = withOrder(forTask, group && orderOf(state.orders, group));
      return preparePolicy(ordered, patients, { tools, policy, given: state.given, signal });
    },
  });
}

function policiesFor(state: IngestState, study: string): readonly Policy[] | null {
  const { tools, heldBack, heldIn, undecided } = state;
  const policies = tools.policies.value?.policies ?? [];
  const queued = undecided.value.get(study);
  if (queued) return policiesThatSend(policies, queued.held);
  const found = heldIn.value.find(({ studyInstanceUID }) => studyInstanceUID === study);
  if (!found) return null;
  const policy = policyInForce(state);
  const held = found.held.filter((file) => staysHere(policy, heldBack.released.value, file));
  return policiesThatSend(policies, held);
}

/** Ignored once sending has begun. */
function decide(
  state: IngestState,
  files: readonly FoundFile[],
  how: (files: readonly FoundFile[]) => void,
): void {
  if (state.phase.peek() === 'queueing') return;
  how(files);
}

type Choosing = Pick<
  IngestStore,
  'boxesBefore' | 'drafts' | 'policy' | 'policies' | 'choosePolicy' | 'giveReason'
>;

function choosingOf(state: IngestState): Choosing {
  const { tools, problem } = state;
  return {
    policy: computed(() => policyInForce(state)),
    policies: computed(() => tools.policies.value?.policies ?? []),
    boxesBefore: state.heldBack.boxesBefore,
    drafts: state.heldBack.drafts,
    choosePolicy(name) {
      takePolicy(state, name);
      draw(state);
    },
    giveReason(given) {
      state.reason.value = given;
      if (problem.value === 'reason-missing') problem.value = null;
    },
  };
}

type Stopping = Pick<IngestStore, 'continueReading' | 'leaveOutRest'>;

function stoppingIn(state: IngestState): Stopping {
  const isBusy = () => state.phase.peek() === 'queueing' || state.count.reading > 0;
  return {
    async continueReading() {
      if (!isBusy()) await continueReading(state, beginReading(state));
    },
    leaveOutRest() {
      if (isBusy()) return;
      for (const disc of state.discs.stopped()) disc.isLeftOut = true;
      state.phase.value = phaseAtRest(state);
      draw(state);
    },
  };
}

type Adding = Pick<IngestStore, 'addFiles' | 'addFolder' | 'addDataTransfer' | 'addSample'>;

function addingTo(state: IngestState): Adding {
  const add = (source: AsyncIterable<Collected>) => readChosen(state, source, beginReading(state));
  const how = () => collectingIn(state);
  return {
    addFiles: (files) => add(collectFiles(files, how())),
    addFolder: (folder) => add(listFolder(state, folder, how())),
    addDataTransfer: (items) => add(listDropped(state, takeDropped(items), how())),
    addSample: async (uuid) => add(collectFiles(await state.tools.sample(uuid), how())),
  };
}

/**
 * Listing continues after a stop, so that reading can be continued. It ends only when the chosen files are forgotten.
 */
const collectingIn = ({ tools, forgotten: { signal } }: IngestState) =>
  ({
    signal,
    breathe: createBreath(tools),
    listArchive: (archive) => tools.pool.run({ kind: 'list-archive', archive }, signal),
  }) satisfies Collecting;

function beginReading(state: IngestState): AbortSignal {
  // A policy may have changed since the person signed in.
  state.tools.hearPolicies();
  // The previous discs were sent.
  if (state.phase.peek() === 'idle') {
    forgetDiscs(state);
    beginChoice(state, state.tools.now());
  }
  if (state.abort.signal.aborted) state.abort = new AbortController();
  return state.abort.signal;
}

/** Loads the code for folders, archives and drops only when it is needed. */
async function* listFolder(
  state: IngestState,
  folder: FolderHandle,
  how: Collecting & { readonly signal: AbortSignal },
): AsyncGenerator<Collected> {
  const { collectPicked } = await import('./choose/picked-folder.ts');
  yield* collectPicked(picked(state, folder, how.signal), how);
}

async function* listDropped(
  state: IngestState,
  dropped: readonly Dropped[],
  how: Collecting & { readonly signal: AbortSignal },
): AsyncGenerator<Collected> {
  const { collectDropped } = await import('./choose/dropped-files.ts');
  yield* collectDropped(dropped, (folder) => picked(state, folder, how.signal), how);
}

function picked({ tools }: IngestState, folder: FolderHandle, signal: AbortSignal): PickedFolder {
  return { folder, list: (path) => tools.pool.run({ kind: 'list', folder, path }, signal) };
}
