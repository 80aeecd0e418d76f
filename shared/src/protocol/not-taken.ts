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
  /** The file's id: the last segment of its `Location`. */
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
  /** The studies that they belong to and of which nothing is here: by the UID under which they would be sent. */
  studiesNotHere: z.array(uidSchema),
  /**
   * By the code of the reason. `places`: of a script's file, the first ones in it, counted from 1. `sopInstanceUIDs`:
   * the first ones that are known, as they would be sent. Of each at most `NAMED_LIMIT`.
   */
  notTaken: z.array(
    z.object({
      reason: z.string(),
      instances: z.number().int(),
      places: z.array(z.number().int()),
      sopInstanceUIDs: z.array(uidSchema),
    }),
  ),
});
/** The most places, instances or studies that are named: of thousands a person needs no list. */
export const NAMED_LIMIT = 5;
export type NotTakenFile = z.infer<typeof notTakenSchema>;

/** The newest first: at most 100, and how many there are. */
export const notTakenListSchema = z.object({ total: z.number().int(), shown: z.array(notTakenSchema) });
export type NotTakenList = z.infer<typeof notTakenListSchema>;

/**
 * `GET /uploads/waiting`: counts of what was sent without a device and waits for a person. `notTaken`: instances of
 * `/uploads/not-taken`; `held`: instances of studies here; `transfers`: of modalities, which administrators answer.
 * None counts twice, however often it was sent, as far as its UID is known.
 */
export const waitingSchema = z.object({
  notTaken: z.number().int(),
  held: z.number().int(),
  transfers: z.number().int(),
});
export type Waiting = z.infer<typeof waitingSchema>;
