/** `/cases/unread-studies`: the studies of a site that nobody has read yet. */
import { z } from 'zod';
import { uidSchema } from './forms.ts';

/** Studies sent more days ago than this count as read elsewhere: a new site starts with years of old studies. */
export const UNREAD_DAYS = 30;
/** A higher count is shown as "many". */
export const UNREAD_COUNTED = 999;

const unreadStudySchema = z.object({
  studyInstanceUID: uidSchema,
  /** The upload by which a page shows the study; null: its upload no longer belongs to an account. */
  uploadId: z.uuid().nullable(),
  modalities: z.array(z.string()),
  sentAt: z.iso.datetime(),
  /** Marked for early reading. False where the caller may not know. */
  isEarly: z.boolean(),
  /** The newest case with the study; null: there is none. */
  caseId: z.uuid().nullable(),
  /** A review of that case is under way. */
  isAsked: z.boolean(),
});
export type UnreadStudy = z.infer<typeof unreadStudySchema>;

/**
 * `count`: the studies on all pages, up to UNREAD_COUNTED + 1; null: only a request without studies counts them.
 * `next`: the cursor of the next page; null: there is none.
 */
export const unreadStudiesSchema = z.object({
  studies: z.array(unreadStudySchema),
  count: z.number().int().nullable(),
  next: z.string().nullable(),
});
export type UnreadStudies = z.infer<typeof unreadStudiesSchema>;
