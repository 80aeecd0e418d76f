/** The tables of destinations, of the rules that choose them, and of requests for storage commitment. */
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
  /** `destinationSettingsSchema` of shared/src/protocol/destination.ts: all settings that are not secret. */
  settings: ColumnType<unknown, string, string>;
  /** Passwords, tokens and keys, sealed with the gateway's key; null: there are none. */
  sealed: Uint8Array | null;
  /** The variables or files that a configuration named for them; null: a person typed them. */
  secret_from: ColumnType<unknown, string | null | undefined, string | null>;
  /** `viewersSchema` of shared/src/protocol/viewer.ts: viewers that show what the destination holds. */
  viewers: ColumnType<unknown, string | undefined, string>;
  /** The address of its modality worklist, as parseDimseAddress reads it; null: it has none. */
  worklist: Generated<string | null>;
  /** New studies go to this destination. */
  is_primary: boolean;
  from_environment: boolean;
  /** Whether new studies also go there although it is not the primary one, and whether they must; null: they do not. */
  need: Need | null;
  /** Increases with each change. */
  version: Generated<number>;
  changed_at: Date;
  /** The destination's own settings; null: the gateway's, RELAY_PACS_LAG_MINUTES and RELAY_PACS_PROOF. */
  lag_minutes: Generated<number | null>;
  proof: Generated<WantedProof | null>;
  /** The size of a store request, set or learned (pipeline/pacs/batch-sizes.ts); null: the usual one. */
  batch_bytes: Generated<number | null>;
  /** The smallest store request that was refused for its size, until a request of that size passes. */
  refused_bytes: Generated<number | null>;
  refused_at: Generated<Date | null>;
  /** True: *Test* found the refusal, not a request with instances. */
  limit_measured: Generated<boolean>;
  /** The HTTP status with which it last refused to store instances; null again once it takes instances. */
  refusal_status: Generated<number | null>;
  /** Instead of the status: the Failure Reason with which it reported for each instance that it is out of resources. */
  refusal_code: Generated<number | null>;
  refusal_since: Generated<Date | null>;
};

/** A rule that forwards studies, or has models look at them. */
type RuleTable = {
  site_id: string;
  kind: RuleKind;
  /** Index of the rule in the list of its kind, from 0. */
  position: number;
  /** `ruleSchema` of shared/src/protocol/rule.ts. */
  rule: ColumnType<unknown, string, never>;
  /** The administrator who saved the list that contains it. */
  made_by: string;
};

/** A request for storage commitment (pipeline/stores/commitment.store.ts). */
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
