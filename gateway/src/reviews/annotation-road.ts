/** The way of annotations to the PACS, as this feature needs it; dicom-results/ is it. */
import type { Annotation } from '#shared/protocol/annotations.ts';
import type { NewInstance } from '../results/result-instance.store.ts';

/** The facts of an image that annotations need; its header says them. */
export type ImageFacts = {
  readonly sopClassUID: string;
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  /** mm between the centres of two neighbours; null: the image does not say, or frames differ. */
  readonly spacing: {
    readonly down: number;
    readonly across: number;
    /** On the detector, where everything is larger than in the patient (PS3.3 §10.7.1.3). */
    readonly isAtDetector: boolean;
  } | null;
};

/** The reading of a review that made the annotations. */
export type Reading = {
  /** The reader's number; 0: the adjudicator's. */
  readonly place: number;
  readonly readers: number;
  /** The place whose answers stand. */
  readonly standing: number;
};

/** A report to send: the annotations of one study that a person signed. */
export type AnnotationsToSend = {
  readonly siteId: string;
  readonly reviewId: string;
  readonly reading: Reading;
  readonly annotations: readonly Annotation[];
  /** By SOP Instance UID. */
  readonly images: ReadonlyMap<string, ImageFacts>;
  readonly accountId: string;
  readonly signedAt: Date;
};

/**
 * Both take over the bytes of the source, a whole instance. `look`: null where it is no image. `sendAnnotations`: the
 * report names the patient and the study of this source, and is sent once however often it is asked for.
 */
export type AnnotationRoad = {
  look(source: Uint8Array, signal: AbortSignal): Promise<ImageFacts | null>;
  sendAnnotations(report: AnnotationsToSend, source: Uint8Array, signal: AbortSignal): Promise<NewInstance>;
};
