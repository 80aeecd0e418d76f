/**
 * Why a study is sent with names, where the policy asks for it. A closed list: free text could hold a name, and the
 * audit trail keeps it for ever. Each is a code of PurposeOfUse (HL7 v3, 2.16.840.1.113883.1.11.20448), in the order
 * of this list: TREAT, ETREAT, PATRQT, HQUALIMP, PUBHLTH, HLEGAL.
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
