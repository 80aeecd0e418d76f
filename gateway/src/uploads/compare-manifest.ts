/**
 * Hash first: compares a manifest with the instances that the site knows. A pure function: the same manifest
 * against the same rows gives the same answer, which is what makes `POST /upload/init` repeatable.
 */
import type { Manifest, ManifestAnswer, ManifestInstance } from '#shared/protocol/manifest.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { isInPacs } from '#shared/protocol/study-state.ts';
import type { InstanceChange, InstanceRow, NewInstance } from '../pipeline/instance.store.ts';

type Known = Pick<
  InstanceRow,
  | 'id'
  | 'study_id'
  | 'sop_instance_uid'
  | 'digest'
  | 'original_digest'
  | 'state'
  | 'reason'
  | 'policy_name'
  | 'policy_version'
>;
/** Without the report's digest, which is looked up where the reports are kept. */
type PromisedInstance = Omit<NewInstance, 'report_digest'>;
type Answer = Pick<ManifestAnswer, 'have' | 'need' | 'conflict'>;

export type Comparison = Answer & {
  /** Rows that are new. */
  readonly insert: readonly PromisedInstance[];
  /**
   * Known rows that are wanted again: lost by the PACS, never arrived, or promised before under a wrong
   * study.
   */
  readonly again: readonly InstanceChange[];
  /** In the manifest's order, `UID digest` of every row that the upload names; doubled entries once. */
  readonly keys: readonly string[];
};

export const keyOf = (instance: { sopInstanceUID: string; digest: string }): string =>
  `${instance.sopInstanceUID} ${instance.digest}`;

/**
 * The study's instances in the PACS. `seen`: found by this request. `believed`: those, and instances confirmed
 * while it ran.
 */
export type InPacs = { readonly seen: ReadonlySet<string>; readonly believed: ReadonlySet<string> };

/**
 * `known`: every row of the site under one of the manifest's UIDs. `inPacs` null: the PACS was not asked or
 * did not answer, and earlier confirmations are believed.
 */
export function compareManifest(
  manifest: Manifest,
  studyId: string,
  known: readonly Known[],
  inPacs: InPacs | null,
): Comparison {
  // Looked up by key, not searched: 20 000 entries may stand under one UID, and each would be held against
  // each.
  const byKey = new Map(known.map((row) => [`${row.sop_instance_uid} ${row.digest}`, row]));
  const believed = inPacs?.believed ?? null;
  const rivals = rivalsIn(known, manifest, (row) => fateOfKnown(row, studyId, believed) === 'need');
  const have: Answer['have'] = [];
  const need: Answer['need'] = [];
  const conflict: Answer['conflict'] = [];
  const insert: PromisedInstance[] = [];
  const again: InstanceChange[] = [];
  const keys = new Set<string>();
  const seen = new Set<string>();
  /** UIDs that an entry before it has: "the first is taken, the others conflict". */
  const taken = new Set<string>();

  for (const promised of manifest.instances) {
    const { sopInstanceUID, digest } = promised;
    const key = keyOf(promised);
    if (seen.has(key)) continue;
    seen.add(key);
    const same = byKey.get(key);
    const fate = same ? fateOfKnown(same, studyId, believed) : 'need';
    const against =
      fate === 'need' && !(same && isActive(same)) ? reasonAgainst(promised, rivals, taken) : null;
    const answer = against ?? fate;
    const isSeen = same !== undefined && isInPacs(same.state) && inPacs?.seen.has(sopInstanceUID) === true;
    if (answer === 'have') have.push({ sopInstanceUID, digest, ...(isSeen ? { inPacs: true } : {}) });
    else if (answer === 'need') need.push({ sopInstanceUID, digest });
    else conflict.push({ sopInstanceUID, digest, reason: answer });
    if (answer === 'have' || answer === 'need') taken.add(sopInstanceUID);
    if (!same) insert.push(toRow(promised, against));
    else if (answer === 'need' && (same.state !== 'promised' || same.study_id !== studyId)) {
      again.push({
        id: same.id,
        state: 'promised',
        reason: null,
        place: null,
        proof: null,
        pacsCode: null,
        postedAt: null,
      });
    }
    // A row of another study that this one does not take is not its own.
    if (!same || same.study_id === studyId || answer === 'need') keys.add(key);
  }
  return { have, need, conflict, insert, again, keys: [...keys] };
}

