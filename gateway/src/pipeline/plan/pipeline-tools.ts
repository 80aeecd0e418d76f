/**
 * Everything that the pipeline needs from outside, including the clock and ids. gateway.ts makes it once; a test makes
 * its own. A stage declares the few tools that it uses.
 */
import type { ByteRange, ByteSource } from '#shared/dicom/data-set.ts';
import type { RulesSettings } from '#shared/deid/rules.ts';
import type { WantedProof } from '#shared/protocol/destination.ts';
import type { Coercion } from '#shared/protocol/coercion.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import type { NamedKey, PolicyKey } from '#shared/transfer/policy-key.ts';
import type { Db } from '../../database/database.ts';
import type { SharedLocks } from '../../database/shared-locks.ts';
import type { PlacedStudy } from '../../database/tables.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { Log } from '../../observability/log.ts';
import type { Blobs } from '../../ports/blobs/blobs.ts';
import type { Pacs, StoreRefusal } from '../../ports/pacs/pacs.ts';
import type { StudyChanges } from './announce-changes.ts';
import type { Takings } from '../pacs/takings.ts';
import type { Stage } from './stages.ts';
import type { StudyKeys } from '../stores/study-key.ts';

type PipelineMetrics = {
  stage(stage: Stage, outcome: string, seconds: number): void;
  /** Counts instances that reached a state. */
  instances(state: string, count: number): void;
  /** Counts bytes that passed a stage. */
  bytes(stage: Stage, count: number): void;
};

/** On whose behalf an instance is processed: accounts take turns. */
export type Turn = {
  readonly account: string;
  /**
   * The gateway has died while it was processing this instance. It is now processed in a process of its own, which may
   * die.
   */
  readonly isSuspect: boolean;
  readonly signal: AbortSignal;
};

/**
 * Restores an instance that was sent coded (Content-Encoding of its part); the pieces are exactly `bytes` in total.
 * Throws CodingError where that is impossible, whatever the source throws, the signal's reason, and ThreadEnded.
 */
export type Restore = (
  source: ByteSource,
  coded: { readonly encoding: string; readonly bytes: number },
  turn: Turn,
) => AsyncGenerator<Uint8Array>;

/** How long a PACS may be ill, or late, before anything is concluded about an instance. */
type PacsPatience = {
  /**
   * The longest that a PACS takes to show what it took, counted while a gateway runs. Before that, nothing that it
   * acknowledged counts as lost. 0: it shows everything at once.
   */
  readonly lagMinutes: number;
  /** Minutes between offers of an instance about which the PACS says nothing; the last one repeats. Not empty. */
  readonly pauses: readonly number[];
};
/** The first two times as soon as the study runs again, in case a connection was cut once; then less and less often. */
export const PAUSES: readonly number[] = [0, 0, 1, 5, 15, 30, 60];

/** The identity that the manifest gave to an instance. */
export type PromisedIdentity = {
  readonly study_instance_uid: string;
  readonly series_instance_uid: string;
  readonly sop_instance_uid: string;
  readonly sop_class_uid: string;
  readonly transfer_syntax_uid: string;
};

/** The part of a policy that verify needs. The policy must be one that `createRules` accepts. */
export type PolicyRules =
  /** `strict`: odd instances are held (protocol/irregularities.ts). */
  | { readonly kind: 'identified'; readonly strict?: boolean | undefined }
  | {
      readonly kind: 'deidentified';
      readonly options: readonly string[];
      readonly settings: RulesSettings;
      /** The key that shows what was made under the policy's key; base64url. */
      readonly tagKey: string;
    };

export type Verdict =
  | { readonly kind: 'verified' }
  /** A person can decide, so the bytes are kept. */
  | { readonly kind: 'quarantined'; readonly because: ReasonCode }
  /** The instance can never be stored, so the bytes are not kept. */
  | { readonly kind: 'refused'; readonly because: ReasonCode };

/**
 * Judges an instance by its bytes (verify-instance.ts). Throws what the source throws, the signal's reason, and
 * ThreadEnded where the instance takes more time or memory than allowed.
 */
export type CheckInstance = (
  source: ByteSource,
  promised: PromisedIdentity,
  rules: PolicyRules,
  turn: Turn,
) => Promise<Verdict>;

/** `at`: fixed for a study at its destination, so that the same file always gives the same bytes. */
export type WantedValues = { readonly coercion: Coercion; readonly at: Date };
/** New bytes, or a range of the file. */
export type CoercedPiece = Uint8Array<ArrayBuffer> | ByteRange;
export type CoercedFile =
  | { readonly kind: 'coerced'; readonly pieces: readonly CoercedPiece[] }
  /** The instance already has these values. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'not-writable' };
/** Puts other values into an instance. Throws what the source throws, the signal's reason, and ThreadEnded. */
export type CoerceFile = (
  file: ByteSource,
  wanted: WantedValues,
  turn: Pick<Turn, 'account' | 'signal'>,
) => Promise<CoercedFile>;

/** The gateway's private keys by their id: the one that devices seal to now, and retired ones. */
export type SealingKeys = { get(keyId: string): CryptoKey | undefined };

/** The PACS to which a study goes, what this process has seen it take, and its own settings. */
type StudyPacs = {
  readonly pacs: Pacs;
  readonly takings: Takings;
  /** Notes how the PACS refuses what is stored there; null: it takes instances. */
  readonly noteStores?: ((refused: StoreRefusal | null) => Promise<void>) | undefined;
  readonly lagMinutes?: number | null;
  readonly proof?: WantedProof | null;
};

export type PipelineTools = {
  readonly db: Db;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  /** The PACS of the study, which is the same for all its uploads. Throws PacsUnreachable. */
  readonly pacsOf: (study: PlacedStudy) => Promise<StudyPacs>;
  readonly patience: PacsPatience;
  /** Null: `digest` where the PACS gives digests, otherwise `found`. */
  readonly proof: WantedProof | null;
  readonly blobs: Blobs;
  readonly keys: StudyKeys;
  /** Locks between gateways that share the database; null where this gateway has the database to itself. */
  readonly locks: SharedLocks | null;
  readonly policyKey: (of: NamedKey) => Promise<PolicyKey>;
  readonly restore: Restore;
  readonly check: CheckInstance;
  readonly coerce: CoerceFile;
  /** Signs a receipt, giving a compact JWS. */
  readonly signReceipt: (receipt: Receipt) => Promise<string>;
  /** The gateway's public URL, for receipts. */
  readonly issuer: string;
  readonly log: Log;
  readonly metrics: PipelineMetrics;
  readonly changes: StudyChanges;
  readonly now: () => Date;
  readonly newId: () => string;
};

/** Tools of a stage that talks to the PACS of its study. */
export type StudyTools = PipelineTools & Pick<StudyPacs, 'pacs' | 'takings' | 'noteStores'>;

/** The tools, with the destination's settings in place of the gateway's. */
export function toStudyTools(tools: PipelineTools, place: StudyPacs): StudyTools {
  const { pacs, takings, noteStores, lagMinutes = null, proof = null } = place;
  const { patience } = tools;
  return {
    ...tools,
    ...{ pacs, takings, noteStores, proof: proof ?? tools.proof },
    patience: lagMinutes === null ? patience : { ...patience, lagMinutes },
  };
}
