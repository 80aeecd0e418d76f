/**
 * Of the files on the page, those about which a person has decided before: held ones that the PACS has as they were
 * covered or released, or that were left out, and those of another patient that were left out of their study. The page
 * does not ask again, and Send treats them as it did before.
 *
 * Each held one is read and named as it would be sent, only where the study was sent from this device before.
 */
import type { LeftOutCause } from '#shared/protocol/withheld.ts';
import { decidedBefore, entriesBefore, markOfPart } from './decided-before.ts';
import { leftOutBefore } from '../queue/rows/keep-held.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import { staysHere, versionOf } from './held-back.ts';
import { lookedAt, replaceFiles } from './hold-companions.ts';
import { draw, type IngestState } from './ingest-state.ts';
import type { Inspection } from './inspection.ts';
import { policyInForce } from './policy-in-force.ts';
import { leaveOutPatients, mixedUnder, partKeyOf, partsOf, type PatientPart } from './patients-of-study.ts';
import { mapInParallel } from './run-in-parallel.ts';

/** The version of the policy under which each file was asked about: `FoundFile` as held, `ReadFile` as a patient's. */
export type AskedBefore = WeakMap<object, string>;

/** Throws NotPrepared, TaskFault, or the signal's reason; then it may be asked again. */
export async function recogniseDecided(
  state: IngestState,
  { tools }: Pick<Inspection, 'tools'>,
  asked: AskedBefore,
): Promise<void> {
  const policy = policyInForce(state);
  const under = versionOf(policy);
  const { signal } = state.abort;
  for (const study of [...state.gathering.studies.values()]) await leavePatientsOut(state, study, asked);
  for (const { studyInstanceUID, held } of [...state.gathering.studies.values()]) {
    const released = state.heldBack.released.peek();
    const open = held.filter((found) => asked.get(found) !== under && staysHere(policy, released, found));
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

/** The parts of a study about which nobody has decided on this page, and that a person left out when it was sent. */
async function leavePatientsOut(
  state: IngestState,
  { studyInstanceUID }: StudyGroup,
  asked: AskedBefore,
): Promise<void> {
  const { tools, gathering, phase, abort } = state;
  const open = openPartsOf(state, studyInstanceUID).filter(({ files }) =>
    files.every(({ file }) => !asked.has(file)),
  );
  const those = new Set(open.flatMap(({ keys }) => keys));
  if (those.size === 0) return;
  for (const { file } of open.flatMap(({ files }) => files)) asked.set(file, versionOf(policyInForce(state)));
  const chosen = { account: tools.account(), studyInstanceUID };
  const before = await leftOutBefore(tools.database, await tools.key, chosen);
  if (before.size === 0 || abort.signal.aborted || phase.peek() === 'queueing') return;
  // More may have been read meanwhile, and a person may have decided.
  const out = openPartsOf(state, studyInstanceUID).filter(
    ({ keys, files }) =>
      keys.every((key) => those.has(key)) &&
      files.every((found) => leftOutAs(before, studyInstanceUID, found) === 'left-out-other-patient'),
  );
  if (out.length === 0) return;
  const study = gathering.studies.get(studyInstanceUID)!;
  const keys = out.flatMap((part) => part.keys);
  gathering.replace(leaveOutPatients(study, keys));
  draw(state);
}

/** An instance whose patient was corrected since is another decision. */
function leftOutAs(
  before: Awaited<ReturnType<typeof leftOutBefore>>,
  studyInstanceUID: string,
  found: FoundFile,
): LeftOutCause | null {
  const out = before.get(found.sopInstanceUID);
  return out?.patient === markOfPart(studyInstanceUID, partKeyOf(found)) ? out.cause : null;
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
type Decided = ReadonlyMap<FoundFile, 'in-pacs' | 'left-out'>;

async function decidedIn(
  { tools: { database, key, account } }: IngestState,
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
  const inPacs = await decidedBefore(database, entries, files);
  const leftOut = await leftOutBefore(database, await key, chosen);
  return new Map([
    ...open
      .filter((found) => leftOutAs(leftOut, studyInstanceUID, found) !== null)
      .map((found) => [found, 'left-out'] as const),
    ...inPacs.map(({ found }) => [found, 'in-pacs'] as const),
  ]);
}

/** A person leaves these out before Send, or decides about them again. */
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

/** Where nothing else of a study can be sent, it was chosen for its left-out instances: they are asked about again. */
function note(state: IngestState, uid: string, decided: Decided, under: string): void {
  const study = state.gathering.studies.get(uid);
  if (study === undefined || decided.size === 0 || state.phase.peek() === 'queueing') return;
  const isSent = study.instances > study.held.length || [...decided.values()].includes('in-pacs');
  replaceFiles(study, (found) => {
    const as = decided.get(found);
    return as === undefined || (as === 'left-out' && !isSent) ? found : { ...found, decided: { under, as } };
  });
  draw(state);
}
