/**
 * Hash first: compares a manifest with the instances that its sender has promised or brought. A pure function: the same
 * manifest and rows give the same answer, which makes `POST /upload/init` repeatable. A large manifest takes several
 * turns of the event loop. Rows of other accounts never get here (known-instances.ts), so naming an instance reveals
 * nothing.
 */
import type { Manifest, ManifestAnswer, ManifestInstance } from '#shared/protocol/manifest.ts';
import { inTurns } from '../threads/in-turns.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import {
  NOTHING_COUNTED,
  type InstanceChange,
  type InstanceRow,
  type NewInstance,
} from '../pipeline/stores/instance.store.ts';

type Known = Pick<
  InstanceRow,
  | 'id'
  | 'sop_instance_uid'
  | 'digest'
  | 'original_digest'
  | 'original_key'
  | 'state'
  | 'reason'
  | 'policy_name'
  | 'policy_version'
  | 'brought'
>;
/**
 * An instance that another upload brought and that is still at the gateway or in the PACS. If it is in quarantine, the
 * same account brought it.
 */
export type Elsewhere = Omit<Known, 'id'> &
  Pick<InstanceRow, 'sop_class_uid' | 'series_instance_uid' | 'transfer_syntax_uid' | 'bytes'> & {
    /** True: an upload of the same account brought it. False: the sender's role may read it. */
    readonly brought: boolean;
    /** Whether the instance is in the study that the manifest names. */
    readonly isOfStudy: boolean;
  };
/** The report's digest is missing; it is looked up where the reports are stored. */
type PromisedInstance = Omit<NewInstance, 'report_digest'>;
type Answer = Pick<ManifestAnswer, 'have' | 'need' | 'conflict'>;

export type Comparison = Answer & {
  /** New rows. */
  readonly insert: readonly PromisedInstance[];
  /** Known rows that are needed again: the PACS lost them, or they never arrived. */
  readonly again: readonly InstanceChange[];
  /**
   * Rows for whose UID the device now names other bytes: promises that will not be kept (drop-promises.ts), and
   * instances that the PACS no longer has.
   */
  readonly superseded: readonly Pick<Known, 'id' | 'brought'>[];
  /** `UID digest` of every row that the upload names, in the manifest's order. Double entries appear once. */
  readonly keys: readonly string[];
};

export const keyOf = (instance: { sopInstanceUID: string; digest: string }): string =>
  `${instance.sopInstanceUID} ${instance.digest}`;

/**
 * The study's instances in the PACS. `seen`: those that the PACS named during this request. `believed`: those, plus
 * instances for which it gave no answer, plus instances confirmed during the request.
 */
export type InPacs = { readonly seen: ReadonlySet<string>; readonly believed: ReadonlySet<string> };

/** `known`: the upload's own rows under the manifest's UIDs. */
export type Rows = { readonly known: readonly Known[]; readonly elsewhere: readonly Elsewhere[] };

/**
 * The name of the policy's key, with which the manifest's digests of originals were made. Null: the policy does not
 * de-identify.
 */
export type OriginalKey = string | null;

