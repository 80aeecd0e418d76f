/**
 * Hash first: compares a manifest with the instances that its sender has promised or brought. A pure function:
 * the same manifest against the same rows gives the same answer, which is what makes `POST /upload/init`
 * repeatable. Rows of other accounts never come here (known-instances.ts): naming an instance tells nothing.
 */
import type { Manifest, ManifestAnswer, ManifestInstance } from '#shared/protocol/manifest.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import type { InstanceChange, InstanceRow, NewInstance } from '../pipeline/instance.store.ts';

type Known = Pick<
  InstanceRow,
  | 'id'
  | 'sop_instance_uid'
  | 'digest'
  | 'original_digest'
  | 'state'
  | 'reason'
  | 'policy_name'
  | 'policy_version'
  | 'brought'
>;
/** Brought by another upload, and still at the gateway or in the PACS. */
export type Elsewhere = Omit<Known, 'id' | 'reason'> &
  Pick<InstanceRow, 'sop_class_uid' | 'series_instance_uid' | 'transfer_syntax_uid' | 'bytes'> & {
    /** By one of the same account; else the sender's role may read it. */
    readonly brought: boolean;
    /** Of the Study Instance UID that the manifest names. */
    readonly isOfStudy: boolean;
  };
/** Without the report's digest, which is looked up where the reports are kept. */
type PromisedInstance = Omit<NewInstance, 'report_digest'>;
type Answer = Pick<ManifestAnswer, 'have' | 'need' | 'conflict'>;

