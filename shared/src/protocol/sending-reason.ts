/**
 * Why a study is sent with names, if the policy asks. The list is closed: free text could hold a name, and the audit
 * trail keeps it for ever. Each entry stands for a code of PurposeOfUse (HL7 v3, 2.16.840.1.113883.1.11.20448), in this
 * order: TREAT, ETREAT, PATRQT, HQUALIMP, PUBHLTH, HLEGAL.
 */
import { z } from 'zod';

export const SENDING_REASONS = [
  'treatment',
  'emergency-treatment',
  'patient-request',
  'quality-improvement',
  'public-health',
  'legal-order',
] as const;
export const sendingReasonSchema = z.enum(SENDING_REASONS);
export type SendingReason = z.infer<typeof sendingReasonSchema>;
