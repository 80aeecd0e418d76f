/** The tables of cases. All typed text is sealed with the case's key (cases/case-seal.ts). */
import type { ColumnType, Generated } from 'kysely';
import type { CaseViewFilters } from '#shared/protocol/case-views.ts';
import type { AttachmentKind, CaseStatus, NOTE_KINDS } from '#shared/protocol/cases.ts';
import type { ReviewTables } from './review-tables.ts';

/** Named `case_record` because `case` is a reserved word in SQL. */
export type CaseRecordTable = {
  id: string;
  site_id: string;
  number: Generated<number>;
  version: Generated<number>;
  status: CaseStatus;
  /** The index in CASE_PRIORITIES. */
  priority: number;
  /** YYYY-MM-DD. */
  due_on: string | null;
  assignee_id: string | null;
  /** Title and tags. */
  sealed: Uint8Array;
  /** Half of the case's key; the other half is a file (pipeline/stores/study-key.ts). */
  wrapped_key: ColumnType<Uint8Array, Uint8Array, never>;
  /** A keyed hash of the Patient ID, once the PACS has returned it. */
  patient_print: string | null;
  /** A keyed hash of the number of a study that has not arrived yet. */
  expects: 'accession-number' | 'patient-id' | null;
  expected_print: string | null;
  created_by: string;
  created_at: ColumnType<Date, Date, never>;
  changed_at: Date;
  closed_at: Date | null;
};

type CaseStudyTable = {
  case_id: string;
  site_id: string;
  study_instance_uid: string;
  added_at: Date;
};

export type CaseNoteTable = {
  id: string;
  /** Increases; two notes may have the same time. */
  position: Generated<number>;
  case_id: string;
  kind: (typeof NOTE_KINDS)[number];
  sealed: Uint8Array;
  by_account: string;
  at: Date;
};

type CaseAttachmentTable = {
  id: string;
  position: Generated<number>;
  case_id: string;
  kind: AttachmentKind;
  /** Size of the file itself. */
  bytes: number;
  sealed_name: Uint8Array;
  sealed: Uint8Array;
  by_account: string;
  at: Date;
};

/** An account's readings of a case, by quarters of an hour since 1970. Each is one audit event. */
type CaseReadingTable = { case_id: string; account_id: string; event: string; period: number };

/** An account saw the patient of a study in a list; one row for each quarter of an hour since 1970. */
type StudyReadingTable = {
  account_id: string;
  site_id: string;
  study_instance_uid: string;
  period: number;
};

/** A person's statement that the study need not be read here. */
type ReadingWaiverTable = {
  site_id: string;
  study_instance_uid: string;
  account_id: string;
  at: Date;
};

/** Studies whose numbers were compared, since their last change, with those that cases wait for. */
type CaseArrivalTable = {
  site_id: string;
  study_instance_uid: string;
  /** The time of the study's change that was compared. */
  looked_at: Date;
  compared_at: Date;
};

/** A finished import. Repeating it adds nothing. */
type CaseImportTable = {
  id: string;
  site_id: string;
  account_id: string;
  at: Date;
  opened: number;
  changed: number;
  unchanged: number;
};

/** A row of an unfinished import: the case as it will be. Typed text is sealed with the key of that case. */
export type CaseImportRowTable = {
  import_id: string;
  row: number;
  at: Date;
  case_id: string;
  /** The version of the case that the row changes; null: the row opens a case. */
  version: number | null;
  status: CaseStatus;
  priority: number;
  due_on: string | null;
  assignee_id: string | null;
  /** Null: title and tags are unchanged. */
  sealed: Uint8Array | null;
  /** Key of a new case. */
  wrapped_key: Uint8Array | null;
  patient_print: string | null;
  expects: 'accession-number' | 'patient-id' | null;
  expected_print: string | null;
  studies: string[];
  /** The names of the changed fields. */
  changed: string[];
};

/**
 * A rule opened a case for a study. That happens once, however often the study comes again. `case_id` null: the case
 * was deleted.
 */
type CaseByRuleTable = {
  site_id: string;
  rule_name: string;
  study_instance_uid: string;
  case_id: string | null;
  at: Date;
};

/** A view of the case list that a person has saved. */
type CaseViewTable = {
  id: string;
  position: Generated<number>;
  account_id: string;
  /** Sealed with a key of the gateway. */
  sealed_name: Uint8Array;
  filters: ColumnType<CaseViewFilters, string, string>;
};

export type CaseTables = ReviewTables & {
  case_import: CaseImportTable;
  case_import_row: CaseImportRowTable;
  case_record: CaseRecordTable;
  case_study: CaseStudyTable;
  case_note: CaseNoteTable;
  case_attachment: CaseAttachmentTable;
  case_reading: CaseReadingTable;
  study_reading: StudyReadingTable;
  reading_waiver: ReadingWaiverTable;
  case_arrival: CaseArrivalTable;
  case_view: CaseViewTable;
  case_by_rule: CaseByRuleTable;
};
