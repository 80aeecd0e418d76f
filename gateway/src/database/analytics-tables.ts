/**
 * The tables behind figures. For cohorts: the sex and age band of a study's patient, as far as its images state them.
 */
import type { JSONColumnType } from 'kysely';
import type { AgeBand, Sex } from '#shared/protocol/analytics.ts';
import type { Role } from '#shared/protocol/api.ts';
import type { DataSet } from '#shared/protocol/private-figures.ts';

/**
 * Contains neither a name nor a date: only an age band of ten years, and one letter. Null: the images do not state it.
 */
type StudyCohortTable = {
  site_id: string;
  study_instance_uid: string;
  sex: Sex | null;
  age_band: AgeBand | null;
};

/** How many answers with noise were given to accounts of a role in a month, YYYY-MM. */
type PrivacyBudgetTable = {
  site_id: string;
  data_set: DataSet;
  role: Role;
  month: string;
  queries: number;
};

/** An answer with noise that counts against a role's budget. */
type PrivateAnswerTable = {
  site_id: string;
  data_set: DataSet;
  role: Role;
  month: string;
  /** A hash of the question's days and cohort. */
  question: string;
  answer: JSONColumnType<object>;
};

/** The uploads of a day, as columns. Computed again where `upload_day_changed` contains the day. */
type UploadDayTable = {
  site_id: string;
  /** A date. */
  day: string;
  /** `DayFacts` of analytics/upload-days.ts. */
  facts: unknown;
};
/** The results of a day. Computed again where `result_day_changed` contains the day. */
type ResultDayTable = {
  site_id: string;
  /** A date. */
  day: string;
  /** `ResultFacts` of analytics/result-days.ts. */
  facts: unknown;
};
/** The readings of reviews that were opened on a day. Computed again where `review_day_changed` contains the day. */
type ReviewDayTable = {
  site_id: string;
  /** A date. */
  day: string;
  /** `ReviewFacts` of analytics/review-days.ts. */
  facts: unknown;
};
/** Triggers add a row at every change. */
type ChangedDayTable = { site_id: string; day: string };

export type AnalyticsTables = {
  study_cohort: StudyCohortTable;
  privacy_budget: PrivacyBudgetTable;
  private_answer: PrivateAnswerTable;
  upload_day: UploadDayTable;
  upload_day_changed: ChangedDayTable;
  result_day: ResultDayTable;
  result_day_changed: ChangedDayTable;
  review_day: ReviewDayTable;
  review_day_changed: ChangedDayTable;
};
