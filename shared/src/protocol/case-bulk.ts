/** `POST /cases/bulk`: changes to several cases, each as on the case's own page, and the outcome of each. */
import { z } from 'zod';
import { CASE_PRIORITIES, caseTagsSchema, noteTextSchema } from './cases.ts';

/** The most cases on one page of the list. */
const BULK_LIMIT = 200;

const bulkChangeSchema = z
  .object({
    id: z.uuid(),
    /** The version that the person saw. */
    version: z.number().int().min(1),
    set: z
      .object({
        status: z.enum(['open', 'on-hold']).optional(),
        priority: z.enum(CASE_PRIORITIES).optional(),
        tags: caseTagsSchema.optional(),
        assigneeId: z.uuid().nullable().optional(),
      })
      .optional(),
    close: z.object({ reason: noteTextSchema.optional() }).optional(),
    reopen: z.object({ reason: noteTextSchema }).optional(),
  })
  .refine(
    ({ set, close, reopen }) => [set, close, reopen].filter((one) => one !== undefined).length === 1,
    'one of set, close and reopen',
  );
export type BulkChange = z.infer<typeof bulkChangeSchema>;

export const bulkSchema = z.object({
  changes: z
    .array(bulkChangeSchema)
    .min(1)
    .max(BULK_LIMIT)
    .refine((changes) => new Set(changes.map(({ id }) => id)).size === changes.length, 'a case twice'),
});

export const bulkOutcomeSchema = z.object({
  cases: z.array(
    z.object({
      id: z.uuid(),
      /** The case's next version; null: the change was refused. */
      version: z.number().int().nullable(),
      /** The code of the problem. */
      refused: z.string().nullable(),
    }),
  ),
});
export type BulkOutcome = z.infer<typeof bulkOutcomeSchema>;
