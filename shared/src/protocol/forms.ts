/** Schemas of identifiers that are used all over the protocol. */
import { z } from 'zod';
import { PATIENT, PATIENT_LENGTH } from './typed-patient.ts';
import { isUid, UID_LENGTH_LIMIT } from '../dicom/uid.ts';
import { MANIFEST_INSTANCE_LIMIT } from './limits.ts';
import { WITHHELD_CAUSES } from './withheld.ts';

export const uidSchema = z
  .string()
  .max(UID_LENGTH_LIMIT)
  .refine(isUid, 'not a UID (PS3.5 §9.1)')
  .describe('A UID (PS3.5 §9.1).');

export const digestSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits in lower case')
  .describe('SHA-256 in lower-case hexadecimal.');

/**
 * How much a study needs a further destination. `required`: the study counts as in the PACS, and the device deletes its
 * copy, only once this destination has it too. `also`: the destination gets the study, but nobody waits for it.
 */
export const needSchema = z.enum(['required', 'also']);
export type Need = z.infer<typeof needSchema>;

/** Instances that a sender did not promise to send, by cause (withheld.ts). */
export const withheldSchema = z.partialRecord(
  z.enum(WITHHELD_CAUSES),
  z.number().int().min(1).max(MANIFEST_INSTANCE_LIMIT),
);

/** A name or Patient ID to search for. */
export const patientSchema = z.string().trim().max(PATIENT_LENGTH).regex(PATIENT);