/** Nothing of it is here or in the PACS: the study that really has it may take the row. */
function isAdoptable(row: Known): boolean {
  return row.state === 'promised' || row.state === 'refused' || row.state === 'left-out';
}

/** It has its UID: no other digest may take it. */
function isActive(row: Known): boolean {
  return row.state !== 'refused' && row.state !== 'left-out' && row.state !== 'quarantined';
}

function fateOfKnown(
  row: Known,
  studyId: string,
  inPacs: ReadonlySet<string> | null,
): 'have' | 'need' | ReasonCode {
  // The bytes name their study, so one of the two manifests is wrong; verify decided for the other.
  if (row.study_id !== studyId) return isAdoptable(row) ? 'need' : 'manifest-mismatch';
  if (row.state === 'promised') return 'need';
  // The PACS was asked in this request, for a PACS can lose a study.
  if (isInPacs(row.state)) return inPacs === null || inPacs.has(row.sop_instance_uid) ? 'have' : 'need';
  if (row.state === 'refused' && row.reason === 'never-arrived') return 'need';
  if (row.state === 'quarantined' || row.state === 'refused' || row.state === 'left-out')
    return row.reason ?? 'left-out';
  return 'have';
}

type Rivals = {
  /**
   * UIDs that a row has which was not refused or left out, with up to two of their digests: enough to tell
   * whether another one is among them.
   */
  readonly digests: ReadonlyMap<string, readonly string[]>;
  /** `UID digest-of-the-original` of what is here under another policy. */
  readonly otherPolicy: ReadonlySet<string>;
};

function rivalsIn(
  known: readonly Known[],
  { policy, instances }: Manifest,
  isWanted: (row: Known) => boolean,
): Rivals {
  const named = new Set(instances.map(keyOf));
  const digests = new Map<string, string[]>();
  const otherPolicy = new Set<string>();
  for (const row of known) {
    if (row.state === 'refused' || row.state === 'left-out') continue;
    const some = digests.get(row.sop_instance_uid);
    if (some === undefined) digests.set(row.sop_instance_uid, [row.digest]);
    else if (some.length < 2) some.push(row.digest);
    // Instances that this manifest asks to resend come under its policy: repeated, it must get the same answer.
    const comesAgain = named.has(`${row.sop_instance_uid} ${row.digest}`) && isWanted(row);
    const isOther = !comesAgain && (row.policy_name !== policy.name || row.policy_version !== policy.version);
    if (isOther && row.state !== 'quarantined' && row.original_digest !== null)
      otherPolicy.add(`${row.sop_instance_uid} ${row.original_digest}`);
  }
  return { digests, otherPolicy };
}

/** Why an instance that is new, or would come back, is not wanted: its UID is in use. */
function reasonAgainst(
  promised: ManifestInstance,
  rivals: Rivals,
  taken: ReadonlySet<string>,
): ReasonCode | null {
  const { sopInstanceUID, digest, originalDigest } = promised;
  if (originalDigest !== undefined && rivals.otherPolicy.has(`${sopInstanceUID} ${originalDigest}`))
    return 'already-here-other-policy';
  const isRivalled = rivals.digests.get(sopInstanceUID)?.some((other) => other !== digest) ?? false;
  return isRivalled || taken.has(sopInstanceUID) ? 'conflicting-instance' : null;
}

function toRow(promised: ManifestInstance, reason: ReasonCode | null): PromisedInstance {
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
