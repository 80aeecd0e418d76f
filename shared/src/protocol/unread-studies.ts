/** `/cases/unread-studies`: the studies of a site that wait to be read. */
import { z } from 'zod';
import { uidSchema } from './forms.ts';

/** A study that was sent before that was read elsewhere: sites begin with years of them. */
export const UNREAD_DAYS = 30;
/** More than these are "many". */
export const UNREAD_COUNTED = 999;

const unreadStudySchema = z.object({
  studyInstanceUID: uidSchema,
  /** Under which a page shows the study; null: its upload is of no account any more. */
  uploadId: z.uuid().nullable(),
  modalities: z.array(z.string()),
  sentAt: z.iso.datetime(),
  /** Marked for early reading. False where the caller is not to know. */
  isEarly: z.boolean(),
  /** The newest case with it; null: there is none. */
  caseId: z.uuid().nullable(),
  /** A review of that case is under way. */
  isAsked: z.boolean(),
});
export type UnreadStudy = z.infer<typeof unreadStudySchema>;

/** `count`: of all pages, up to UNREAD_COUNTED + 1. `next`: the cursor of the following page; null: there is none. */
export const unreadStudiesSchema = z.object({
  studies: z.array(unreadStudySchema),
  count: z.number().int(),
  next: z.string().nullable(),
});
export type UnreadStudies = z.infer<typeof unreadStudiesSchema>;
