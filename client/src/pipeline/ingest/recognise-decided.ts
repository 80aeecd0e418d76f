/**
 * Finds the files on the page about which a person has decided before. These are held files that the PACS has as they
 * were covered or released, files that were left out, and files of studies with several patients, whose patients were
 * left out or sent under their own names. The page does not ask again, and Send treats them as before. If the PACS
 * has lost a file since, the page asks again.
 *  Each held file is read and named as it would be sent, but only if the study was sent from this device before.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import {
  decidedBefore,
  entriesBefore,
  leftOutAs,
  markOfPart,
  marksOfSettled,
  stillInPacs,
  type LeftOutBefore,
} from './prepare/decided-before.ts';
import { markOfStudy } from '../queue/mark-of-study.ts';
import { leftOutBefore } from '../queue/rows/keep-held.ts';
import type { StudyRow } from '../queue/rows/local-database.ts';
import { openPatients, type PatientMarks } from '../queue/rows/patient-marks.ts';
import type { FoundFile, StudyGroup } from './found/group-studies.ts';
import { staysHere, versionOf } from './found/held-back.ts';
import { lookedAt, replaceFiles } from './found/hold-companions.ts';
import { draw, type IngestState } from './ingest-state.ts';
import type { Inspection } from './found/inspection.ts';
import { followDecisions, type KeptDecisions } from './kept-decisions.ts';
import { policyInForce } from './policy-in-force.ts';
import { leaveOutPatients, settlePatients } from './found/decide-patients.ts';
import { mixedUnder, partsOf, type PatientPart } from './found/patients-of-study.ts';
import { mapInParallel } from './workers/run-in-parallel.ts';

/**
 * The version of the policy under which each file was last checked. The key is the `FoundFile` for held files, the
 * `ReadFile` for a patient's files.
 */
type AskedBefore = WeakMap<object, string>;

/** The earlier decisions, as far as the page knows them. */
interface Before {
  readonly asked: AskedBefore;
  kept: KeptDecisions | null;
  /** Resolves when the last of these checks ends. */
  turn: Promise<void>;
}

/**
 * Recognises decided files (`recogniseDecided`), then applies decisions that were stored before Send and stores new
 * ones.
 */
export function decideAsBefore(state: IngestState, inspection: Inspection, before: Before): Promise<void> {
  const turn = before.turn.then(async () => {
    try {
      await recogniseDecided(state, inspection, before.asked);
    } finally {
      before.kept = await followDecisions(state, before.kept);
    }
  });
  before.turn = ignoreFailure(turn, 'its caller is told').then(() => undefined);
  return turn;
}

/** Throws NotPrepared, TaskFault, or the signal's reason; it may be called again then. */
async function recogniseDecided(
  state: IngestState,
  { tools }: Pick<Inspection, 'tools'>,
  asked: AskedBefore,
): Promise<void> {
  const policy = policyInForce(state);
  const under = versionOf(policy);
  const { signal } = state.abort;
  for (const study of [...state.gathering.studies.values()]) await decidePatients(state, study, asked);
  for (const { studyInstanceUID, held } of [...state.gathering.studies.values()]) {
    const released = state.heldBack.released.peek();
    const open = held.filter(
      (found) =>
        asked.get(found) !== under && found.goneSince === undefined && staysHere(policy, released, found),
    );
    if (open.length === 0) continue;
    for (const found of open) asked.set(found, under);
    try {
      const decided = await decidedIn(state, tools, { studyInstanceUID, open, signal });
      if (!signal.aborted) note(state, studyInstanceUID, decided, under);
    } catch (error) {
      for (const found of open) asked.delete(found);
      throw error;
    }
  }
}

/** Applies earlier decisions to patients of a study about whom nobody has decided on this page. */
async function decidePatients(
  state: IngestState,
  { studyInstanceUID }: StudyGroup,
  asked: AskedBefore,
): Promise<void> {
  const { tools, phase, abort } = state;
  const open = openPartsOf(state, studyInstanceUID).filter(({ files }) =>
    files.every(({ file }) => !asked.has(file)),
  );
  const those = new Set(open.flatMap(({ keys }) => keys));
  if (those.size === 0) return;
  for (const { file } of open.flatMap(({ files }) => files)) asked.set(file, versionOf(policyInForce(state)));
  const chosen = { account: tools.account(), studyInstanceUID };
  const before = await leftOutBefore(tools.database, await tools.key, chosen);
  const entries = await standingEntries(tools, studyInstanceUID);
  if (entries.length === 0 || abort.signal.aborted || phase.peek() === 'queueing') return;
  noteNew(state, studyInstanceUID, entries);
  // Meanwhile more files may have been read, and a person may have decided.
  const stillOpen = () => {
    const parts = openPartsOf(state, studyInstanceUID);
    return { parts, asked: parts.filter(({ keys }) => keys.every((key) => those.has(key))) };
  };
  leavePatientsOut(state, studyInstanceUID, stillOpen().asked, before);
  const { parts, asked: now } = stillOpen();
  if (parts.length === now.length)
    settleAsBefore(
      state,
      studyInstanceUID,
      parts,
      entries.filter(({ account }) => account === chosen.account),
    );
  draw(state);
}

type Entry = Pick<StudyRow, 'account' | 'policy'> & { readonly patients: PatientMarks | null };

async function standingEntries(
  { database, key }: IngestState['tools'],
  studyInstanceUID: string,
): Promise<readonly Entry[]> {
  const mark = markOfStudy(studyInstanceUID);
  const rows = database.studies.filter((row) => row.mark === mark && row.state !== 'taken-back');
  const own = await key;
  return Promise.all(
    (await rows.toArray()).map(async (row) => ({ ...row, patients: await openPatients(own, row) })),
  );
}

