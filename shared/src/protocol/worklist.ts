/**
 * Orders: who was to be examined, and under which numbers. They come from a modality worklist or from a list that a
 * person imports, and name patients: only those who may send read them (protocol/cases.md, *Worklist*).
 */
import { z } from 'zod';
import type { Role } from './api.ts';
import { parseDimseAddress } from './dimse-address.ts';
import { uidSchema } from './forms.ts';

/** Roles that send studies with names, and see whose they are. */
export const ORDER_READERS: readonly Role[] = ['technician', 'radiologist', 'admin'];

/**
 * PS3.5 §6.2: no control characters, and no backslash, which parts values. U+FFFD stands for a letter that could not
 * be read: under it nobody is found, and it would stand in the PACS.
 */
const textSchema = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\\\ufffd]*$/u, 'no backslash and no control characters');

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
  /** Description of the study, as ordered. */
  description: textSchema(64).nullable(),
  modality: z
    .string()
    .regex(/^[A-Z0-9_ ]{1,16}$/, 'capital letters, digits, spaces and _')
    .nullable(),
  /** The day for which it is planned. */
  scheduledOn: z.iso.date(),
  /** `HH:MM`. */
  scheduledAt: z.iso.time({ precision: -1 }).nullable(),
});
export type Order = z.infer<typeof orderSchema>;

/** Days of one question; a technician asks for the day of a study. */
export const WORKLIST_DAYS = 31;
/** Orders of one answer. */
export const WORKLIST_LIMIT = 500;

/** `GET /worklist`. */
export const worklistSchema = z.object({
  /** By day and time. */
  orders: z.array(orderSchema),
  /** Whether the site has any source of orders. */
  isSetUp: z.boolean(),
  /** Names of destinations whose worklist did not answer. */
  silent: z.array(z.string()),
  /** There are more than WORKLIST_LIMIT. */
  isCut: z.boolean(),
});
export type Worklist = z.infer<typeof worklistSchema>;

/** `POST /worklist/choices`: a person says that a study is of an order. */
export const orderChoiceSchema = z.object({ studyInstanceUID: uidSchema, order: orderSchema });
/** The time of the first such choice: it stands in the instances, so that sending again gives the same bytes. */
export const orderChosenSchema = z.object({ chosenAt: z.iso.datetime() });

/** More than a hospital plans in a month. */
export const IMPORT_ROWS_LIMIT = 10_000;
export const IMPORT_BYTES_LIMIT = 4 * 1024 * 1024;
/** The most faults that an answer lists. */
export const IMPORT_FAULTS_LIMIT = 200;
/** Imported orders are forgotten after so many days. */
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

/** `missing`: a column or a value that every order needs. `repeated`: the order stands in an earlier row too. */
const IMPORT_FAULTS = ['missing', 'invalid', 'repeated', 'broken', 'too-many'] as const;
export type OrderFault = {
  /** The row as a spreadsheet counts: 1 is the header. */
  readonly row: number;
  readonly column: OrderColumn | null;
  readonly fault: (typeof IMPORT_FAULTS)[number];
};
/** `POST /worklist/import`. Where there is a fault, nothing is imported. No value of the list is in it. */
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

/** `PUT /admin/destinations/{id}/worklist`: where its modality worklist answers; null: nowhere. */
export const worklistAddressSchema = z.strictObject({
  address: z
    .string()
    .max(2000)
    .refine((text) => parseDimseAddress(text) !== null, 'not an address of DIMSE')
    .nullable(),
});
