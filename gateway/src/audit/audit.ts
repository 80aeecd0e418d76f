/**
 * The audit trail: an append-only hash chain. Each row is written in the transaction that it describes, and its hash
 * covers the row and the hash before it. The database's owner could still rewrite the whole chain; the signed heads
 * that are kept elsewhere reveal that (audit-heads.ts, verify-audit.ts).
 *
 * Fields contain UIDs, our own ids, codes and counts, but never a value from the data.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { GivingUpReason } from '#shared/protocol/dimse-peer.ts';
import type { AuditEventName, OfStudyIn, StudyEventName } from '#shared/protocol/audit-events.ts';
import type { DataSet } from '#shared/protocol/private-figures.ts';
import { atEnd } from '../database/at-end.ts';
import type { Trx } from '../database/database.ts';

/** The events and their fields. The codes of PS3.15 A.5 are in #shared/protocol/audit-events.ts. */
type Recorded =
  // `address`: the client's address as the gateway sees it
  | { event: 'login'; accountId: string; address: string }
  | { event: 'login-failed'; because: 'unknown-user'; address: string }
  | {
      event: 'login-failed';
      because: 'wrong-password' | 'disabled';
      accountId: string;
      address?: string;
    }
  | {
      event: 'password-change-failed' | 'password-not-confirmed';
      because: 'wrong-password';
      accountId: string;
    }
  | { event: 'logout'; accountId: string; everywhere?: true; by?: string }
  | { event: 'locked'; accountId: string }
  | { event: 'session-reused'; accountId: string; familyId: string }
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
      /** The policy for uploads with this key that name none. */
      policy?: string;
      expiresAt: string;
    }
  | { event: 'api-key-revoked'; keyId: string; accountId: string; by: string }
  // The peers that may store over DIMSE: their addresses and their policy
  | {
      event: `dimse-peer-${'made' | 'changed' | 'deleted'}`;
      peerId: string;
      aeTitle: string;
      addresses: readonly string[];
      accountId: string;
      policy: string;
      by: string;
    }
  // Instances that a peer was told are stored, and that were then sent again or given up
  | {
      event: 'dimse-transfer-resent' | 'dimse-transfer-given-up';
      transferId: string;
      peerId: string;
      aeTitle: string;
      accountId: string;
      instances: number;
      /** Studies of the instances, as far as they are known. */
      studies: readonly string[];
      because: GivingUpReason | null;
      by: string;
    }
  // Instances in a script's file that were not accepted and that a person decided to leave out
  | {
      event: 'not-taken-left-out';
      fileId: string;
      accountId: string;
      instances: number;
      studies: readonly string[];
      by: string;
    }
  // A sample study, with which people explore the app
  | { event: 'sample-study-removed'; studyInstanceUID: string; by: string }
  // An administrator took over studies queued on a device for an account that could no longer send them
  | { event: 'queue-taken-over'; accountId: string; by: string; studies: number }
  // The policies under which studies are sent
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
      /** The URL without password and query; for a folder, its path. */
      address: string;
      /** How the gateway authenticates itself. */
      authentication: string;
      by: string | null;
      /** The tuning that `destination-tuned` sets; null: the gateway’s setting. */
      tuning?: { lagMinutes: number | null; proof: string | null; batchBytes: number | null };
    }
  // `isOtherKey`: backups from then on open with another key
  | {
      event: 'backups-planned';
      by: string;
      recipient: string | null;
      everyHours: number | null;
      keep: number;
      isOtherKey: boolean;
    }
  | { event: 'backup-asked'; by: string }
  | { event: 'backup-fetched'; by: string; name: string }
  | { event: 'backup-restored'; madeAt: string }
  // How long what is kept; what was deleted after that; what must not be deleted
  | { event: 'retention-set'; by: string; days: string }
  | { event: 'retention-deleted'; deletionId: string; kind: string; count: number; days: number }
  | { event: 'hold-set'; holdId: string; of: 'study' | 'case' | 'patient'; by: string }
  | { event: 'hold-ended'; holdId: string; by: string }
  | { event: 'orphans-removed'; by: string; files: number; bytes: number }
  // `sha256`: of the file that these rows were moved to
  | { event: 'audit-archived'; from: number; to: number; sha256: string }
  | { event: `viewer-${'turned-on' | 'turned-off' | 'removed'}`; version: string; by: string }
  | {
      event: 'quota-changed';
      /** Null: the quota of every account without one of its own. */
      accountId: string | null;
      by: string;
      uploads: number | null;
      instances: number | null;
      bytes: number | null;
      patients: number | null;
    }
  // Pseudonyms for a device that may not make them itself. The gateway does not learn for which patients
  | { event: 'pseudonyms-made'; accountId: string; policy: string; version: number; patients: number }
  // The holders of the vault of identities, and whether it accepts entries
  | { event: 'vault-made'; vaultId: string; by: string; holders: readonly string[] }
  | { event: 'vault-key-set'; vaultId: string; accountId: string; key: string }
  | { event: 'vault-closed' | 'vault-destroyed'; vaultId: string; by: string; entries: number }
  // The steps by which two holders open the identity behind one pseudonym
  | {
      event: `vault-${'asked' | 'approved' | 'refused' | 'opened'}`;
      vaultId: string;
      requestId: string;
      accountId: string;
      pseudonym: string;
      reason: string;
    }
  // The models that answer in the gateway's name, and when they examine images automatically
  | {
      event: `model-${'added' | 'activated' | 'rolled-back' | 'stopped' | 'failed' | 'mended' | 'fallback-set'}`;
      model: string;
      version: string;
      by: string | null;
      [field: string]: AuditValue;
    }
  // The rules that send studies to a destination, or have a model examine them automatically
  | {
      event: 'rules-changed';
      kind: string;
      rules: number;
      enabled: number;
      /** SHA-256 of the list. */
      version: string;
      /** Names of rules that were added, changed or removed. */
      changed: readonly string[];
      by: string;
    }
  // Questions to models, and people's verdicts on the answers
  | { event: 'inference-asked'; jobId: string; studies: readonly string[]; [field: string]: AuditValue }
  // `studyInstanceUID` null: the image came as a file and belongs to no study
  | {
      event: `inference-${'cancelled' | 'retried'}`;
      jobId: string;
      studyInstanceUID: string | null;
      accountId: string;
    }
  | {
      event: 'result-verified';
      resultId: string;
      studyInstanceUID: string | null;
      verdict: 'agreed' | 'corrected';
      revision: number;
      by: string;
    }
  // What people did with a case. It contains nothing that they typed
  | { event: CaseEventName; caseId: string; by: string | null; [field: string]: AuditValue }
  // A list showed the patients of these studies
  | { event: 'patients-read'; studies: readonly string[]; by: string }
  // A study needs no reading at this site, or needs one again
  | { event: 'reading-waived' | 'reading-wanted'; studyInstanceUID: string; by: string }
  | {
      event: 'cases-imported';
      importId: string;
      by: string;
      opened: number;
      changed: number;
      unchanged: number;
    }
  // A list of cases was saved as a file, without the parts in `withheld`
  | { event: 'cases-exported'; by: string; cases: number; withheld: readonly string[] }
  // The PACS was searched for a patient's studies. The event never says whose
  | { event: 'cases-searched-by-patient'; by: string; studies: number }
  // Figures with noise were shown, from one data set. The event contains neither a count nor the question
  | { event: 'private-figures-told'; by: string; of: DataSet; left: number }
  // Predictions of models were exported as a file, under pseudonyms
  | { event: 'evaluation-exported'; by: string; from: string; to: string; predictions: number }
  // Somebody requested an export of case data as a file. The event contains none of the values
  | {
      event: ExportEventName;
      exportId: string;
      template: string;
      redaction: string;
      by: string | null;
      [field: string]: AuditValue;
    }
  // The fields of an export, and how far they are redacted
  | {
      event: 'export-template-made';
      template: string;
      version: number;
      redaction: string;
      format: string;
      fields: readonly string[];
      by: string;
    }
  // Orders were read, a list of orders was imported, or an order was chosen for a study
  | { event: 'orders-read'; accountId: string; orders: number }
  | { event: 'orders-imported'; by: string; orders: number }
  | { event: 'order-chosen'; by: string; studyInstanceUID: string }
  // The readers of a case, and when they read it. It contains nothing that they answered
  | {
      event: ReviewEventName;
      reviewId: string;
      caseId: string;
      by: string | null;
      [field: string]: AuditValue;
    }
  // The questions that readers are asked
  | { event: 'review-type-made'; reviewType: string; version: number; by: string }
  | { event: 'gateway-started'; version: string }
  | { event: 'gateway-stopped' }
  // The database was restored to row `to`, and rows up to `lostSeq` are lost
  | { event: 'audit-restored'; to: number; lostSeq: number; lostHash: string }
  // What one account read of one study since `from`, within a quarter of an hour. Each object counts once
  | {
      event: 'records-read';
      accountId: string;
      /** The API key of the account that was used. */
      keyId?: string;
      studyInstanceUID: string | null;
      from: string;
      until: string;
      images: number;
      reports: number;
      receipts: number;
      exports: number;
      /** The study was opened in the built-in viewer, which searches in it on its own. */
      viewer?: boolean;
      /** The address of one of the site's own viewers was given. */
      siteViewer?: boolean;
      /** An image's header was read for its patient, and contained a name or ID as the PACS has it. */
      named?: boolean;
    }
  // Searches of the PACS by one account that found a study, within a quarter of an hour
  | {
      event: 'study-found';
      accountId: string;
      keyId?: string;
      studyInstanceUID: string | null;
      from: string;
      until: string;
      searches: number;
      /** An answer contained a patient's name or ID as the PACS has it. */
      named: boolean;
    }
  // How often one account read the trail since `from`, within a quarter of an hour
  | { event: 'audit-read'; accountId: string; from: string; until: string; pages: number }
  // The trail was saved as a file: the kind and time of its events, and the other filters
  | {
      event: 'audit-saved';
      by: string;
      kind: string | null;
      from: string | null;
      until: string | null;
      narrowedBy: readonly string[];
    }
  // The steps of a study
  | { event: StudyEventName; studyId: string; [field: string]: AuditValue };

