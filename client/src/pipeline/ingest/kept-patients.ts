/**
 * Decisions before Send about the patients of a mixed study. They are stored, applied again and expire like those
 * about images (kept-decisions.ts). Each concerns the part of one patient, and applies to the same instances, by UID
 * and size, if they name the patient in the same way.
 */
import { toBase64Url } from '#shared/transfer/base64url.ts';
import { forgetUnsent, keepUnsent } from '../queue/rows/unsent.ts';
import { leaveOutPatients, settlePatients } from './found/decide-patients.ts';
import type { StudyGroup } from './found/group-studies.ts';
import { versionOf } from './found/held-back.ts';
import { draw, type IngestState } from './ingest-state.ts';
import { partsIn, partsOf, type PatientPart } from './found/patients-of-study.ts';
import { policyInForce } from './policy-in-force.ts';

export interface KeptPart {
  readonly id: string;
  readonly at: number;
  /** The version of the policy. */
  readonly under: string;
  /** The mark of its patient and instances (`markOf`). */
  readonly part: string;
  /** `apart`: sent under its own patient. */
  readonly as: 'apart' | 'left-out';
}

/** The decisions of an account, as this page knows them. */
export interface KeptParts {
  readonly account: string;
  /** By `part`. */
  readonly all: Map<string, KeptPart>;
  /** Parts whose decisions were made, or applied again, on this page. */
  readonly here: Set<string>;
}

export const createKeptParts = (account: string, kept: readonly KeptPart[]): KeptParts => ({
  account,
  all: new Map(kept.map((each) => [each.part, each])),
  here: new Set(),
});

type Standing = {
  /** Whether the files are still being chosen by the same person. */
  readonly isChoice: () => boolean;
  readonly isOfNow: (decision: KeptPart) => boolean;
};

/** Applies stored decisions about patients again and stores new ones; runs one at a time. */
export async function followPatients(state: IngestState, kept: KeptParts, standing: Standing): Promise<void> {
  for (const { studyInstanceUID } of [...state.gathering.studies.values()]) {
    if (kept.all.size > kept.here.size) await takeAgain(state, studyInstanceUID, kept, standing);
    await keepNew(state, studyInstanceUID, kept, standing);
  }
}

async function takeAgain(
  state: IngestState,
  studyInstanceUID: string,
  { all, here }: KeptParts,
  { isChoice, isOfNow }: Standing,
): Promise<void> {
  const under = versionOf(policyInForce(state));
  const kept: { readonly found: PatientPart; readonly decision: KeptPart }[] = [];
  // The study may have been taken off the page while the code above waited for another one.
  const before = state.gathering.studies.get(studyInstanceUID);
  for (const found of before ? partsOf(before) : []) {
    const part = await markOf(studyInstanceUID, found);
    const decision = here.has(part) ? undefined : all.get(part);
    if (decision?.under === under && isOfNow(decision)) kept.push({ found, decision });
  }
  // A person may have decided meanwhile, or chosen more files.
  const study = state.gathering.studies.get(studyInstanceUID);
  if (study === undefined || !isChoice()) return;
  const parts = partsOf(study);
  const isSame = ({ keys, files }: PatientPart, other: PatientPart): boolean =>
    keys[0] === other.keys[0] && files.length === other.files.length;
  const open = kept.filter(
    ({ found }) => !study.settled.has(found.keys[0]!) && parts.some((now) => isSame(now, found)),
  );
  const decidedAs = (as: KeptPart['as']) => open.filter(({ decision }) => decision.as === as);
  const keysOf = (decided: typeof open) => decided.map(({ found }) => found.keys[0]!);
  const out = decidedAs('left-out');
  const left = leaveOutPatients(study, keysOf(out));
  // These decisions are applied together. If they would leave nothing of the study, a person is asked about all of
  // them again.
  const taken = [...(left === study ? [] : out), ...decidedAs('apart')];
  if (taken.length === 0) return;
  for (const { decision } of taken) here.add(decision.part);
  state.gathering.replace(settlePatients(left, keysOf(decidedAs('apart'))));
  draw(state);
}

/** Stores decisions that were made or changed since, and deletes those that were undone. */
async function keepNew(
  state: IngestState,
  studyInstanceUID: string,
  { account, all, here }: KeptParts,
  { isChoice }: Standing,
): Promise<void> {
  const { database, now, createId } = state.tools;
  const under = versionOf(policyInForce(state));
  for (const { found, as } of decidedIn(state.gathering.studies.get(studyInstanceUID))) {
    if (as === null && here.size === 0) continue;
    const part = await markOf(studyInstanceUID, found);
    if (!isChoice()) return;
    const before = all.get(part);
    const place = { kind: 'decision', account, id: before?.id ?? createId() } as const;
    if (as === null) {
      // A decision under another policy stays until there is one under this policy.
      if (before?.under !== under || !here.delete(part)) continue;
      all.delete(part);
      await forgetUnsent(database, place);
    } else if (before?.as !== as || before.under !== under) {
      const decision: KeptPart = { id: place.id, at: now(), under, part, as };
      all.set(part, decision);
      here.add(part);
      await keepUnsent(database, place, decision);
    }
  }
}

/**
 * The parts of the study, each with what was decided about it; null: nothing. A part that is left out only because it
 * was left out when the study was sent before is not included.
 */
function decidedIn(study: StudyGroup | undefined) {
  if (study === undefined) return [];
  const { settled, leftOut } = study;
  const all: { readonly found: PatientPart; readonly as: KeptPart['as'] | null }[] = [];
  for (const found of leftOut.size > 0 ? partsIn(study.series) : partsOf(study))
    all.push({ found, as: settled.has(found.keys[0]!) ? 'apart' : null });
  for (const found of partsIn(leftOut))
    if (!found.files.every(({ wasLeftOut }) => wasLeftOut)) all.push({ found, as: 'left-out' });
  return all;
}

async function markOf(studyInstanceUID: string, { keys, files }: PatientPart): Promise<string> {
  const instances = files.map(({ sopInstanceUID, file }) => `${sopInstanceUID} ${file.bytes}`).sort();
  const said = new TextEncoder().encode(JSON.stringify([studyInstanceUID, keys, instances]));
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', said)));
}