function noteNew(state: IngestState, studyInstanceUID: string, entries: readonly Entry[]): void {
  for (const { keys, files } of openPartsOf(state, studyInstanceUID)) {
    const marks = keys.map((key) => markOfPart(studyInstanceUID, key));
    const isNew = entries.every(
      ({ patients }) => patients && !marks.some((mark) => patients.parts.includes(mark)),
    );
    if (isNew) for (const found of files) found.isNew = true;
  }
}

function leavePatientsOut(
  { gathering }: IngestState,
  studyInstanceUID: string,
  parts: readonly PatientPart[],
  before: LeftOutBefore,
): void {
  const out = parts.filter(({ files }) =>
    files.every((found) => leftOutAs(before, studyInstanceUID, found) === 'left-out-other-patient'),
  );
  if (out.length === 0) return;
  for (const found of out.flatMap(({ files }) => files)) found.wasLeftOut = true;
  const study = gathering.studies.get(studyInstanceUID)!;
  const keys = out.flatMap((part) => part.keys);
  gathering.replace(leaveOutPatients(study, keys));
}

/**
 * Applies only if the same instances belong to the same patients as when the person decided, and the policy is the
 * same.
 */
function settleAsBefore(
  state: IngestState,
  studyInstanceUID: string,
  parts: readonly PatientPart[],
  entries: readonly Entry[],
): void {
  if (parts.length === 0) return;
  const under = versionOf(policyInForce(state));
  const marks = marksOfSettled(studyInstanceUID, parts);
  const isSettled = entries.some(
    ({ patients, policy: { name, version } }) =>
      under === `${name} ${version}` && marks.every((mark) => patients?.settled?.includes(mark)),
  );
  if (!isSettled) return;
  const study = state.gathering.studies.get(studyInstanceUID)!;
  const keys = parts.flatMap((part) => part.keys);
  state.gathering.replace(settlePatients(study, keys));
}

function openPartsOf(state: IngestState, studyInstanceUID: string): readonly PatientPart[] {
  const study = state.gathering.studies.get(studyInstanceUID);
  const mixed = study && mixedUnder(policyInForce(state), partsOf(study), study.settled);
  return mixed && !mixed.isSettled ? mixed.parts : [];
}

type Open = {
  readonly studyInstanceUID: string;
  readonly open: readonly FoundFile[];
  readonly signal: AbortSignal;
};
type Was = 'in-pacs' | 'left-out' | { readonly goneSince: number };
type Decided = ReadonlyMap<FoundFile, Was>;

async function decidedIn(
  { tools: { database, key, account, inPacsNow } }: IngestState,
  { pool, policy }: Inspection['tools'],
  { studyInstanceUID, open, signal }: Open,
): Promise<Decided> {
  const chosen = { account: account(), studyInstanceUID };
  const entries = await entriesBefore(database, chosen);
  if (entries.length === 0) return new Map();
  const files = await mapInParallel(open, pool.size, async (found) => {
    const forTask = await policy({ studyInstanceUID, found }, signal);
    const file = { ref: found.file.ref, position: found.ordinal, looked: lookedAt(found), boxes: [] };
    const as = forTask && (await pool.run({ kind: 'recognise', file, policy: forTask }, signal));
    return { found, as };
  });
  const before = await decidedBefore(database, entries, files);
  const { there, gone } = await stillInPacs({ inPacsNow }, before, signal);
  const leftOut = await leftOutBefore(database, await key, chosen);
  return new Map<FoundFile, Was>([
    ...open
      .filter((found) => leftOutAs(leftOut, studyInstanceUID, found) !== null)
      .map((found) => [found, 'left-out'] as const),
    ...there.map(({ found }) => [found, 'in-pacs'] as const),
    ...gone.map(({ found, sentAt }) => [found, { goneSince: sentAt }] as const),
  ]);
}

/** Leaves these files out before Send, as a person decided, or withdraws that decision. */
export function leaveOut(state: IngestState, files: readonly FoundFile[], isOut: boolean): void {
  if (state.phase.peek() === 'queueing') return;
  const those = new Set(files.map(({ ordinal }) => ordinal));
  const out = { under: versionOf(policyInForce(state)), as: 'left-out', isOfNow: true } as const;
  for (const study of state.gathering.studies.values()) {
    if (!study.held.some(({ ordinal }) => those.has(ordinal))) continue;
    replaceFiles(study, (found) => {
      if (!those.has(found.ordinal)) return found;
      const { decided: _, ...open } = found;
      return isOut ? { ...open, decided: out } : open;
    });
  }
  draw(state);
}

/**
 * If nothing else of a study can be sent, it was chosen because of the instances that were left out, so they need a
 * new decision.
 */
function note(state: IngestState, uid: string, decided: Decided, under: string): void {
  const study = state.gathering.studies.get(uid);
  if (study === undefined || decided.size === 0 || state.phase.peek() === 'queueing') return;
  const inPacs = [...decided].flatMap(([found, as]) => (as === 'in-pacs' ? found : []));
  const isSent = study.instances > study.held.length || inPacs.length > 0;
  for (const [found, as] of decided) if (as === 'left-out') found.wasLeftOut = true;
  // If a file was released while the PACS was asked, no second version is sent.
  state.heldBack.holdBack(inPacs);
  replaceFiles(study, (found) => {
    const as = decided.get(found);
    if (typeof as === 'object') return { ...found, ...as };
    return as === undefined || (as === 'left-out' && !isSent) ? found : { ...found, decided: { under, as } };
  });
  draw(state);
}
