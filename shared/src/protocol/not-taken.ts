/**
 * Files that a script sent by tus or STOW-RS, and associations of modalities, of which something was not taken. Its
 * bytes are at the sender alone: nothing can be released here, and what is needed is sent again from there.
 * `GET /uploads/not-taken`.
 */
import { z } from 'zod';
import { uidSchema } from './forms.ts';

/** A study here, and the upload by whose id it is opened: addresses name no study. */
export const studyHereSchema = z.object({ studyInstanceUID: uidSchema, uploadId: z.uuid() });
export type StudyHere = z.infer<typeof studyHereSchema>;

export const notTakenSchema = z.object({
  /** Of the file: the last segment of its `Location`. */
  id: z.uuid(),
  cameAt: z.iso.datetime(),
  /** The account that sent it. */
  username: z.string(),
  /** The API key, by its name; null: none. */
  key: z.string().nullable(),
  policy: z.string(),
  /** The calling AE title of a modality; null: a script. */
  aeTitle: z.string().nullable(),
  /** The studies here that they belong to. */
  studies: z.array(studyHereSchema),
  /** By the code of the reason. */
  notTaken: z.array(z.object({ reason: z.string(), instances: z.number().int() })),
});
export type NotTakenFile = z.infer<typeof notTakenSchema>;

/** The newest first: at most 100, and how many there are. */
export const notTakenListSchema = z.object({ total: z.number().int(), shown: z.array(notTakenSchema) });
export type NotTakenList = z.infer<typeof notTakenListSchema>;
