/** `POST /upload/in-pacs`: which instances of a study that were confirmed before does the PACS still have? */
import { z } from 'zod';
import { uidSchema } from './forms.ts';

/** The most instances of one question. */
export const IN_PACS_AT_ONCE = 500;

export const inPacsQuestionSchema = z.object({
  studyInstanceUID: uidSchema,
  sopInstanceUIDs: z.array(uidSchema).min(1).max(IN_PACS_AT_ONCE),
});

/** Instances confirmed to this caller that the PACS was asked for and no longer has. Of all others nothing is said. */
export const inPacsAnswerSchema = z.object({ gone: z.array(uidSchema) });
