/**
 * The input of the builders of result instances (a model's finding on one image) and their output.
 * Plain values: no clock, no randomness, no store. The same subject gives the same bytes.
 */
import type { InstanceIdentifiers, ParsedInstance } from '#shared/dicom/data-set.ts';
import type { TransferSyntaxUID } from '#shared/dicom/uid.ts';
import type { LungMasks } from '#shared/models/lung-fields.ts';
import type { ModelRef } from '#shared/models/model.ts';
import type { Finding, verifyRequestSchema } from '#shared/protocol/inference.ts';
import type { z } from 'zod';

const RESULT_KINDS = ['SR', 'SEG', 'SC'] as const;
export type ResultKind = (typeof RESULT_KINDS)[number];

/** The UID of these words; other words give another UID. */
export type ResultUid = (...words: readonly string[]) => string;

export interface ResultSubject {
  /** The instance as the PACS has it: patient and study of the result are its own, byte for byte. */
  readonly source: ParsedInstance;
  readonly finding: Finding;
  /** Every model that had a part in it; the one of `finding.model` among them. */
  readonly models: readonly ModelRef[];
  /** The time of the first finding. Results of a de-identified study do not state it (`momentOf`). */
  readonly at: Date;
  /** The gateway's version, from package.json. */
  readonly softwareVersion: string;
  readonly uid: ResultUid;
  /**
   * Names the question behind the result (image, models with their cards, parameters) in one word. Two
   * results of one image differ in it; their first instances are the same.
   */
  readonly key: string;
}

/** 8 bits a sample, red, green and blue of a pixel next to each other, rows from the top. */
export interface ColourPicture {
  readonly rows: number;
  readonly columns: number;
  readonly rgb: Uint8Array;
}

/**
 * The maps to draw or segment; null where there is none. `heatMap`: the map over the grey picture, of any size.
 */
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
  /** The person, as a PN: under a de-identified study a pseudonym (`observerName`). */
  readonly by: string;
  readonly at: Date;
  /** The revision of the result: 2 for the first verification. */
  readonly revision: number;
  /**
   * The revision of the report that was sent last; if absent, the one before this. Verifications that come
   * close together may share a report.
   */
  readonly follows?: number;
}

export interface BuiltResult {
  readonly kind: ResultKind;
  readonly identifiers: InstanceIdentifiers;
  readonly transferSyntaxUID: TransferSyntaxUID;
  readonly bytes: Uint8Array<ArrayBuffer>;
}