export type Comparison = Answer & {
  /** Rows that are new. */
  readonly insert: readonly PromisedInstance[];
  /** Known rows that are wanted again: lost by the PACS, or never arrived. */
  readonly again: readonly InstanceChange[];
  /** Promises that nobody keeps: the device now names other bytes under their UID (drop-promises.ts). */
  readonly superseded: readonly Pick<Known, 'id' | 'brought'>[];
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

/** `known`: the upload's own rows under the manifest's UIDs. */
export type Rows = { readonly known: readonly Known[]; readonly elsewhere: readonly Elsewhere[] };

/** `inPacs` null: the PACS was not asked or did not answer, and earlier confirmations are believed. */
export function compareManifest(manifest: Manifest, rows: Rows, inPacs: InPacs | null): Comparison {
  // Looked up by key, not searched: 20 000 entries may stand under one UID, and each would be held against
  // each.
  const byKey = new Map(rows.known.map((row) => [`${row.sop_instance_uid} ${row.digest}`, row]));
  const believed = inPacs?.believed ?? null;
  const here = inPacsElsewhere(rows.elsewhere, believed);
  const rivals = rivalsIn(rows, manifest, (row) => fateOfKnown(row, believed) === 'need');
  const have: Answer['have'] = [];
  const need: Answer['need'] = [];
  const conflict: Answer['conflict'] = [];
  const insert: PromisedInstance[] = [];
  const again: InstanceChange[] = [];
  const keys = new Set<string>();
  /** UIDs that an entry before it has: "the first is taken, the others conflict". */
  const taken = new Set<string>();

  for (const promised of manifest.instances) {
    const { sopInstanceUID, digest } = promised;
    const key = keyOf(promised);
    if (keys.has(key)) continue;
    keys.add(key);
    const same = byKey.get(key);
    const elsewhere = here.get(key);
    const fate = same ? fateOfKnown(same, believed) : elsewhere ? 'have' : 'need';
    const isNew = same === undefined || (fate === 'need' && !isActive(same));
    const against = isNew ? reasonAgainst(promised, rivals, taken) : null;
    const answer = against ?? fate;
    const isThere = elsewhere !== undefined || (same !== undefined && isInPacs(same.state));
    const isSeen = isThere && inPacs?.seen.has(sopInstanceUID) === true;
    if (answer === 'have') have.push({ sopInstanceUID, digest, ...(isSeen ? { inPacs: true } : {}) });
    else if (answer === 'need') need.push({ sopInstanceUID, digest });
    else conflict.push({ sopInstanceUID, digest, reason: answer });
    if (answer === 'have' || answer === 'need') taken.add(sopInstanceUID);
    if (!same) insert.push(elsewhere && !against ? toPosted(promised, elsewhere) : toRow(promised, against));
    else if (answer === 'need' && same.state !== 'promised') again.push({ ...WANTED_AGAIN, id: same.id });
  }
  return {
    have,
    need,
    conflict,
    insert,
    again,
    superseded: supersededBy(taken, keys, rows.known),
    keys: [...keys],
  };
}

const WANTED_AGAIN = {
  state: 'promised',
  reason: null,
  place: null,
  proof: null,
  pacsCode: null,
  postedAt: null,
} as const satisfies Omit<InstanceChange, 'id'>;

/** By `UID digest`: what the PACS has by another upload. Reconcile looks again before anything is signed. */
function inPacsElsewhere(
  elsewhere: readonly Elsewhere[],
  believed: ReadonlySet<string> | null,
): ReadonlyMap<string, Elsewhere> {
  const isThere = ({ isOfStudy, state, sop_instance_uid }: Elsewhere): boolean =>
    isOfStudy && isInPacs(state) && (believed === null || believed.has(sop_instance_uid));
  // The account's own come last, and stay: they prove that it had the bytes.
  return new Map(
    elsewhere
      .filter(isThere)
      .toSorted((a, b) => Number(a.brought) - Number(b.brought))
      .map((row) => [`${row.sop_instance_uid} ${row.digest}`, row]),
  );
}

/** Promised under a UID for which the device now has other bytes, and no longer named. */
function supersededBy(
  taken: ReadonlySet<string>,
  named: ReadonlySet<string>,
  known: readonly Known[],
): Comparison['superseded'] {
  return known.filter((row) => isSuperseded(row, named) && taken.has(row.sop_instance_uid));
}

const isSuperseded = (row: Known, named: ReadonlySet<string>): boolean =>
  row.state === 'promised' && !named.has(`${row.sop_instance_uid} ${row.digest}`);

const INACTIVE: readonly InstanceState[] = ['refused', 'left-out', 'quarantined'];
/** It has its UID: no other digest may take it. */
const isActive = ({ state }: Known): boolean => !INACTIVE.includes(state);

function fateOfKnown(row: Known, inPacs: ReadonlySet<string> | null): 'have' | 'need' | ReasonCode {
  if (row.state === 'promised') return 'need';
  // The PACS was asked in this request, for a PACS can lose a study.
  if (isInPacs(row.state)) return inPacs === null || inPacs.has(row.sop_instance_uid) ? 'have' : 'need';
  if (row.state === 'refused' && row.reason === 'never-arrived') return 'need';
  // It was in conflict with a promise, and nothing of it has come: whether it still is, is asked again.
  if (row.state === 'quarantined' && row.reason === 'conflicting-instance' && !row.brought) return 'need';
  if (!isActive(row)) return row.reason ?? 'left-out';
  return 'have';
}

type Rivals = {
  /**
   * UIDs that a row has of which bytes are here, or that this manifest names, with up to two of their digests:
   * enough to tell whether another one is among them.
   */
  readonly digests: ReadonlyMap<string, readonly string[]>;
  /** `UID digest-of-the-original` of what is here under another policy. */
  readonly otherPolicy: ReadonlySet<string>;
};

function rivalsIn(
  { known, elsewhere }: Rows,
  { policy, instances }: Manifest,
  isWanted: (row: Known) => boolean,
): Rivals {
  const named = new Set(instances.map(keyOf));
  const digests = new Map<string, string[]>();
  const otherPolicy = new Set<string>();
  const add = (row: Elsewhere | Known, comesAgain: boolean): void => {
    const some = digests.get(row.sop_instance_uid);
    if (some === undefined) digests.set(row.sop_instance_uid, [row.digest]);
    else if (some.length < 2 && !some.includes(row.digest)) some.push(row.digest);
    const isOther = !comesAgain && (row.policy_name !== policy.name || row.policy_version !== policy.version);
    if (isOther && row.state !== 'quarantined' && row.original_digest !== null)
      otherPolicy.add(`${row.sop_instance_uid} ${row.original_digest}`);
  };
  for (const row of elsewhere) add(row, named.has(`${row.sop_instance_uid} ${row.digest}`));
  for (const row of known) {
    // An instance of which nothing was brought is in nobody's way.
    if (row.state === 'refused' || row.state === 'left-out' || isSuperseded(row, named)) continue;
    if (row.state === 'quarantined' && !row.brought) continue;
    // Instances that this manifest asks to resend come under its policy: repeated, it must get the same answer.
    add(row, named.has(`${row.sop_instance_uid} ${row.digest}`) && isWanted(row));
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

/** It is in the PACS by another upload, as that was verified: reconcile looks for it before a receipt says so. */
const toPosted = (promised: ManifestInstance, there: Elsewhere): PromisedInstance => ({
  ...toRow(promised, null),
  sop_class_uid: there.sop_class_uid,
  series_instance_uid: there.series_instance_uid,
  transfer_syntax_uid: there.transfer_syntax_uid,
  bytes: there.bytes,
  state: 'posted',
  brought: there.brought,
});

/** The instance as the manifest describes it. */
export function describePromised(
  promised: ManifestInstance,
): Omit<PromisedInstance, 'state' | 'reason' | 'brought'> {
  return {
    sop_instance_uid: promised.sopInstanceUID,
    sop_class_uid: promised.sopClassUID,
    series_instance_uid: promised.seriesInstanceUID,
    transfer_syntax_uid: promised.transferSyntaxUID,
    digest: promised.digest,
    original_digest: promised.originalDigest ?? null,
    bytes: promised.bytes,
  };
}

function toRow(promised: ManifestInstance, reason: ReasonCode | null): PromisedInstance {
  return {
    ...describePromised(promised),
    state: reason === null ? 'promised' : reason === 'conflicting-instance' ? 'quarantined' : 'refused',
    reason,
  };
}
