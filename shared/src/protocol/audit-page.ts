/** A page of the audit trail, newest first, with names for the ids in it (`GET /audit?order=newest`). */
import { z } from 'zod';
import { uidSchema } from './forms.ts';

export const auditRowSchema = z.object({
  seq: z.number().int(),
  at: z.iso.datetime(),
  event: z.string(),
  /** UIDs, ids, codes and counts; never a value of the data. */
  fields: z.record(z.string(), z.unknown()),
  hash: z.string(),
});
export type AuditRow = z.infer<typeof auditRowSchema>;

/** By the ids in the fields of the page's events. Nothing that was deleted, or is at another site, is among them. */
const auditNamesSchema = z.object({
  accounts: z.record(z.string(), z.string()),
  /** API keys. */
  keys: z.record(z.string(), z.string()),
  /** The number of each case. */
  cases: z.record(z.string(), z.number().int()),
  /** The browser and system of each device that named them. */
  devices: z.record(z.string(), z.string()),
  /** By Study Instance UID: the newest upload of the study. */
  studies: z.record(z.string(), z.uuid()),
});
export type AuditNames = z.infer<typeof auditNamesSchema>;

export const auditPageSchema = z.object({
  rows: z.array(auditRowSchema),
  /** The `before` of the following page; null: there is none. */
  next: z.string().nullable(),
  names: auditNamesSchema,
  /** The number of the trail's last event. */
  newest: z.number().int(),
  /** Readings of studies are being counted, and become events within a quarter of an hour. */
  readingsPending: z.boolean(),
  /** The study that was asked for: an id under which it can be asked for again, without its UID. */
  study: z.object({ id: z.uuid().nullable(), studyInstanceUID: uidSchema }).nullable(),
});
export type AuditPage = z.infer<typeof auditPageSchema>;

/** Everybody who may be behind an event. */
export const auditPeopleSchema = z.object({
  people: z.array(z.object({ id: z.uuid(), username: z.string(), disabled: z.boolean() })),
});
export type AuditPeople = z.infer<typeof auditPeopleSchema>;

/** `GET /audit/verify/events`: how far the check has come. */
export const auditProgressSchema = z.object({ checked: z.number().int(), of: z.number().int() });
