/**
 * The input of the builders of result instances (a model's finding on one image) and their output. It has plain
 * values only (no clock, no randomness, no store), so the same subject gives the same bytes.
 */
import type { InstanceIdentifiers, ParsedInstance } from '#shared/dicom/data-set.ts';
import type { TransferSyntaxUID } from '#shared/dicom/uid.ts';
import type { LungMasks } from '#shared/models/lung-fields.ts';
import type { ModelRef } from '#shared/models/model.ts';
import type { Finding, verifyRequestSchema } from '#shared/protocol/inference.ts';
import type { z } from 'zod';

const RESULT_KINDS = ['SR', 'SEG', 'SC'] as const;
export type ResultKind = (typeof RESULT_KINDS)[number];

/** Derives a UID from these words; other words give another UID. */
export type ResultUid = (...words: readonly string[]) => string;

export interface ResultSubject {
  /** The instance as the PACS has it. The result copies its patient and study byte for byte. */
  readonly source: ParsedInstance;
  readonly finding: Finding;
  /** Every model that contributed to the finding, including `finding.model`. */
  readonly models: readonly ModelRef[];
  /** The time of the first finding. Results of a de-identified study do not state it (`momentOf`). */
  readonly at: Date;
  /** The gateway's version, from package.json. */
  readonly softwareVersion: string;
  readonly uid: ResultUid;
  /**
   * Identifies in one word the question behind the result: image, models with their cards, and parameters. Two
   * results of one image have different keys, but their first instances are the same.
   */
  readonly key: string;
}

/** 8 bits a sample; red, green and blue of a pixel are adjacent; rows run from the top. */
export interface ColourPicture {
  readonly rows: number;
  readonly columns: number;
  readonly rgb: Uint8Array;
}

/** The maps to draw or to segment; null if there is none. `heatMap`: the map over the grey picture, of any size. */
export interface ResultMaps {
  readonly lungs: LungMasks | null;
  readonly heatMap: ColourPicture | null;
}

type VerifyRequest = z.infer<typeof verifyRequestSchema>;

/** The radiologist's verdict. */
export interface Verification {
  readonly verdict: VerifyRequest['verdict'];
  /** The corrected finding; null where the model was right. */
  readonly finding: NonNullable<VerifyRequest['finding']> | null;
  /** The radiologist's own words; they stay out of the SR of a de-identified study. */
  readonly reason: string | null;
  /** Signed reviews of the study contradict each other, and nobody has read it again since. */
  readonly isDisputed?: boolean;
  /** The person, as a PN; for a de-identified study, a pseudonym (`observerName`). */
  readonly by: string;
  readonly at: Date;
  /** The revision of the result: 2 for the first verification. */
  readonly revision: number;
  /**
   * The revision of the report that was sent last; if absent, the revision before this one. Verifications in quick
   * succession may share a report.
   */
  readonly follows?: number;
}

export interface BuiltResult {
  readonly kind: ResultKind;
  readonly identifiers: InstanceIdentifiers;
  readonly transferSyntaxUID: TransferSyntaxUID;
  readonly bytes: Uint8Array<ArrayBuffer>;
}
