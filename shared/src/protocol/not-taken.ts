/**
 * Files that a script sent by tus or STOW-RS, and associations of modalities, that were not accepted completely. Only
 * the sender has the missing bytes: nothing can be released here, and the sender must send again what is needed. `GET
 * /uploads/not-taken`.
 */
import { z } from 'zod';
import { uidSchema } from './forms.ts';

/**
 * A study at the gateway, with the id of the upload to open it by, because page addresses contain no Study Instance
 * UID.
 */
export const studyHereSchema = z.object({ studyInstanceUID: uidSchema, uploadId: z.uuid() });
export type StudyHere = z.infer<typeof studyHereSchema>;

export const notTakenSchema = z.object({
  /** The id of the file: the last segment of its `Location`. */
  id: z.uuid(),
  cameAt: z.iso.datetime(),
  /** The account that sent the file. */
  username: z.string(),
  /** The name of the API key; null: none was used. */
  key: z.string().nullable(),
  policy: z.string(),
  /** The calling AE title of a modality; null: a script. */
  aeTitle: z.string().nullable(),
  /** The studies at the gateway to which the instances belong. */
  studies: z.array(studyHereSchema),
  /** The studies of which nothing is at the gateway, by the UID under which they would be sent. */
  studiesNotHere: z.array(uidSchema),
  /**
   * `reason`: a reason code. `places`: positions in a script's file, counted from 1. `sopInstanceUIDs`: the known UIDs,
   * as they would be sent. Both list at most the first `NAMED_LIMIT`.
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
/** The most places, instances or studies that are listed: nobody needs a list of thousands. */
export const NAMED_LIMIT = 5;
export type NotTakenFile = z.infer<typeof notTakenSchema>;

/** Newest first: at most 100 of them, and their total. */
export const notTakenListSchema = z.object({ total: z.number().int(), shown: z.array(notTakenSchema) });
export type NotTakenList = z.infer<typeof notTakenListSchema>;

/**
 * `GET /uploads/waiting`: counts of what was sent without a device and waits for a person. `notTaken`: instances of
 * `/uploads/not-taken`. `held`: instances of studies at the gateway. `transfers`: transfers of modalities, for
 * administrators. An instance counts once however often it was sent, as far as its UID is known.
 */
export const waitingSchema = z.object({
  notTaken: z.number().int(),
  held: z.number().int(),
  transfers: z.number().int(),
});
export type Waiting = z.infer<typeof waitingSchema>;
