/** The studies, parcels and receipts that a simulated gateway holds, and the keys that it signs with. */
import { exportJWK, generateKeyPair, type CryptoKey, type JWK } from 'jose';

export type HeldState = 'promised' | 'received' | 'stored' | 'quarantined';

export interface HeldInstance {
  readonly sopInstanceUID: string;
  readonly digest: string;
  readonly bytes: number;
  state: HeldState;
}

export interface SimulatedParcel {
  readonly id: string;
  readonly deviceId: string;
  readonly length: number;
  readonly sealed: boolean;
  bytes: number[];
  state: 'receiving' | 'received' | 'verified';
}

export interface SimulatedStudy {
  readonly uid: string;
  readonly uploadId: string;
  readonly held: Map<string, HeldInstance>;
  readonly parcels: Map<string, SimulatedParcel>;
  revision: number;
  readonly receipts: { readonly id: string; readonly revision: number; readonly jws: string }[];
}

/** `next`: the key that follows when the gateway's key is changed. */
export interface GatewayKeys {
  readonly own: CryptoKey;
  readonly next: CryptoKey;
  readonly stranger: CryptoKey;
  readonly published: Readonly<Record<'own' | 'next', JWK>>;
}

export interface GatewayState {
  readonly keys: GatewayKeys;
  readonly conflicts: ReadonlySet<string>;
  contentOf(deviceParcelId: string): { readonly bytes: readonly number[]; readonly keys: readonly string[] };
  readonly studies: Map<string, SimulatedStudy>;
  signing: 'own' | 'next';
  readonly trueReceipts: Map<string, string>;
  readonly said: Set<string | null>;
  readonly inPacs: Set<string>;
  readonly streams: Set<ReadableStreamDefaultController<Uint8Array>>;
  ids: number;
}

export async function createGatewayKeys(): Promise<GatewayKeys> {
  const pairs = await Promise.all([0, 1, 2].map(() => generateKeyPair('EdDSA', { extractable: true })));
  const own = pairs[0]!;
  const next = pairs[1]!;
  const stranger = pairs[2]!;
  const publish = async (key: CryptoKey, kid: string): Promise<JWK> => ({
    ...(await exportJWK(key)),
    kid,
    alg: 'EdDSA',
  });
  return {
    own: own.privateKey,
    next: next.privateKey,
    stranger: stranger.privateKey,
    published: { own: await publish(own.publicKey, 'own'), next: await publish(next.publicKey, 'next') },
  };
}

export function keyOf({ sopInstanceUID, digest }: Pick<HeldInstance, 'sopInstanceUID' | 'digest'>): string {
  return `${sopInstanceUID} ${digest}`;
}

export function newId(state: GatewayState): string {
  state.ids += 1;
  return `00000000-0000-4000-8000-${String(state.ids).padStart(12, '0')}`;
}

export function uploadOf({ studies }: GatewayState, id: string): SimulatedStudy | undefined {
  return [...studies.values()].find(({ uploadId }) => uploadId === id);
}

export function currentReceipt({ receipts, revision }: SimulatedStudy) {
  return receipts.find((receipt) => receipt.revision === revision);
}

/** A study that had its receipt and is open again has the next revision. */
export function reopen(study: SimulatedStudy): void {
  if (currentReceipt(study)) study.revision += 1;
}
