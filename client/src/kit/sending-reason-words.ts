/** The words for why a study is sent with names: for a list of choices, and for use inside a sentence. */
import type { SendingReason } from '#shared/protocol/sending-reason.ts';

export const sendingReasonWords = {
  treatment: 'Treatment of the patient',
  'emergency-treatment': 'Emergency',
  'patient-request': 'Requested by the patient',
  'quality-improvement': 'Quality assurance',
  'public-health': 'Public health',
  'legal-order': 'Ordered by a court or an authority',
} satisfies Record<SendingReason, string>;

/** Null for an unknown code, which a newer gateway may send. */
export function reasonInSentence(code: unknown): string | null {
  if (typeof code !== 'string' || !Object.hasOwn(sendingReasonWords, code)) return null;
  const words = sendingReasonWords[code as SendingReason];
  return words.charAt(0).toLowerCase() + words.slice(1);
}
