/**
 * The audit trail: an append-only hash chain, written in the transaction that it describes. A row's hash
 * covers the row and the hash before it. The database's owner can still write the whole chain again: that
 * shows against the heads that are signed and kept elsewhere (audit-heads.ts, verify-audit.ts).
 *
 * Fields are UIDs, ids of ours, codes and counts; never a value of the data.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { GivingUpReason } from '#shared/protocol/dimse-peer.ts';
import type { DataSet } from '#shared/protocol/private-figures.ts';
import type { Trx } from '../database/database.ts';

/** The events, in kebab-case; comments name the event of PS3.15 Table A.5 that each belongs to. */
export type AuditEvent =
  // User Authentication (DCM 110114)
  | { event: 'login'; accountId: string }
  | { event: 'login-failed'; because: 'unknown-user' }
  | { event: 'login-failed'; because: 'wrong-password' | 'disabled'; accountId: string }
  | { event: 'logout'; accountId: string; everywhere?: true; by?: string }
  | { event: 'session-reused'; accountId: string; familyId: string }
  // Security Alert (DCM 110113): users and their rights
  | { event: 'device-enrolled'; accountId: string; deviceId: string }
  | {
      event: 'device-ended';
      accountId: string;
      devices: readonly string[];
      because: 'unused' | 'too-many' | 'user-disabled' | 'password-set' | 'signed-out';
    }
  | {
      event:
        | 'user-added'
        | 'user-changed'
        | 'user-disabled'
        | 'user-enabled'
        | 'user-deleted'
        | 'password-set';
      accountId: string;
      by: string | null;
      roles?: readonly string[];
    }
  | {
      event: 'api-key-made';
      keyId: string;
      accountId: string;
      by: string;
      scopes: readonly string[];
      expiresAt: string;
    }
  | { event: 'api-key-revoked'; keyId: string; accountId: string; by: string }
  // Security Configuration (DCM 110131): who may store over DIMSE, from where, and under which policy
  | {
      event: `dimse-peer-${'made' | 'changed' | 'deleted'}`;
      peerId: string;
      aeTitle: string;
      addresses: readonly string[];
      accountId: string;
      policy: string;
      by: string;
    }
  // DICOM Instances Accessed (DCM 110103): the fate of instances of which a peer was told that they are stored
  | {
      event: 'dimse-transfer-resent' | 'dimse-transfer-given-up';
      transferId: string;
      peerId: string;
      aeTitle: string;
      accountId: string;
      instances: number;
      because: GivingUpReason | null;
      by: string;
    }
  // Instances Deleted (DCM 110105): a study that was made for looking around
  | { event: 'sample-study-removed'; studyInstanceUID: string; by: string }
  // Studies that waited on a device for an account that could no longer send them became an administrator's
  | { event: 'queue-taken-over'; accountId: string; by: string; studies: number }
  // Security Alert (DCM 110113), Security Configuration (DCM 110131): what is promised of what is sent
  | {
      event: 'policy-made' | 'policy-changed' | 'policy-withdrawn';
      policy: string;
      version: number;
      by: string;
    }
  | {
      event: `destination-${'made' | 'changed' | 'deleted' | 'primary' | 'required' | 'also' | 'left' | 'given-up' | 'worklist' | 'tuned'}`;
      destinationId: string;
      kind: string;
      name: string;
      /** Without a password or a query; of a folder its path. */
      address: string;
      /** How the gateway says who it is. */
      authentication: string;
      by: string | null;
      /** Of `destination-tuned`; null: the gateway’s setting. */
      tuning?: { lagMinutes: number | null; proof: string | null; batchBytes: number | null };
    }
  | { event: `viewer-${'turned-on' | 'turned-off' | 'removed'}`; version: string; by: string }
  | {
      event: 'quota-changed';
      /** Null: of every account without a quota of its own. */
      accountId: string | null;
      by: string;
      uploads: number | null;
      instances: number | null;
      bytes: number | null;
      patients: number | null;
    }
  // Patient Record (DCM 110110): pseudonyms for a device that may not make them. The gateway does not learn whose
  | { event: 'pseudonyms-made'; accountId: string; policy: string; version: number; patients: number }
  // Security Configuration (DCM 110131): who holds the vault of identities, and whether it takes entries
  | { event: 'vault-made'; vaultId: string; by: string; holders: readonly string[] }
  | { event: 'vault-key-set'; vaultId: string; accountId: string; key: string }
  | { event: 'vault-closed' | 'vault-destroyed'; vaultId: string; by: string; entries: number }
  // Patient Record (DCM 110110): the steps by which two holders open the identity behind one pseudonym
  | {
      event: `vault-${'asked' | 'approved' | 'refused' | 'opened'}`;
      vaultId: string;
      requestId: string;
      accountId: string;
      pseudonym: string;
      reason: string;
    }
  // Security Configuration (DCM 110131), Software Configuration (DCM 110133): what answers in the gateway's
  // name, and when it looks without being asked
  | {
      event: `model-${'added' | 'activated' | 'rolled-back' | 'stopped' | 'failed' | 'mended' | 'fallback-set'}`;
      model: string;
      version: string;
      by: string | null;
      [field: string]: AuditValue;
    }
  // Security Configuration (DCM 110131): which studies go where, and which a model looks at without being asked
  | {
      event: 'rules-changed';
      kind: string;
      rules: number;
      enabled: number;
      /** SHA-256 of the list. */
      version: string;
      by: string;
    }
  // Application Activity (DCM 110100), Query, Report (DCM 110106): what was asked of models, and what a
  // person said of it
  | { event: `inference-${'asked' | 'cancelled' | 'retried'}`; jobId: string; [field: string]: AuditValue }
  | { event: 'result-verified'; resultId: string; verdict: string; revision: number; by: string }
  // Patient Record (DCM 110110): what people did with a case. Nothing that they typed
  | { event: CaseEventName; caseId: string; by: string | null; [field: string]: AuditValue }
  | {
      event: 'cases-imported';
      importId: string;
      by: string;
      opened: number;
      changed: number;
      unchanged: number;
    }
  // Export (DCM 110106): a list of cases as a file, without the parts of them in `withheld`
  | { event: 'cases-exported'; by: string; cases: number; withheld: readonly string[] }
  // Query (DCM 110112): figures with noise were told, of one data set. Never a count, nor the question
  | { event: 'private-figures-told'; by: string; of: DataSet; left: number }
  // Export (DCM 110106): predictions of models as a file, under pseudonyms
  | { event: 'evaluation-exported'; by: string; from: string; to: string; predictions: number }
  // Export (DCM 110106): data of cases as a file that somebody has asked for. Never a value of it
  | {
      event: ExportEventName;
      exportId: string;
      template: string;
      redaction: string;
      by: string | null;
      [field: string]: AuditValue;
    }
  // Security Configuration (DCM 110131): which fields an export has, and how much it tells
  | {
      event: 'export-template-made';
      template: string;
      version: number;
      redaction: string;
      format: string;
      fields: readonly string[];
      by: string;
    }
  // Order Record (DCM 110109): orders were read, a list of them imported, one chosen for a study
  | { event: 'orders-read'; accountId: string; orders: number }
  | { event: 'orders-imported'; by: string; orders: number }
  | { event: 'order-chosen'; by: string; studyInstanceUID: string }
  // Application Activity (DCM 110100), Report (DCM 110106): who read a case and when. Nothing that they answered
  | {
      event: ReviewEventName;
      reviewId: string;
      caseId: string;
      by: string | null;
      [field: string]: AuditValue;
    }
  // Security Configuration (DCM 110131): what readers are asked
  | { event: 'review-type-made'; reviewType: string; version: number; by: string }
  // Application Activity (DCM 110100)
  | { event: 'gateway-started'; version: string }
  | { event: 'gateway-stopped' }
  // Audit Log Used (DCM 110101): the database was put back to row `to`, and rows up to `lostSeq` are gone
  | { event: 'audit-restored'; to: number; lostSeq: number; lostHash: string }
  // Instances Accessed, Export (DCM 110103, 110106): what one account read of one study since `from`, in a
  // quarter of an hour at most
  | {
      event: 'records-read';
      accountId: string;
      /** By an API key of the account. */
      keyId?: string;
      studyInstanceUID: string | null;
      from: string;
      images: number;
      reports: number;
      receipts: number;
      exports: number;
    }
  // Begin Transferring, Instances Transferred, Instances Accessed (DCM 110102, 110104, 110103): the steps of
  // a study
  | { event: StudyEventName; studyId: string; [field: string]: AuditValue };

