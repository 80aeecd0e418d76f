/**
 * Hash first: what a manifest promises, held against what the site knows. A pure function: the same manifest against the same rows gives the
 * same answer, which is what makes `POST /upload/init` repeatable.
 */
import type { Manifest, ManifestAnswer, ManifestInstance } from '#shared/protocol/manifest.ts';
import type { ReasonCode } from '#shared/protocol/problem.ts';
import { isInPacs } from '#shared/protocol/study-state.ts';
import type { InstanceChange, InstanceRow, NewInstance } from '../instance.store.ts';

type Known = Pick<InstanceRow, 'id' | 'study_id' | 'sop_instance_uid' | 'digest' | 'original_digest' | 'state' | 'reason' | 'policy_name' | 'policy_version'>;
type Answer = Pick<ManifestAnswer, 'have' | 'need' | 'conflict'>;

export type Comparison = Answer & {
  /** Rows that are new. */
  readonly insert: readonly NewInstance[];
  /** Known rows that are wanted again: lost by the PACS, never arrived, or promised before under a wrong study. */
  readonly again: readonly InstanceChange[];
  /** In the manifest's order, `UID digest` of every row that the upload names; doubled entries once. */
  readonly keys: readonly string[];
};

export const keyOf = (instance: { sopInstanceUID: string; digest: string }): string => `${instance.sopInstanceUID} ${instance.digest}`;

/**
 * `known`: every row of the site under one of the manifest's UIDs. `inPacs`: what the PACS says it has of the study; null: it was not asked
 * or did not answer, and what was confirmed before is believed.
 */
export function compareManifest(
  manifest: Manifest, studyId: string, known: readonly Known[], inPacs: ReadonlySet<string> | null,
): Comparison {
  const byUid = Map.groupBy(known, (row) => row.sop_instance_uid);
  const have: Answer['have'] = [];
  const need: Answer['need'] = [];
  const conflict: Answer['conflict'] = [];
  const insert: NewInstance[] = [];
  const again: InstanceChange[] = [];
  const keys = new Set<string>();
  const taken = new Set<string>();

  for (const promised of manifest.instances) {
    const { sopInstanceUID, digest } = promised;
    if (keys.has(keyOf(promised))) continue;
    const rows = byUid.get(sopInstanceUID) ?? [];
    const same = rows.find((row) => row.digest === digest);
    if (same && same.study_id !== studyId && !isAdoptable(same)) {
      // The bytes name their study, so one of the two manifests is wrong; verify decided for the other.
      conflict.push({ sopInstanceUID, digest, reason: 'manifest-mismatch' });
      continue;
    }
    keys.add(keyOf(promised));
    if (same) {
      const fate = fateOfKnown(same, studyId, inPacs);
      if (fate === 'have') have.push({ sopInstanceUID, digest });
      else if (fate === 'need') need.push({ sopInstanceUID, digest });
      else conflict.push({ sopInstanceUID, digest, reason: fate });
      if (fate === 'need' && (same.state !== 'promised' || same.study_id !== studyId)) {
        again.push({ id: same.id, state: 'promised', reason: null, place: null, proof: null, pacsCode: null, postedAt: null });
      }
      if (fate === 'have' || fate === 'need') taken.add(sopInstanceUID);
      continue;
    }
    const reason = reasonAgainst(promised, manifest, rows, taken);
    if (reason === null) need.push({ sopInstanceUID, digest });
    else conflict.push({ sopInstanceUID, digest, reason });
    if (reason === null) taken.add(sopInstanceUID);
    insert.push(toRow(promised, reason));
  }
  return { have, need, conflict, insert, again, keys: [...keys] };
}

/** Nothing of it is here or in the PACS: the study that really has it may take the row. */
function isAdoptable(row: Known): boolean {
  return row.state === 'promised' || row.state === 'refused' || row.state === 'left-out';
}

function fateOfKnown(row: Known, studyId: string, inPacs: ReadonlySet<string> | null): 'have' | 'need' | ReasonCode {
  if (row.study_id !== studyId || row.state === 'promised') return 'need';
  // DESIGN §3 Hash first: "asked by QIDO in that request, for a PACS can lose a study".
  if (isInPacs(row.state)) return inPacs === null || inPacs.has(row.sop_instance_uid) ? 'have' : 'need';
  if (row.state === 'refused' && row.reason === 'never-arrived') return 'need';
  if (row.state === 'quarantined' || row.state === 'refused' || row.state === 'left-out') return row.reason ?? 'left-out';
  return 'have';
}

/** Why an instance that is not known yet is not wanted: its UID is in use. DESIGN §3 Conflict. */
function reasonAgainst(promised: ManifestInstance, manifest: Manifest, rows: readonly Known[], taken: ReadonlySet<string>): ReasonCode | null {
  const rivals = rows.filter((row) => row.state !== 'refused' && row.state !== 'left-out');
  const sameOriginal = rivals.some(
    (row) => promised.originalDigest !== undefined && row.original_digest === promised.originalDigest && row.state !== 'quarantined' &&
      (row.policy_name !== manifest.policy.name || row.policy_version !== manifest.policy.version),
  );
  if (sameOriginal) return 'already-here-other-policy';
  return rivals.length > 0 || taken.has(promised.sopInstanceUID) ? 'conflicting-instance' : null;
}

function toRow(promised: ManifestInstance, reason: ReasonCode | null): NewInstance {
  return {
    sop_instance_uid: promised.sopInstanceUID,
    sop_class_uid: promised.sopClassUID,
    series_instance_uid: promised.seriesInstanceUID,
    transfer_syntax_uid: promised.transferSyntaxUID,
    digest: promised.digest,
    original_digest: promised.originalDigest ?? null,
    bytes: promised.bytes,
    state: reason === null ? 'promised' : reason === 'conflicting-instance' ? 'quarantined' : 'refused',
    reason,
  };
}
