/** The tables of annotations on images. They are sealed under the key of the case. */

/** A row for each holder of a place: whoever is given a place begins with none. */
export type ReviewAnnotationsTable = {
  review_id: string;
  place: number;
  account_id: string;
  version: number;
  /** Id of the request that made the last change, from the device: a repeated request is known by it. */
  request_id: string;
  sealed: Uint8Array;
  /** The highest number that a mark of this reading has or had. */
  last_number: number;
  changed_at: Date;
};

/** The structured reports of a settled review, one a signed reading and study; UIDs once they are on their way. */
export type ReviewReportTable = {
  review_id: string;
  place: number;
  study_instance_uid: string;
  series_instance_uid: string | null;
  sop_instance_uid: string | null;
  /** Why there is none: a code. */
  because: string | null;
};

export type AnnotationTables = {
  review_annotations: ReviewAnnotationsTable;
  review_report: ReviewReportTable;
};
