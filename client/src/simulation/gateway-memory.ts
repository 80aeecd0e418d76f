/**
 * The gateway as the simulated device needs it: what it holds of each instance, and what it answers.
 */
import type { Manifest, ManifestAnswer } from '#shared/protocol/manifest.ts';
import type { ReceiptInstance } from '#shared/protocol/receipt.ts';
import { isInPacs, isSettled, type InstanceState } from '#shared/protocol/study-state.ts';
import { keyOf, type CheckedReceipt, type InstanceKey } from '../pipeline/queue/upload-queue.ts';

type Held = InstanceKey & {
  readonly study: string;
  readonly bytes: number;
  state: InstanceState;
  reason: string | null;
  isLost: boolean;
};

export interface GatewayMemory {
  readonly held: ReadonlyMap<string, Held>;
  open(manifest: Manifest): ManifestAnswer;
  /** A parcel arrived, with these in it. */
  arrive(keys: Iterable<string>): void;
  /** What was promised and is not here. */
  missing(manifest: Manifest): readonly InstanceKey[];
  /** Settles what has arrived; a receipt when each instance of the study is settled. */
  settle(study: string, fate: (at: number) => InstanceState): CheckedReceipt | null;
  decide(decision: 'leave-out' | 'retry' | 'take-back', instances: readonly InstanceKey[]): void;
  /** What was only promised is forgotten. */
  withdraw(instances: readonly InstanceKey[]): void;
  lose(from: 'gateway' | 'pacs'): void;
}

const REASONS: Partial<Record<InstanceState, string>> = {
  refused: 'pacs-refused',
  quarantined: 'identity-remains',
  'left-out': 'left-out',
};

export function createGatewayMemory(): GatewayMemory {
  const held = new Map<string, Held>();
  let receipts = 0;
  const move = (one: Held, state: InstanceState): void =>
    void Object.assign(one, { state, reason: REASONS[state] ?? null, isLost: false });
  const key = ({ sopInstanceUID, digest }: InstanceKey): InstanceKey => ({ sopInstanceUID, digest });
  const found = (instances: readonly InstanceKey[]): Held[] =>
    instances.map((one) => held.get(keyOf(one))).filter((one) => one !== undefined);
  const againstIt = ({ state }: Held): boolean =>
    state === 'refused' || state === 'quarantined' || state === 'left-out';

  return {
    held,
    open(manifest) {
      for (const { sopInstanceUID, digest, bytes } of manifest.instances) {
        const name = keyOf({ sopInstanceUID, digest });
        if (!held.has(name))
          held.set(name, {
            sopInstanceUID,
            digest,
            bytes,
            study: manifest.studyInstanceUID,
            state: 'promised',
            reason: null,
            isLost: false,
          });
      }
      const named = found(manifest.instances);
      // The PACS is asked for what is named, and for nothing else.
      for (const one of named.filter(({ isLost }) => isLost)) move(one, 'promised');
      return {
        uploadId: `upload of ${manifest.studyInstanceUID}`,
        studyInstanceUID: manifest.studyInstanceUID,
        revision: 1,
        need: named.filter(({ state }) => state === 'promised').map(key),
        have: named
          .filter((one) => one.state !== 'promised' && !againstIt(one))
          .map((one) => ({ ...key(one), ...(isInPacs(one.state) ? { inPacs: true } : {}) })),
        conflict: named.filter(againstIt).map((one) => ({ ...key(one), reason: one.reason! })),
      } as ManifestAnswer;
    },
    arrive(keys) {
      for (const name of keys) if (held.get(name)?.state === 'promised') move(held.get(name)!, 'received');
    },
    missing: ({ instances }) =>
      found(instances)
        .filter(({ state }) => state === 'promised')
        .map(key),
    settle(study, fate) {
      const own = [...held.values()].filter((one) => one.study === study);
      for (const [at, one] of own.entries()) if (one.state === 'received') move(one, fate(at));
      if (own.length === 0 || !own.every(({ state }) => isSettled(state))) return null;
      receipts += 1;
      const instances = own.map(
        (one): ReceiptInstance => ({
          ...key(one),
          bytes: one.bytes,
          state: one.state as ReceiptInstance['state'],
          ...(one.reason === null ? {} : { reason: one.reason }),
        }),
      );
      const receipt = {
        jti: `receipt ${receipts}`,
        iss: 'http://gateway',
        iat: receipts,
        version: 1 as const,
        studyInstanceUID: study,
        revision: receipts,
        policy: { name: 'identified', version: 1 },
        pacs: 'http://pacs',
        root: '0'.repeat(64),
        instances,
      };
      return { jws: 'a.b.c', receipt };
    },
    decide(decision, instances) {
      for (const one of found(instances)) {
        if (decision === 'take-back' && one.state === 'promised') held.delete(keyOf(one));
        if (decision === 'leave-out' && !isInPacs(one.state)) move(one, 'left-out');
        if (decision === 'retry' && againstIt(one)) move(one, 'promised');
      }
    },
    withdraw(instances) {
      for (const one of found(instances)) if (one.state === 'promised') held.delete(keyOf(one));
    },
    lose(from) {
      for (const one of held.values()) {
        if (from === 'pacs' && isInPacs(one.state)) one.isLost = true;
        if (from === 'gateway' && one.state === 'received') move(one, 'promised');
      }
    },
  };
}
