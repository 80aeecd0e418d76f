/**
 * Orders: who is to be examined, and under which numbers. They come from a modality worklist or an imported list, and
 * they name patients, so only roles that may send with names read them (protocol/cases.md, *Worklist*).
 */
import { z } from 'zod';
import type { Role } from './api.ts';
import { parseDimseAddress } from './dimse-address.ts';
import { uidSchema } from './forms.ts';

/** Roles that may send studies with names and see the patient. */
export const ORDER_READERS: readonly Role[] = ['technician', 'radiologist', 'admin'];

/**
 * PS3.5 §6.2: no control characters, and no backslash, which separates values. No U+FFFD either: it replaces a letter
 * that could not be read, so nobody would find the patient by it, and the PACS would store it.
 */
const textSchema = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\\\ufffd]*$/u, 'no backslash and no control characters');

/** In every field, null: the order does not say. */
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
  /** Description of the study, as ordered. */
  description: textSchema(64).nullable(),
  modality: z
    .string()
    .regex(/^[A-Z0-9_ ]{1,16}$/, 'capital letters, digits, spaces and _')
    .nullable(),
  /** The day of the planned examination. */
  scheduledOn: z.iso.date(),
  /** `HH:MM`. */
  scheduledAt: z.iso.time({ precision: -1 }).nullable(),
});
export type Order = z.infer<typeof orderSchema>;

/** The most days in one request; a technician asks for the day of a study. */
export const WORKLIST_DAYS = 31;
/** The most orders in one answer. */
export const WORKLIST_LIMIT = 500;

/** `GET /worklist`. */
export const worklistSchema = z.object({
  /** Sorted by day and time. */
  orders: z.array(orderSchema),
  /** Whether the site has any source of orders. */
  isSetUp: z.boolean(),
  /** Names of destinations whose worklist did not answer. */
  silent: z.array(z.string()),
  /** There are more orders than WORKLIST_LIMIT. */
  isCut: z.boolean(),
});
export type Worklist = z.infer<typeof worklistSchema>;

/** `POST /worklist/choices`: a person says that a study belongs to an order. */
export const orderChoiceSchema = z.object({ studyInstanceUID: uidSchema, order: orderSchema });
/** The time of the first such choice. It is written into the instances, so that sending again gives the same bytes. */
export const orderChosenSchema = z.object({ chosenAt: z.iso.datetime() });

/** More orders than a hospital plans in a month. */
export const IMPORT_ROWS_LIMIT = 10_000;
export const IMPORT_BYTES_LIMIT = 4 * 1024 * 1024;
/** The most faults that an answer lists. */
export const IMPORT_FAULTS_LIMIT = 200;
/** Imported orders are deleted after this many days. */
export const ORDERS_KEPT_DAYS = 30;
/** The columns of a list, in any order; further ones are ignored. */
export const ORDER_COLUMNS = [
  'patientName',
  'patientId',
  'issuer',
  'birthDate',
  'sex',
  'accessionNumber',
  'procedureId',
  'stepId',
  'description',
  'modality',
  'scheduledOn',
  'scheduledAt',
] as const satisfies readonly (keyof Order)[];
export type OrderColumn = (typeof ORDER_COLUMNS)[number];

/** `missing`: a column or a value that every order needs. `repeated`: an earlier row has the same order. */
const IMPORT_FAULTS = ['missing', 'invalid', 'repeated', 'broken', 'too-many'] as const;
export type OrderFault = {
  /** The row number as in a spreadsheet, where 1 is the header. */
  readonly row: number;
  readonly column: OrderColumn | null;
  readonly fault: (typeof IMPORT_FAULTS)[number];
};
/** `POST /worklist/import`. With any fault, nothing is imported. The answer contains no value of the list. */
export const orderImportSchema = z.object({
  /** Rows without a fault. */
  valid: z.number().int(),
  imported: z.number().int(),
  faults: z.array(
    z.object({
      row: z.number().int(),
      column: z.enum(ORDER_COLUMNS).nullable(),
      fault: z.enum(IMPORT_FAULTS),
    }),
  ),
  /** Faults beyond those listed. */
  moreFaults: z.number().int(),
});
export type OrderImport = z.infer<typeof orderImportSchema>;

/** `PUT /admin/destinations/{id}/worklist`: the address of the destination's modality worklist; null: none. */
export const worklistAddressSchema = z.strictObject({
  address: z
    .string()
    .max(2000)
    .refine((text) => parseDimseAddress(text) !== null, 'not an address of DIMSE')
    .nullable(),
});
