/** `POST /upload/in-pacs` asks which instances of a study, confirmed earlier, the PACS still has. */
import { z } from 'zod';
import { uidSchema } from './forms.ts';

/** The most instances in one request. */
export const IN_PACS_AT_ONCE = 500;

export const inPacsQuestionSchema = z.object({
  studyInstanceUID: uidSchema,
  sopInstanceUIDs: z.array(uidSchema).min(1).max(IN_PACS_AT_ONCE),
});

/**
 * Instances that were confirmed to this caller and that the PACS, when asked, no longer has. The answer says nothing
 * about any others.
 */
export const inPacsAnswerSchema = z.object({ gone: z.array(uidSchema) });
