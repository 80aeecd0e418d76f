/** The tables of cases. All that people typed is sealed under the case's key (cases/case-seal.ts). */
import type { ColumnType, Generated } from 'kysely';
import type { CaseViewFilters } from '#shared/protocol/case-views.ts';
import type { AttachmentKind, CaseStatus, NOTE_KINDS } from '#shared/protocol/cases.ts';
import type { ReviewTables } from './review-tables.ts';

/** `case` is a reserved word in SQL. */
export type CaseRecordTable = {
  id: string;
  site_id: string;
  number: Generated<number>;
  version: Generated<number>;
  status: CaseStatus;
  /** The place in CASE_PRIORITIES. */
  priority: number;
  /** YYYY-MM-DD. */
  due_on: string | null;
  assignee_id: string | null;
  /** Title and tags. */
  sealed: Uint8Array;
  /** Half of the case's key; the other half is a file (pipeline/study-key.ts). */
  wrapped_key: ColumnType<Uint8Array, Uint8Array, never>;
  /** A keyed hash of the Patient ID, once the PACS has told it. */
  patient_print: string | null;
  /** The number of a study that is not there yet, as a keyed hash. */
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
  /** Grows: two notes may be of one moment. */
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

/** Readings of a case by an account, in quarters of an hour since 1970: each is one audit event. */
type CaseReadingTable = { case_id: string; account_id: string; event: string; period: number };

/** An account was told the patient of a study in a list, once in a quarter of an hour since 1970. */
type StudyReadingTable = {
  account_id: string;
  site_id: string;
  study_instance_uid: string;
  period: number;
};

/** Somebody said that the study needs no reading here. */
type ReadingWaiverTable = {
  site_id: string;
  study_instance_uid: string;
  account_id: string;
  at: Date;
};

/** The studies whose numbers were compared with those that cases wait for, since they last changed. */
type CaseArrivalTable = {
  site_id: string;
  study_instance_uid: string;
  /** The change of the study that was compared. */
  looked_at: Date;
  compared_at: Date;
};

/** An import that is done. The same one again adds nothing. */
type CaseImportTable = {
  id: string;
  site_id: string;
  account_id: string;
  at: Date;
  opened: number;
  changed: number;
  unchanged: number;
};

/** A row of an import that is not done: the case as it will be. Typed words are sealed under the key of that case. */
export type CaseImportRowTable = {
  import_id: string;
  row: number;
  at: Date;
  case_id: string;
  /** Version of the case that the row changes; null: it opens a case. */
  version: number | null;
  status: CaseStatus;
  priority: number;
  due_on: string | null;
  assignee_id: string | null;
  /** Null: title and tags stay. */
  sealed: Uint8Array | null;
  /** Key of a new case. */
  wrapped_key: Uint8Array | null;
  patient_print: string | null;
  expects: 'accession-number' | 'patient-id' | null;
  expected_print: string | null;
  studies: string[];
  /** The names of the fields. */
  changed: string[];
};

/** A rule took a study: once, however often the study comes again. `case_id` null: somebody deleted the case. */
type CaseByRuleTable = {
  site_id: string;
  rule_name: string;
  study_instance_uid: string;
  case_id: string | null;
  at: Date;
};

/** A list that a person keeps. */
type CaseViewTable = {
  id: string;
  position: Generated<number>;
  account_id: string;
  /** Under a key of the gateway. */
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
