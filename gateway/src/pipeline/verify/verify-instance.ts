/**
 * One instance against its promise. Its bytes are already known to be the promised ones; this file reads it
 * as DICOM, compares it with the manifest, and checks that the device applied the policy.
 */
import type { ByteSource } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import type { DeidRules } from '#shared/deid/deidentify-instance.ts';
import type { Pseudonyms } from '#shared/deid/pseudonyms.ts';
import { checkResidue } from '#shared/deid/residue.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';

export type VerifyRules =
  | { readonly kind: 'identified' }
  | { readonly kind: 'deidentified'; readonly rules: DeidRules; readonly pseudonyms: Pseudonyms };

export type PromisedIdentity = {
  readonly study_instance_uid: string;
  readonly series_instance_uid: string;
  readonly sop_instance_uid: string;
  readonly sop_class_uid: string;
  readonly transfer_syntax_uid: string;
};

export type Verdict =
  | { readonly kind: 'verified' }
  /** A person can decide: the bytes are kept. */
  | { readonly kind: 'quarantined'; readonly because: ReasonCode }
  /** It can never be stored: the bytes are not kept. */
  | { readonly kind: 'refused'; readonly because: ReasonCode };

export async function verifyInstance(
  source: ByteSource,
  promised: PromisedIdentity,
  rules: VerifyRules,
  signal: AbortSignal,
): Promise<Verdict> {
  const read = await readInstance(source, signal);
  if (read.kind === 'refused') return { kind: 'refused', because: read.because };
  const { identifiers, transferSyntaxUID, meta } = read.instance;
  const same =
    identifiers.studyInstanceUID === promised.study_instance_uid &&
    identifiers.seriesInstanceUID === promised.series_instance_uid &&
    identifiers.sopInstanceUID === promised.sop_instance_uid &&
    identifiers.sopClassUID === promised.sop_class_uid &&
    transferSyntaxUID === promised.transfer_syntax_uid;
  if (!same) return { kind: 'refused', because: 'manifest-mismatch' };
  // PS3.10 §7.1: instances travel as files with File Meta Information; the device adds it if it was missing
  // (manifest: "with File Meta Information").
  if (meta === null) return { kind: 'refused', because: 'manifest-mismatch' };
  if (rules.kind === 'identified') return { kind: 'verified' };
  // De-identifying a de-identified header again does not change it.
  const residue = await checkResidue(read.instance, rules.rules, rules.pseudonyms);
  return residue.length === 0 ? { kind: 'verified' } : { kind: 'quarantined', because: 'identity-remains' };
}
