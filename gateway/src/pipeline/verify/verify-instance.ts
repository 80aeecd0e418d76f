/**
 * Checks an instance against its promise. Its bytes are already known to be the promised ones. This file reads it as
 * DICOM, compares it with the manifest, and checks that the device applied the policy. It runs in a thread
 * (check-thread.ts), because the bytes come from the sender.
 */
import { claimedBoxes } from '#shared/dicom/boxes.ts';
import type { ByteSource, ParsedInstance } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { createTagCheck, type Pseudonyms } from '#shared/deid/pseudonyms.ts';
import { claimedReleases, openIrregularities } from '#shared/deid/released-oddities.ts';
import { checkResidue, OVER_LIMITS } from '#shared/deid/residue.ts';
import { createRules, type DeidRules } from '#shared/deid/rules.ts';
import { heldFor, treatmentOf, type Irregularity } from '#shared/protocol/irregularities.ts';
import { areCovered } from '#shared/pixels/check-cover.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { parseBase64Url } from '#shared/transfer/base64url.ts';
import type { PolicyRules, PromisedIdentity, Verdict } from '../plan/pipeline-tools.ts';

export type VerifyRules =
  | Extract<PolicyRules, { kind: 'identified' }>
  | { readonly kind: 'deidentified'; readonly rules: DeidRules; readonly pseudonyms: Pseudonyms };

/** Throws where the policy's rules are not possible. */
export async function toVerifyRules(policy: PolicyRules): Promise<VerifyRules> {
  if (policy.kind === 'identified') return policy;
  const made = createRules(policy.options, policy.settings);
  if (made.kind === 'refused') throw new Error(`a policy has rules that cannot be had: ${made.because}`);
  const pseudonyms = await createTagCheck(parseBase64Url(policy.tagKey));
  return { kind: 'deidentified', rules: made.rules, pseudonyms };
}

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
  const [odd] = oddities(read.instance, rules);
  if (odd !== undefined) return { kind: 'quarantined', because: odd };
  if (rules.kind === 'identified') return { kind: 'verified' };
  if (!(await isCoverTrue(read.instance, signal))) return { kind: 'quarantined', because: 'cover-mismatch' };
  // De-identifying a de-identified header again does not change it.
  const residue = await checkResidue(read.instance, rules.rules, rules.pseudonyms, signal);
  if (residue.length === 0) return { kind: 'verified' };
  const isTooMuch = residue.some(({ tag }) => tag === OVER_LIMITS);
  return { kind: 'quarantined', because: isTooMuch ? 'too-much-to-deidentify' : 'identity-remains' };
}

/**
 * Irregularities for which the instance is held. Under a policy that removes names: every irregularity that nobody
 * released on the device.
 */
function oddities(instance: ParsedInstance, rules: VerifyRules): readonly Irregularity[] {
  return rules.kind === 'identified'
    ? heldFor(instance.warnings, treatmentOf({ deidentify: false, strict: rules.strict }))
    : openIrregularities(instance, claimedReleases(instance.elements));
}

const codecs = loadCodecs();

/** Whether the boxes that the instance names as covered are blank. */
async function isCoverTrue(instance: ParsedInstance, signal: AbortSignal): Promise<boolean> {
  const boxes = claimedBoxes(instance.elements);
  return boxes !== null && (boxes.length === 0 || areCovered(instance, boxes, { codecs, signal }));
}
