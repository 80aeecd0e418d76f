/** Reads the form of a modality: returns the wish for the gateway, or the first mistake. */
import { dimsePeerWishSchema, type DimsePeer, type DimsePeerWish } from '#shared/protocol/dimse-peer.ts';
import type { PeerField } from './dimse-peer-words.ts';

/** The fields as typed and chosen. `addresses` is a single line. */
type TypedPeer = Readonly<Record<PeerField, string>>;

type ReadPeer =
  | { readonly kind: 'wish'; readonly wish: DimsePeerWish }
  | { readonly kind: 'mistake'; readonly field: PeerField };

const FIELDS: readonly PeerField[] = ['name', 'aeTitle', 'addresses', 'accountId', 'policy', 'reason'];
const isField = (name: unknown): name is PeerField => FIELDS.includes(name as PeerField);

export function toTypedPeer(peer: DimsePeer | null): TypedPeer {
  // Nothing is preselected, because the choice decides whether names are kept.
  if (peer === null) return { name: '', aeTitle: '', addresses: '', accountId: '', policy: '', reason: '' };
  const { name, aeTitle, addresses, account, policy, reason } = peer;
  return {
    name,
    aeTitle,
    addresses: addresses.join(', '),
    // A disabled account is no longer offered, so another one must be chosen.
    accountId: account.disabled ? '' : account.id,
    policy,
    reason: reason ?? '',
  };
}

export function readPeer(typed: TypedPeer): ReadPeer {
  const { success, data, error } = dimsePeerWishSchema.safeParse({
    ...typed,
    aeTitle: typed.aeTitle.trim(),
    addresses: typed.addresses.split(/[\s,]+/).filter((address) => address !== ''),
    reason: typed.reason === '' ? null : typed.reason,
  });
  if (success) return { kind: 'wish', wish: data };
  const wrong = new Set(error.issues.map(({ path: [name] }) => name).filter(isField));
  return { kind: 'mistake', field: FIELDS.find((field) => wrong.has(field)) ?? 'name' };
}
