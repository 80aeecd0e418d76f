/**
 * Orders: who was to be examined, and under which numbers. They come from a modality worklist or from a list that a
 * person imports, and name patients: only those who may send read them (PROTOCOL.md, *Worklist*).
 */
import { z } from 'zod';

/** PS3.5 §6.2: no control characters, and no backslash, which parts values. */
const textSchema = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\\]*$/u);

/** Null: the order does not say. */
export const orderSchema = z.object({
  /** Person Name (PS3.5 §6.2.1): `Family^Given`. */
  patientName: textSchema(324),
  patientId: textSchema(64),
  /** Issuer of Patient ID. */
  issuer: textSchema(64).nullable(),
  birthDate: z.iso.date().nullable(),
  sex: z.enum(['M', 'F', 'O']).nullable(),
  accessionNumber: textSchema(16).nullable(),
  /** Requested Procedure ID. */
  procedureId: textSchema(16).nullable(),
  /** Scheduled Procedure Step ID. */
  stepId: textSchema(16).nullable(),
  /** Of the study, as ordered. */
  description: textSchema(64).nullable(),
  modality: z
    .string()
    .regex(/^[A-Z0-9_ ]{1,16}$/)
    .nullable(),
  /** The day for which it is planned. */
  scheduledOn: z.iso.date(),
  /** `HH:MM`. */
  scheduledAt: z.iso.time({ precision: -1 }).nullable(),
});
export type Order = z.infer<typeof orderSchema>;
