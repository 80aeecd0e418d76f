/** A gateway in memory for the simulated device: the state of each instance, and the answers. */
import type { Manifest, ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { ReceiptInstance } from '#shared/protocol/receipt.ts';
import { isInPacs, isSettled, type InstanceState } from '#shared/protocol/study-state.ts';
import { keyOf, type CheckedReceipt, type InstanceKey } from '../pipeline/queue/upload-queue.ts';

type Held = InstanceKey & {
  readonly study: string;
  readonly bytes: number;
  state: InstanceState;
  reason: string | null;
  /** The PACS has the same original in another form. */
  isVersion: boolean;
  isLost: boolean;
};

export interface GatewayMemory {
  readonly held: ReadonlyMap<string, Held>;
  open(manifest: Manifest): ManifestAnswer;
  /** A parcel arrived, with these in it. */
  arrive(keys: Iterable<string>): void;
  /** Instances that were promised and are not here. */
  missing(manifest: Manifest): readonly InstanceKey[];
  /** Settles what has arrived; a receipt when each instance of the study is settled. */
  settle(study: string, fate: (at: number) => InstanceState | 'version'): CheckedReceipt | null;
  decide(decision: 'leave-out' | 'retry' | 'take-back', instances: readonly InstanceKey[]): void;
  /** Forgets instances that were only promised. */
  withdraw(instances: readonly InstanceKey[]): void;
  lose(from: 'gateway' | 'pacs'): void;
  /** For a test that begins in the middle: an announced instance came to this state. */
  place(instance: InstanceKey, state: InstanceState, reason: string | null): void;
  /** Another account sends from here on: what the first one promised, and has in no PACS, is nothing to it. */
  changeAccount(): void;
}

const VERSION = 'already-here-other-policy';

const REASONS: Partial<Record<InstanceState, string>> = {
  refused: 'pacs-refused',
  quarantined: 'identity-remains',
  'left-out': 'left-out',
};

export function createGatewayMemory(): GatewayMemory {
  const held = new Map<string, Held>();
  let receipts = 0;
  return {
    held,
    open: (manifest) => open(held, manifest),
    arrive(keys) {
      for (const name of keys) if (held.get(name)?.state === 'promised') move(held.get(name)!, 'received');
    },
    missing: ({ instances }) => missingOf(held, instances).map(toKey),
    settle(study, fate) {
      const own = [...held.values()].filter((one) => one.study === study);
      for (const [at, one] of own.entries()) if (one.state === 'received') end(one, fate(at));
      if (own.length === 0 || !own.every(({ state }) => isSettled(state))) return null;
      receipts += 1;
      return issueReceipt(study, own, receipts);
    },
    decide(decision, instances) {
      for (const one of found(held, instances)) {
        if (decision === 'take-back' && one.state === 'promised') held.delete(keyOf(one));
        if (decision === 'leave-out' && !isInPacs(one.state)) move(one, 'left-out');
        if (decision === 'retry' && isAgainst(one)) move(one, 'promised');
      }
    },
    withdraw(instances) {
      for (const one of missingOf(held, instances)) held.delete(keyOf(one));
    },
    place: (instance, state, reason) => place(held, instance, state, reason),
    changeAccount() {
      for (const [name, { state }] of held) if (!isInPacs(state)) held.delete(name);
    },
    lose(from) {
      for (const one of held.values()) {
        if (from === 'pacs' && isInPacs(one.state)) one.isLost = true;
        if (from === 'gateway' && one.state === 'received') move(one, 'promised');
      }
    },
  };
}

function place(
  held: Map<string, Held>,
  instance: InstanceKey,
  state: InstanceState,
  reason: string | null,
): void {
  const one = held.get(keyOf(instance));
  if (one) Object.assign(one, { state, reason });
}

function end(one: Held, fate: InstanceState | 'version'): void {
  move(one, fate === 'version' ? 'refused' : fate);
  one.isVersion = fate === 'version';
  if (one.isVersion) one.reason = VERSION;
}

function move(one: Held, state: InstanceState): void {
  one.state = state;
  one.reason = state === 'left-out' && one.isVersion ? VERSION : (REASONS[state] ?? null);
  one.isLost = false;
}

function toKey({ sopInstanceUID, digest }: InstanceKey): InstanceKey {
  return { sopInstanceUID, digest };
}

function found(held: ReadonlyMap<string, Held>, instances: readonly InstanceKey[]): Held[] {
  return instances.map((one) => held.get(keyOf(one))).filter((one) => one !== undefined);
}

function missingOf(held: ReadonlyMap<string, Held>, instances: readonly InstanceKey[]): Held[] {
  return found(held, instances).filter(({ state }) => state === 'promised');
}

/** The gateway holds it and will not forward it as it is. */
function isAgainst({ state }: Held): boolean {
  return state === 'refused' || state === 'quarantined' || state === 'left-out';
}

function open(held: Map<string, Held>, { studyInstanceUID, instances }: Manifest): ManifestAnswer {
  for (const { sopInstanceUID, digest, bytes } of instances) {
    const name = keyOf({ sopInstanceUID, digest });
    if (held.has(name)) continue;
    const key = { sopInstanceUID, digest, bytes, study: studyInstanceUID };
    held.set(name, { ...key, state: 'promised', reason: null, isVersion: false, isLost: false });
  }
  const named = found(held, instances);
  // The PACS is asked for the named instances, and for no others.
  for (const one of named.filter(({ isLost }) => isLost)) move(one, 'promised');
  return {
    uploadId: `upload of ${studyInstanceUID}`,
    studyInstanceUID,
    revision: 1,
    need: named.filter(({ state }) => state === 'promised').map(toKey),
    have: named
      .filter((one) => one.state !== 'promised' && !isAgainst(one))
      .map((one) => ({ ...toKey(one), ...(isInPacs(one.state) ? { inPacs: true } : {}) })),
    conflict: named.filter(isAgainst).map((one) => ({ ...toKey(one), reason: one.reason! })),
  } as ManifestAnswer;
}

function issueReceipt(study: string, own: readonly Held[], nth: number): CheckedReceipt {
  const instances = own.map(
    (one): ReceiptInstance => ({
      ...toKey(one),
      bytes: one.bytes,
      state: one.state as ReceiptInstance['state'],
      ...(one.reason === null ? {} : { reason: one.reason }),
    }),
  );
  const firsts = instances.flatMap((one, at): ReceiptInstance[] =>
    own[at]!.isVersion && !isInPacs(one.state)
      ? [{ sopInstanceUID: one.sopInstanceUID, digest: 'f'.repeat(64), bytes: one.bytes, state: 'stored' }]
      : [],
  );
  const receipt = {
    jti: `receipt ${nth}`,
    iss: 'http://gateway',
    iat: nth,
    version: 1 as const,
    studyInstanceUID: study,
    revision: nth,
    policy: { name: 'identified', version: 1 },
    pacs: 'http://pacs',
    root: '0'.repeat(64),
    instances: [...instances, ...firsts],
  };
  return { jws: 'a.b.c', receipt };
}
