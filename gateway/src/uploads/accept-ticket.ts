/**
 * `POST /upload/carried`: somebody brings the ticket of a study that a device has saved to a file. The gateway opens it
 * and takes the device's promise as if the device had made it in this request. The upload is the device's, and all
 * checks are made against the device's account. The caller is noted as its carrier.
 */
import { sha256OfBytes } from '#shared/transfer/digest.ts';
import { openTicket, type TicketContent } from '#shared/transfer/stick-ticket.ts';
import { SealKeyError } from '#shared/transfer/seal.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { feedsVault } from '#shared/protocol/feeds-vault.ts';
import type { CarriedAnswer, Ticket } from '#shared/protocol/stick.ts';
import type { Manifest } from '#shared/protocol/manifest.ts';
import { findSigner, type Signer } from '../auth/ticket-signer.ts';
import type { Caller } from '../http/route.ts';
import type { Turns } from '../http/take-turns.ts';
import { auditStudy } from '../pipeline/plan/audit-study.ts';
import { noteCarrier } from '../pipeline/stores/carrier.store.ts';
import { begunParcels, findUpload } from '../pipeline/stores/parcel.store.ts';
import type { SealingKeys } from '../pipeline/plan/pipeline-tools.ts';
import { requireOptions, requirePolicy, requireReason } from '../policies/policies.ts';
import { keyOf } from './compare-manifest.ts';
import { askPacs, openUpload } from './open-upload.ts';
import type { UploadTools } from './upload-tools.ts';

/** The ticket as it was received. */
type SealedTicket = {
  readonly id: string;
  readonly keyId: string;
  readonly enc: string;
  readonly sealed: Uint8Array<ArrayBuffer>;
};

type OpenedTicket = {
  readonly signer: Signer;
  /** JSON in gzip; signed by the device. */
  readonly promise: Uint8Array<ArrayBuffer>;
};

/**
 * Opens the ticket and proves who made it. Throws Problem `seal-key-unknown`, `stick-damaged`, `stick-expired`,
 * `stick-sender-ended`.
 */
export async function openCarried(
  tools: Pick<UploadTools, 'db' | 'now'>,
  sealing: SealingKeys,
  ticket: SealedTicket,
  siteId: string,
): Promise<OpenedTicket> {
  const content = await unseal(sealing, ticket);
  if (content === null) throw new Problem('stick-damaged');
  const { grant, promise } = content;
  const signed = { ticketId: ticket.id, keyId: ticket.keyId, digest: await sha256OfBytes(promise) };
  return { signer: await findSigner(tools, grant, signed, siteId), promise };
}

async function unseal(
  sealing: SealingKeys,
  { id, keyId, enc, sealed }: SealedTicket,
): Promise<TicketContent | null> {
  const key = sealing.get(keyId);
  if (key === undefined) throw new Problem('seal-key-unknown');
  return openTicket(key, { id, enc }, sealed).catch((error: unknown) => {
    if (error instanceof SealKeyError) return null;
    throw error;
  });
}

type Accepting = {
  readonly ticketId: string;
  readonly signer: Signer;
  readonly ticket: Ticket;
  readonly caller: Caller;
  readonly signal: AbortSignal;
};

/** Takes the promise as the device's, and the caller as its carrier. Throws Problem like `/upload/init`. */
export async function acceptTicket(
  tools: UploadTools,
  turns: Turns,
  accepting: Accepting,
): Promise<CarriedAnswer> {
  const { signer, ticket, signal } = accepting;
  const { deviceId, account } = signer;
  const said = await allowed(tools, account, ticket.manifest);
  // A device sends and reads nothing, and neither does its carrier.
  const sender = { accountId: account.id, deviceId, siteId: account.siteId, roles: [] };
  const asked = await askPacs(tools, said, sender, signal);
  const from = { asked, signedAt: signer.signedAt };
  const answer = await turns(account.id, signal, () => openUpload(tools, said, sender, from));
  await noteCarrying(tools, answer.uploadId, accepting);
  const begun = await begunParcels(tools.db, answer.uploadId);
  const needed = new Set(answer.need.map(keyOf));
  const isNeeded = (at: number): boolean => needed.has(keyOf(ticket.manifest.instances[at]!));
  const parcels = ticket.parcels.filter(({ instances }) => instances.some(isNeeded)).map(({ id }) => id);
  return { ...answer, ...(begun.length > 0 && { begun: [...begun] }), parcels };
}

async function allowed(
  { db }: Pick<UploadTools, 'db'>,
  account: Signer['account'],
  manifest: Manifest,
): Promise<Manifest> {
  const policy = await requirePolicy(db, account.siteId, manifest.policy, account.roles);
  requireOptions(policy, manifest.deidentification);
  requireReason(policy, manifest.policy.reason);
  const { vault, ...rest } = manifest;
  return vault !== undefined && feedsVault(policy) ? { ...rest, vault } : rest;
}

async function noteCarrying(
  tools: UploadTools,
  uploadId: string,
  { ticketId, ticket, caller }: Accepting,
): Promise<void> {
  const parcels = Object.fromEntries(
    ticket.parcels.map(({ id, bytes, keyId, enc }) => [id.toLowerCase(), { bytes, keyId, enc }]),
  );
  await tools.db.transaction().execute(async (trx) => {
    const upload = await findUpload(trx, uploadId, null);
    // The upload was taken back meanwhile.
    if (upload === undefined) throw new Problem('upload-not-found');
    if (!(await noteCarrier(trx, { uploadId, accountId: caller.id, parcels }, ticketId))) return;
    const of = { ...upload, id: upload.study_id };
    await auditStudy(trx, tools, of, { event: 'upload-carried', uploadId, ticketId, by: caller.id });
  });
}
