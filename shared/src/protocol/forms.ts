/** The forms of names used everywhere on the wire. */
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
 * The part of a further destination in a study. `required`: the study is in the PACS, and the device lets go, when this
 * one has it too. `also`: it gets the study, and nobody waits for it.
 */
export const needSchema = z.enum(['required', 'also']);
export type Need = z.infer<typeof needSchema>;

/** Instances that a sender did not promise, by cause (withheld.ts). */
export const withheldSchema = z.partialRecord(
  z.enum(WITHHELD_CAUSES),
  z.number().int().min(1).max(MANIFEST_INSTANCE_LIMIT),
);

/** A name or Patient ID of which a search is made. */
export const patientSchema = z.string().trim().max(PATIENT_LENGTH).regex(PATIENT);
