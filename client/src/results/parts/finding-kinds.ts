/** The closed lists of values for which the pages about a finding have words. */
import type { z } from 'zod';
import type { Correction, verifyRequestSchema } from '#shared/protocol/inference.ts';

export type VerifyRequest = z.infer<typeof verifyRequestSchema>;
export type { Correction };

/** Why a model gave no answer. */
export type NoAnswer =
  | 'outside-population'
  | 'not-a-chest-film'
  | 'perhaps-no-chest-film'
  | 'turned'
  | 'no-reason';

/** A person's reason belongs to the finding that they gave it for; a different finding needs its own. */
export const reasonBefore = (before: VerifyRequest | null, finding: Correction | null): string =>
  (before !== null && before.finding === finding && before.reason) || '';
