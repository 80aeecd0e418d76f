/** The tables of reviews. Typed text is sealed with the key of the case; chosen and measured answers are not sealed. */
import type { ColumnType, Generated } from 'kysely';
import type { Answers } from '#shared/protocol/review-forms.ts';
import type { PlaceState, ReviewState } from '#shared/protocol/review-state.ts';
import type { Decision, REVIEW_STEPS, ReviewDefinition } from '#shared/protocol/reviews.ts';

type Json<T> = ColumnType<T, string, string>;

/** Every version is kept, because a review continues with the version it was opened with. */
type ReviewTypeTable = {
  site_id: string;
  name: string;
  version: number;
  definition: Json<ReviewDefinition>;
  made_by: string;
  made_at: Date;
};

export type ReviewTable = {
  id: string;
  site_id: string;
  number: Generated<number>;
  case_id: string;
  type_name: string;
  type_version: number;
  /** A copy of the definition in the type's version, so that the list reads one row. */
  definition: Json<ReviewDefinition>;
  hides_finding: boolean;
  state: ReviewState;
  /** The place whose answers are final. */
  final_place: number | null;
  opened_by: string;
  /** The account that decides if readers differ, as chosen by whoever opened the review. */
  adjudicator: string | null;
  opened_at: ColumnType<Date, Date, never>;
  settled_at: Date | null;
};

export type ReviewPlaceTable = {
  review_id: string;
  place: number;
  version: number;
  state: PlaceState;
  account_id: string | null;
  assigned_at: Date | null;
  /** The event that contains the place's present answers. */
  decided_by_event: string | null;
  signed_at: Date | null;
};

/** The events of a review. They never change. */
export type ReviewEventTable = {
  review_id: string;
  /** Chosen by the device, so that a repeated request is recognised. */
  id: string;
  position: Generated<number>;
  place: number | null;
  /** Version of the place after this step. */
  version: number | null;
  step: (typeof REVIEW_STEPS)[number];
  /** Null: the gateway itself. */
  by_account: string | null;
  to_account: string | null;
  /** Whether the assigned account may have seen what is hidden from readers. */
  saw_hidden: Generated<boolean>;
  decision: Decision | null;
  /** The chosen and measured answers. */
  answers: Json<Answers> | null;
  /** The typed text. */
  sealed: Uint8Array | null;
  at: Date;
};

export type ReviewTables = {
  review_type: ReviewTypeTable;
  review: ReviewTable;
  review_place: ReviewPlaceTable;
  review_event: ReviewEventTable;
};
