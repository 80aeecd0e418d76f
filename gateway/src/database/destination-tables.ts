/** The tables of destinations, of the rules that choose them, and of what a PACS was asked. */
import type { ColumnType, Generated, RawBuilder } from 'kysely';
import type { DestinationKind, WantedProof } from '#shared/protocol/destination.ts';
import type { Need } from '#shared/protocol/forms.ts';
import type { RuleKind } from '#shared/protocol/rule.ts';

/** A PACS to which studies go. */
export type DestinationTable = {
  id: Generated<string>;
  site_id: string;
  kind: DestinationKind;
  name: string;
  url: string;
  /** `destinationSettingsSchema` of shared/src/protocol/destination.ts: everything that may be shown. */
  settings: ColumnType<unknown, string, string>;
  /** Passwords, tokens and keys, under the gateway's key; null: there are none. */
  sealed: Uint8Array | null;
  /** `viewersSchema` of shared/src/protocol/viewer.ts: those that show what it holds. */
  viewers: ColumnType<unknown, string | undefined, string>;
  /** Where its modality worklist answers, as parseDimseAddress reads it; null: nowhere. */
  worklist: Generated<string | null>;
  /** New studies go to this one. */
  is_primary: boolean;
  from_environment: boolean;
  /** New studies also go there; null: only where it is the primary one. */
  need: Need | null;
  /** Grows with each change. */
  version: Generated<number>;
  changed_at: Date;
  /** Settings of its own; null: the gateway's, RELAY_PACS_LAG_MINUTES and RELAY_PACS_PROOF. */
  lag_minutes: Generated<number | null>;
  proof: Generated<WantedProof | null>;
  /** The size of a store request, set or learned (pipeline/batch-sizes.ts); null: the usual one. */
  batch_bytes: Generated<number | null>;
  /** The smallest store request that was refused for its size, until one as large passes. */
  refused_bytes: Generated<number | null>;
  refused_at: Generated<Date | null>;
  /** The refusal was found by *Test*, and by no request with instances. */
  limit_measured: Generated<boolean>;
  /** The HTTP status with which it last refused what is stored there, until it takes instances. */
  refusal_status: Generated<number | null>;
  /** In the place of the status: the Failure Reason by which it said of each instance that it is out of resources. */
  refusal_code: Generated<number | null>;
  refusal_since: Generated<Date | null>;
};

/** A rule by which studies are forwarded, or models look at them. */
type RuleTable = {
  site_id: string;
  kind: RuleKind;
  /** Place of the rule in the list of its kind, from 0. */
  position: number;
  /** `ruleSchema` of shared/src/protocol/rule.ts. */
  rule: ColumnType<unknown, string, never>;
  /** The administrator who saved the list with it. */
  made_by: string;
};

/** A question to a PACS about storage commitment (pipeline/commitment.store.ts). */
type CommitmentTable = {
  id: Generated<number>;
  transaction_uid: string;
  study_id: string;
  asked_minute: ColumnType<number, RawBuilder<number>, never>;
  /** Times of posting, by SOP Instance UID. */
  instances: ColumnType<unknown, string, RawBuilder<unknown>>;
  report: ColumnType<unknown, string | undefined, string>;
};

export type DestinationTables = {
  destination: DestinationTable;
  rule: RuleTable;
  commitment: CommitmentTable;
};