/** The fields by which a study's trail finds an event (find-events.ts). */
type Named = {
  readonly study: { studyId: string } | { studyInstanceUID: string | null };
  readonly studies: { studies: readonly string[] };
  readonly case: { caseId: string };
  readonly export: { exportId: string };
  readonly none: unknown;
};
type Unnamed<One = Recorded> = One extends { event: infer Name extends AuditEventName }
  ? { [Each in Name]: One extends Named[OfStudyIn<Each>] ? never : Each }[Name]
  : never;
/**
 * The compiler rejects an event about a study that the study's trail could not find: then no value is an AuditEvent.
 */
export type AuditEvent = [Unnamed] extends [never] ? Recorded : { cannotBeFound: Unnamed };

type CaseEventName =
  `case-${'opened' | 'changed' | 'closed' | 'reopened' | 'deleted' | 'linked' | 'noted' | 'read' | 'patients-read' | 'attached' | 'attachment-removed'}`;
export type ReviewEventName =
  `review-${'opened' | 'assigned' | 'released' | 'decided' | 'signed' | 'differs' | 'settled' | 'withdrawn'}`;
type ExportEventName = `export-${'made' | 'ready' | 'downloaded' | 'held-back' | 'cancelled' | 'expired'}`;
type AuditValue = string | number | boolean | null | undefined | readonly string[];

