/** The interface by which this feature sends annotations to the PACS; dicom-results/ implements it. */
import type { Annotation } from '#shared/protocol/annotations.ts';
import type { NewInstance } from '../results/result-instance.store.ts';

/** The facts from an image's header that annotations need. */
export type ImageFacts = {
  readonly sopClassUID: string;
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  /** mm between the centres of neighbouring pixels; null: the image does not say, or its frames differ. */
  readonly spacing: {
    readonly down: number;
    readonly across: number;
    /** Measured on the detector, where everything appears larger than in the patient (PS3.3 §10.7.1.3). */
    readonly isAtDetector: boolean;
  } | null;
};

/** The reading of a review that made the annotations. */
export type Reading = {
  /** The number of the reader's place; 0: the adjudicator's. */
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
 * Both functions take ownership of the bytes of the source, which is a whole instance. `look`: null if the instance is
 * no image. `sendAnnotations`: the report takes patient and study from this source; calling it again does not send the
 * report twice.
 */
export type AnnotationRoad = {
  look(source: Uint8Array, signal: AbortSignal): Promise<ImageFacts | null>;
  sendAnnotations(report: AnnotationsToSend, source: Uint8Array, signal: AbortSignal): Promise<NewInstance>;
};
