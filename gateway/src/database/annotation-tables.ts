/** The tables of annotations on images. Annotations are sealed with the key of the case. */

/** One row for each holder of a place; a new holder starts without annotations. */
export type ReviewAnnotationsTable = {
  review_id: string;
  place: number;
  account_id: string;
  version: number;
  /** Id of the request that made the last change, chosen by the device, so that a repeated request is recognised. */
  request_id: string;
  sealed: Uint8Array;
  /** The highest number that any mark of this reading has, or had. */
  last_number: number;
  changed_at: Date;
};

/**
 * The structured reports of a settled review, one for each signed reading and study. UIDs are set once a report is on
 * its way.
 */
export type ReviewReportTable = {
  review_id: string;
  place: number;
  study_instance_uid: string;
  series_instance_uid: string | null;
  sop_instance_uid: string | null;
  /** Why there is no report: a code. */
  because: string | null;
};

export type AnnotationTables = {
  review_annotations: ReviewAnnotationsTable;
  review_report: ReviewReportTable;
};