export type CaseEventName =
  `case-${'opened' | 'changed' | 'closed' | 'reopened' | 'deleted' | 'linked' | 'noted' | 'read' | 'patients-read' | 'attached' | 'attachment-removed'}`;
export type ReviewEventName =
  `review-${'opened' | 'assigned' | 'decided' | 'signed' | 'differs' | 'settled' | 'withdrawn'}`;
export type ExportEventName =
  `export-${'made' | 'ready' | 'downloaded' | 'held-back' | 'cancelled' | 'expired'}`;
export type StudyEventName =
  | `study-${string}`
  | `instance-${string}`
  | `instances-${string}`
  | `parcel-${string}`
  | `receipt-${string}`
  | `upload-${string}`;
type AuditValue = string | number | boolean | null | undefined | readonly string[];

/** The row before the first. */
export const GENESIS = '0'.repeat(64);
/**
 * Any number that nothing else in this database locks: "audit" in ASCII. Held until the transaction ends: the
 * chain grows one at a time.
 */
const CHAIN_LOCK = 0x6175646974n.toString();

/** JSON with sorted keys: jsonb keeps no order, so the order must not matter. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}

type ChainRow = {
  seq: number;
  site_id: string;
  at: Date;
  event: string;
  fields: unknown;
  previous_hash: string;
};

/** SHA-256 of the row and of the hash before it, hexadecimal. */
export function hashOfRow(row: ChainRow): string {
  const { seq, site_id, at, event, fields, previous_hash } = row;
  return createHash('sha256')
    .update(canonical({ seq, site_id, at: at.toISOString(), event, fields, previous_hash }))
    .digest('hex');
}

/**
 * Appends one event. Other appends wait until this transaction has ended, so do it last and keep the
 * transaction short.
 */
export const recordAudit = (
  trx: Trx,
  siteId: string,
  event: AuditEvent,
  at: Date = new Date(),
): Promise<void> => recordAudits(trx, siteId, [event], at);

/** Several, in their order: as many as one statement takes. */
export async function recordAudits(
  trx: Trx,
  siteId: string,
  events: readonly AuditEvent[],
  at: Date,
): Promise<void> {
  if (events.length === 0) return;
  await sql`select pg_advisory_xact_lock(${CHAIN_LOCK}::bigint)`.execute(trx);
  const last = await trx
    .selectFrom('audit')
    .select(['seq', 'hash'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const rows = [];
  let { seq, hash } = last ?? { seq: 0, hash: GENESIS };
  for (const { event, ...fields } of events) {
    const row = { seq: seq + 1, site_id: siteId, at, event, fields: { ...fields }, previous_hash: hash };
    ({ seq } = row);
    hash = hashOfRow(row);
    rows.push({ ...row, fields: JSON.stringify(fields), hash });
  }
  await trx.insertInto('audit').values(rows).execute();
}