/** `inPacs` null: the PACS was not asked or did not answer, so earlier confirmations are believed. */
export async function compareManifest(
  manifest: Manifest,
  rows: Rows,
  inPacs: InPacs | null,
  originalKey: OriginalKey = null,
): Promise<Comparison> {
  // Looked up by key: 20 000 entries may share one UID, and searching would compare each with each.
  const byKey = new Map<string, Known>();
  await inTurns(rows.known, (row) => void byKey.set(`${row.sop_instance_uid} ${row.digest}`, row));
  const believed = inPacs?.believed ?? null;
  const here = inPacsElsewhere(rows.elsewhere, believed);
  const held = heldElsewhere(rows.elsewhere);
  const isLost = lostBy(believed);
  const isNeeded = (row: Known): boolean => fateOfKnown(row, believed) === 'need';
  const rivals = await rivalsIn(rows, { manifest, originalKey, isLost }, isNeeded);
  const have: Answer['have'] = [];
  const need: Answer['need'] = [];
  const conflict: Answer['conflict'] = [];
  const insert: PromisedInstance[] = [];
  const again: InstanceChange[] = [];
  const keys = new Set<string>();
  /** UIDs of earlier entries, with their originals: "the first is taken, the others conflict". */
  const taken = new Map<string, string | undefined>();
  await inTurns(manifest.instances, (promised) => {
    const { sopInstanceUID, digest } = promised;
    const key = keyOf(promised);
    if (keys.has(key)) return;
    keys.add(key);
    const same = byKey.get(key);
    const elsewhere = here.get(key);
    const fate = same ? fateOfKnown(same, believed) : elsewhere ? 'have' : 'need';
    const isNew = same === undefined || (fate === 'need' && !isActive(same));
    const heldFor = elsewhere === undefined ? held.get(key) : undefined;
    const against = isNew ? (heldFor ?? reasonAgainst(promised, rivals, taken)) : null;
    const answer = against ?? fate;
    const isThere = elsewhere !== undefined || (same !== undefined && isInPacs(same.state));
    const isSeen = isThere && inPacs?.seen.has(sopInstanceUID) === true;
    if (answer === 'have') have.push({ sopInstanceUID, digest, ...(isSeen ? { inPacs: true } : {}) });
    else if (answer === 'need') need.push({ sopInstanceUID, digest });
    else conflict.push({ sopInstanceUID, digest, reason: answer });
    if (answer === 'have' || answer === 'need') taken.set(sopInstanceUID, promised.originalDigest);
    if (!same) {
      const row = toRow(promised, originalKey, against);
      const kept = heldFor === undefined ? row : { ...row, state: 'quarantined' as const };
      insert.push(elsewhere && !against ? toPosted(row, elsewhere) : kept);
    }
    if (same && answer === 'need' && same.state !== 'promised') again.push({ ...WANTED_AGAIN, id: same.id });
  });
  return {
    have,
    need,
    conflict,
    insert,
    again,
    superseded: supersededBy(taken, keys, rows.known, isLost),
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
  ...NOTHING_COUNTED,
} as const satisfies Omit<InstanceChange, 'id'>;

/** By `UID digest`: what the PACS has from another upload. Reconcile looks again before anything is signed. */
function inPacsElsewhere(
  elsewhere: readonly Elsewhere[],
  believed: ReadonlySet<string> | null,
): ReadonlyMap<string, Elsewhere> {
  const isThere = ({ isOfStudy, state, sop_instance_uid }: Elsewhere): boolean =>
    isOfStudy && isInPacs(state) && (believed === null || believed.has(sop_instance_uid));
  // The account's own rows come last, so that they replace others: they prove that the account had the bytes.
  return new Map(
    elsewhere
      .filter(isThere)
      .toSorted((a, b) => Number(a.brought) - Number(b.brought))
      .map((row) => [`${row.sop_instance_uid} ${row.digest}`, row]),
  );
}

/**
 * By `UID digest`: why the account's own instance is in quarantine. It is not sent again until a person has decided.
 */
const heldElsewhere = (elsewhere: readonly Elsewhere[]): ReadonlyMap<string, ReasonCode> =>
  new Map(
    elsewhere.flatMap((row) =>
      row.state === 'quarantined' && row.reason !== null
        ? [[`${row.sop_instance_uid} ${row.digest}`, row.reason] as const]
        : [],
    ),
  );

/**
 * The PACS had the instance but, asked during this request, no longer names it. Such an instance conflicts with
 * nothing.
 */
type IsLost = (row: Pick<Known, 'state' | 'sop_instance_uid'>) => boolean;

const lostBy =
  (believed: ReadonlySet<string> | null): IsLost =>
  ({ state, sop_instance_uid }) =>
    believed !== null && isInPacs(state) && !believed.has(sop_instance_uid);

/** Rows promised or lost under a UID for which the device now has other bytes, and no longer named. */
function supersededBy(
  taken: ReadonlyMap<string, unknown>,
  named: ReadonlySet<string>,
  known: readonly Known[],
  isLost: IsLost,
): Comparison['superseded'] {
  return known.filter((row) => isSuperseded(row, named, isLost) && taken.has(row.sop_instance_uid));
}

const isSuperseded = (row: Known, named: { has(key: string): boolean }, isLost: IsLost): boolean =>
  (row.state === 'promised' || isLost(row)) && !named.has(`${row.sop_instance_uid} ${row.digest}`);

/** Reasons that say that another instance has the UID. They may be set before any byte of this instance has come. */
const CONFLICTS: readonly (ReasonCode | null)[] = ['conflicting-instance', 'already-here-other-key'];
/** Refused because the PACS has the same original in another form. */
const ALREADY_HERE: readonly (ReasonCode | null)[] = [
  'already-here-other-policy',
  'already-here-other-boxes',
];

const INACTIVE: readonly InstanceState[] = ['refused', 'left-out', 'quarantined'];
/** Whether the instance holds its UID, so that no other digest may take it. */
const isActive = ({ state }: Known): boolean => !INACTIVE.includes(state);

function fateOfKnown(row: Known, inPacs: ReadonlySet<string> | null): 'have' | 'need' | ReasonCode {
  if (row.state === 'promised') return 'need';
  // The PACS was asked during this request, because a PACS can lose a study.
  if (isInPacs(row.state)) return inPacs === null || inPacs.has(row.sop_instance_uid) ? 'have' : 'need';
  if (row.state === 'refused' && row.reason === 'never-arrived') return 'need';
  // It is asked again whether the PACS still has the other form.
  if (row.state === 'refused' && ALREADY_HERE.includes(row.reason)) return 'need';
  // A further destination lacks it, and only the device may still have it.
  if (row.state === 'quarantined' && row.reason === 'no-copy-to-send') return 'need';
  // The instance was in conflict with a promise, and none of it has come. Whether it still conflicts is checked again.
  if (row.state === 'quarantined' && CONFLICTS.includes(row.reason) && !row.brought) return 'need';
  if (row.state === 'left-out') return 'left-out';
  if (!isActive(row)) return row.reason ?? 'left-out';
  return 'have';
}

type Rivals = {
  /**
   * UIDs of rows whose bytes are here, or that this manifest names, with up to two of their digests: enough to tell
   * whether there is another digest.
   */
  readonly digests: ReadonlyMap<string, readonly string[]>;
  /** `UID digest-of-the-original` of instances that are here under another policy. */
  readonly otherPolicy: ReadonlySet<string>;
  /** By `UID digest-of-the-original`: up to two digests of instances made from that original. */
  readonly originals: ReadonlyMap<string, readonly string[]>;
  /** UIDs of instances that are here under another key. */
  readonly otherKey: ReadonlySet<string>;
};

type Asking = {
  readonly manifest: Manifest;
  readonly originalKey: OriginalKey;
  readonly isLost: IsLost;
};

async function rivalsIn(
  { known, elsewhere }: Rows,
  { manifest: { policy, instances }, originalKey, isLost }: Asking,
  isWanted: (row: Known) => boolean,
): Promise<Rivals> {
  const named = new Map<string, string | null>();
  // Of double entries, the first counts.
  await inTurns(instances, (each) => {
    const key = keyOf(each);
    if (!named.has(key)) named.set(key, each.originalDigest ?? null);
  });
  const digests = new Map<string, string[]>();
  const originals = new Map<string, string[]>();
  const otherPolicy = new Set<string>();
  const otherKey = new Set<string>();
  const add = (row: Elsewhere | Known, comesAgain: boolean): void => {
    addDistinct(digests, row.sop_instance_uid, row.digest);
    const isOther = !comesAgain && (row.policy_name !== policy.name || row.policy_version !== policy.version);
    if (isOther && row.state !== 'quarantined' && row.original_digest !== null)
      otherPolicy.add(`${row.sop_instance_uid} ${row.original_digest}`);
    // For a row that this manifest names, the manifest's digest of the original counts.
    const said = named.get(`${row.sop_instance_uid} ${row.digest}`);
    const original = said === undefined ? row.original_digest : said;
    if (row.state !== 'quarantined' && original !== null)
      addDistinct(originals, `${row.sop_instance_uid} ${original}`, row.digest);
    if (originalKey !== null && row.original_key !== null && row.original_key !== originalKey)
      otherKey.add(row.sop_instance_uid);
  };
  // The PACS was asked only about this study.
  const isHere = (row: Elsewhere): boolean => row.state !== 'quarantined' && !(row.isOfStudy && isLost(row));
  await inTurns(elsewhere, (row) => {
    if (isHere(row)) add(row, named.has(`${row.sop_instance_uid} ${row.digest}`));
  });
  await inTurns(known, (row) => {
    // An instance of which nothing was brought conflicts with nothing.
    if (row.state === 'refused' || row.state === 'left-out') return;
    if (isSuperseded(row, named, isLost)) return;
    if (row.state === 'quarantined' && !row.brought) return;
    // Instances that this manifest asks to resend come under its policy. A repeated manifest must get the same answer.
    add(row, named.has(`${row.sop_instance_uid} ${row.digest}`) && isWanted(row));
  });
  return { digests, otherPolicy, originals, otherKey };
}

/** Adds the value to those of the key, of which up to two are kept. */
function addDistinct(map: Map<string, string[]>, key: string, value: string): void {
  const some = map.get(key);
  if (some === undefined) map.set(key, [value]);
  else if (some.length < 2 && !some.includes(value)) some.push(value);
}

/** Why an instance that is new, or is to come again, is not accepted: its UID is in use. */
function reasonAgainst(
  promised: ManifestInstance,
  rivals: Rivals,
  taken: ReadonlyMap<string, string | undefined>,
): ReasonCode | null {
  const { sopInstanceUID, digest, originalDigest } = promised;
  const original = `${sopInstanceUID} ${originalDigest}`;
  const holdsAnother = (digests: readonly string[] | undefined): boolean =>
    digests?.some((other) => other !== digest) ?? false;
  if (originalDigest !== undefined) {
    if (rivals.otherPolicy.has(original)) return 'already-here-other-policy';
    const isTaken = taken.get(sopInstanceUID) === originalDigest;
    if (isTaken || holdsAnother(rivals.originals.get(original))) return 'already-here-other-boxes';
  }
  const isRivalled = holdsAnother(rivals.digests.get(sopInstanceUID));
  if (isRivalled && rivals.otherKey.has(sopInstanceUID)) return 'already-here-other-key';
  return isRivalled || taken.has(sopInstanceUID) ? 'conflicting-instance' : null;
}

/**
 * The PACS has the instance from another upload, with the facts as verified then. Reconcile looks for it before a
 * receipt says so.
 */
const toPosted = (row: PromisedInstance, there: Elsewhere): PromisedInstance => ({
  ...row,
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
  originalKey: OriginalKey,
): Omit<PromisedInstance, 'state' | 'reason' | 'brought'> {
  return {
    sop_instance_uid: promised.sopInstanceUID,
    sop_class_uid: promised.sopClassUID,
    series_instance_uid: promised.seriesInstanceUID,
    transfer_syntax_uid: promised.transferSyntaxUID,
    digest: promised.digest,
    original_digest: promised.originalDigest ?? null,
    original_key: promised.originalDigest === undefined ? null : originalKey,
    bytes: promised.bytes,
  };
}

function toRow(
  promised: ManifestInstance,
  originalKey: OriginalKey,
  reason: ReasonCode | null,
): PromisedInstance {
  return {
    ...describePromised(promised, originalKey),
    state: reason === null ? 'promised' : CONFLICTS.includes(reason) ? 'quarantined' : 'refused',
    reason,
  };
}