/** The previous hash of the first row. */
export const GENESIS = '0'.repeat(64);
/**
 * A lock number that nothing else in this database uses: "audit" in ASCII. The lock is held until the transaction
 * ends, so that the chain grows by one transaction at a time.
 */
const CHAIN_LOCK = 0x6175646974n.toString();

/** JSON with sorted keys. The hash must not depend on their order, because jsonb does not keep it. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}

export type ChainedRow = ChainRow & { hash: string };
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

/** A statement takes at most 65 535 values, and a row has seven. */
const ROWS_AT_ONCE = 5_000;

type Appended = { readonly siteId: string; readonly event: AuditEvent; readonly at: Date };

/** Appends one event. Call it last in the transaction, because other appends wait until it has committed. */
export const recordAudit = (
  trx: Trx,
  siteId: string,
  event: AuditEvent,
  at: Date = new Date(),
): Promise<void> => recordAudits(trx, siteId, [event], at);

/** Appends several events, in the given order. */
export const recordAudits = (
  trx: Trx,
  siteId: string,
  events: readonly AuditEvent[],
  at: Date,
): Promise<void> =>
  atEnd(
    trx,
    append,
    events.map((event) => ({ siteId, event, at })),
  );

async function append(trx: Trx, events: readonly Appended[]): Promise<void> {
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
  for (const { siteId: site_id, at, event: said } of events) {
    const { event: name, ...fields } = said;
    const event: AuditEventName = name;
    const row = { seq: seq + 1, site_id, at, event, fields: { ...fields }, previous_hash: hash };
    ({ seq } = row);
    hash = hashOfRow(row);
    rows.push({ ...row, fields: JSON.stringify(fields), hash });
  }
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE)
    await trx
      .insertInto('audit')
      .values(rows.slice(from, from + ROWS_AT_ONCE))
      .execute();
}
