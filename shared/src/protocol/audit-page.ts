/** A page of the audit trail, newest first, with names for the ids in it (`GET /audit?order=newest`). */
import { z } from 'zod';
import { uidSchema } from './forms.ts';

export const auditRowSchema = z.object({
  seq: z.number().int(),
  at: z.iso.datetime(),
  event: z.string(),
  /** UIDs, ids, codes and counts; never a value from the DICOM data. */
  fields: z.record(z.string(), z.unknown()),
  hash: z.string(),
});
export type AuditRow = z.infer<typeof auditRowSchema>;

/** Names for the ids in the events of the page. Ids that were deleted or belong to another site have none. */
const auditNamesSchema = z.object({
  accounts: z.record(z.string(), z.string()),
  /** The names of API keys. */
  keys: z.record(z.string(), z.string()),
  /** The number of each case. */
  cases: z.record(z.string(), z.number().int()),
  /** The browser and system of each device that reported them. */
  devices: z.record(z.string(), z.string()),
  destinations: z.record(z.string(), z.string()),
  /** The names of modalities that may store over DIMSE. */
  peers: z.record(z.string(), z.string()),
  /** By Study Instance UID: the id of the study's newest upload. */
  studies: z.record(z.string(), z.uuid()),
});
export type AuditNames = z.infer<typeof auditNamesSchema>;

export const auditPageSchema = z.object({
  rows: z.array(auditRowSchema),
  /** The value of `before` for the next page; null: there is none. */
  next: z.string().nullable(),
  names: auditNamesSchema,
  /** The sequence number of the trail's last event. */
  newest: z.number().int(),
  /** Accesses to studies have been counted that appear as events within a quarter of an hour. */
  readingsPending: z.boolean(),
  /** The requested study, with an id by which it can be requested again without its UID. */
  study: z.object({ id: z.uuid().nullable(), studyInstanceUID: uidSchema }).nullable(),
});
export type AuditPage = z.infer<typeof auditPageSchema>;

/** All accounts that may have caused an event. */
export const auditPeopleSchema = z.object({
  people: z.array(z.object({ id: z.uuid(), username: z.string(), disabled: z.boolean() })),
});
export type AuditPeople = z.infer<typeof auditPeopleSchema>;

/** `GET /audit/verify/events`: how far the check has come. */
export const auditProgressSchema = z.object({ checked: z.number().int(), of: z.number().int() });
