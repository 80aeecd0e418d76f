/**
 * A simulated gateway's handling of received parcels, and its receipts: valid, outdated, incomplete and
 * forged ones.
 */
import { CompactSign, type CryptoKey } from 'jose';
import { merkleRoot, RECEIPT_TYPE, type ReceiptInstance } from '#shared/protocol/receipt.ts';
import { problem, type Fault, type FaultKind } from './gateway-faults.ts';
import {
  currentReceipt,
  keyOf,
  newId,
  type GatewayState,
  type HeldInstance,
  type HeldState,
  type SimulatedStudy,
} from './simulated-state.ts';

/** The stages behind the intake: whole parcels are verified, and a settled study gets its receipt. */
export async function work(state: GatewayState, study: SimulatedStudy): Promise<void> {
  for (const parcel of study.parcels.values()) {
    if (parcel.state !== 'received') continue;
    const content = state.contentOf(parcel.deviceId);
    if (parcel.bytes.join() !== content.bytes.join())
      throw new Error('the gateway holds other bytes than were promised');
    parcel.state = 'verified';
    for (const key of content.keys) {
      const held = study.held.get(key);
      if (held?.state === 'promised') held.state = 'received';
    }
  }
  const held = [...study.held.values()];
  if (held.some((one) => one.state === 'promised') || currentReceipt(study)) return;
  for (const one of held) {
    if (one.state !== 'received') continue;
    one.state = 'stored';
    state.inPacs.add(keyOf(one));
  }
  await issueReceipt(state, study, held);
}

async function issueReceipt(
  state: GatewayState,
  study: SimulatedStudy,
  held: readonly HeldInstance[],
): Promise<void> {
  const id = newId(state);
  const { revision } = study;
  const jws = await sign(state, study, held, { id });
  state.trueReceipts.set(jws, study.uid);
  study.receipts.push({ id, revision, jws });
  state.said.add(id);
  const status = new TextEncoder().encode(`event: study\ndata: ${JSON.stringify(statusOf(study))}\n\n`);
  for (const stream of state.streams) stream.enqueue(status);
}

async function sign(
  state: GatewayState,
  { uid, revision }: SimulatedStudy,
  held: readonly HeldInstance[],
  { id = newId(state), key = state.keys[state.signing] }: { readonly id?: string; readonly key?: CryptoKey },
): Promise<string> {
  const instances = held.map(toReceiptInstance);
  const kid = state.signing;
  const receipt = {
    jti: id,
    iss: 'http://gateway',
    iat: 1,
    version: 1,
    studyInstanceUID: uid,
    revision,
    policy: { name: 'identified', version: 1 },
    pacs: 'http://pacs',
    instances,
    root: await merkleRoot(instances),
  };
  return new CompactSign(new TextEncoder().encode(JSON.stringify(receipt)))
    .setProtectedHeader({ alg: 'EdDSA', kid, typ: RECEIPT_TYPE })
    .sign(key);
}

function toReceiptInstance({ sopInstanceUID, digest, bytes, state }: HeldInstance): ReceiptInstance {
  return state === 'quarantined'
    ? { sopInstanceUID, digest, bytes, state, reason: 'conflicting-instance' }
    : { sopInstanceUID, digest, bytes, state: 'stored', proof: 'found' };
}

export function statusOf(study: SimulatedStudy): unknown {
  const count = (state: HeldState): number =>
    [...study.held.values()].filter((held) => held.state === state).length;
  const receipt = currentReceipt(study);
  return {
    uploadId: study.uploadId,
    studyInstanceUID: study.uid,
    state: receipt ? 'closed' : 'receiving',
    revision: study.revision,
    policy: 'identified',
    counts: {
      promised: study.held.size,
      atGateway: count('received'),
      inPacs: count('stored'),
      refused: 0,
      quarantined: count('quarantined'),
      leftOut: 0,
    },
    bytes: { promised: 1, atGateway: 0, inPacs: 0 },
    waiting: null,
    receipt: receipt ? { id: receipt.id, href: 'x' } : null,
  };
}

/** `GET /upload/{id}/receipt`. A false receipt goes, every other time, by the id of a true one. */
export async function answerReceipt(
  state: GatewayState,
  study: SimulatedStudy,
  kind: FaultKind,
  { back }: Fault,
): Promise<Response> {
  const told = back % 2 === 0 ? study.receipts.at(-1)?.id : undefined;
  const id = told === undefined ? {} : { id: told };
  const held = [...study.held.values()].map((one) => ({
    ...one,
    state: one.state === 'quarantined' ? one.state : ('stored' as const),
  }));
  if (kind === 'forged-receipt')
    return new Response(await sign(state, study, held, { ...id, key: state.keys.stranger }));
  if (kind === 'other-receipt') {
    const other = [...state.studies.values()].find((one) => one !== study)?.receipts.at(-1);
    if (other && back > 3) return new Response(other.jws);
    return new Response(await sign(state, { ...study, uid: '9.9.9' }, held, id));
  }
  if (kind === 'poor-receipt') return new Response(await signPoorReceipt(state, study, id));
  const known = kind === 'old-receipt' ? study.receipts[0] : study.receipts.at(-1);
  return known
    ? new Response(known.jws, { headers: { 'content-type': 'application/jose' } })
    : problem(404, 'no-receipt-yet');
}

/**
 * True, and silent about one instance: the device may take it neither for the end of the study nor for more
 * than it says.
 */
async function signPoorReceipt(
  state: GatewayState,
  study: SimulatedStudy,
  id: { readonly id?: string },
): Promise<string> {
  const settled = [...study.held.values()].filter(
    (held) => held.state === 'stored' || held.state === 'quarantined',
  );
  const jws = await sign(state, study, settled.slice(1), id);
  state.trueReceipts.set(jws, study.uid);
  return jws;
}
