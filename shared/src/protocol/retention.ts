/** Schemas for `/admin/retention` and its holds, and the signed proof of a deletion. */
import { z } from 'zod';

/**
 * What is kept, by kind, in the order in which it is deleted:
 *
 *   receipts  of finished studies; the study still says that it arrived, and when
 *   results   findings of models and the verdicts on them, once their reports are in the PACS
 *   studies   finished studies with their uploads and receipts; the images stay in the PACS
 *   cases     closed cases with all that was written of them
 *   exports   the list of exports that have ended; their files end much sooner
 *   audit     is moved to an archive, and never deleted
 *   logs      log files in the data directory
 */
export const RETAINED = ['receipts', 'results', 'studies', 'cases', 'exports', 'audit', 'logs'] as const;
export type Retained = (typeof RETAINED)[number];

const daysSchema = z.number().int().min(1).max(36_500).nullable();
/** Days for which each kind is kept; null: for ever. */
export const retentionDaysSchema = z.strictObject({
  receipts: daysSchema,
  results: daysSchema,
  studies: daysSchema,
  cases: daysSchema,
  exports: daysSchema,
  /** Who has seen what of a case is looked up in the trail (gateway/src/reviews/who-saw.ts). */
  audit: z.number().int().min(365).max(36_500).nullable(),
  logs: daysSchema,
});
export type RetentionDays = z.infer<typeof retentionDaysSchema>;

/** What nobody has set. */
export const RETENTION_DEFAULT: RetentionDays = {
  receipts: null,
  results: null,
  studies: null,
  cases: null,
  exports: 90,
  audit: null,
  logs: null,
};

/** Why nothing was deleted of a kind in the last run, although something is due. */
export const RETENTION_TROUBLES = ['pacs-unreachable', 'holds-unknown', 'failed'] as const;

export const retentionSchema = z.object({
  days: retentionDaysSchema,
  /** `due`: what the next run deletes. `held`: due, but under a hold. `unproven`: due, but not in the PACS. */
  kinds: z.array(
    z.object({
      kind: z.enum(RETAINED),
      due: z.number().int(),
      held: z.number().int(),
      unproven: z.number().int(),
      /** When the next becomes due; null: nothing does, or it is due now. */
      nextAt: z.iso.datetime().nullable(),
    }),
  ),
  /** When the rules were last carried out; null: they never were. */
  ranAt: z.iso.datetime().nullable(),
  trouble: z.enum(RETENTION_TROUBLES).nullable(),
  /** The newest first. */
  deletions: z.array(
    z.object({ id: z.uuid(), kind: z.enum(RETAINED), count: z.number().int(), at: z.iso.datetime() }),
  ),
});
export type Retention = z.infer<typeof retentionSchema>;

const holdSubject = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('study'), studyInstanceUID: z.string().regex(/^[0-9.]{1,64}$/, 'a UID') }),
  z.strictObject({ of: z.literal('case'), number: z.number().int().min(1) }),
  /** As the PACS has it. */
  z.strictObject({ of: z.literal('patient'), patientId: z.string().trim().min(1).max(64) }),
]);

export const newHoldSchema = z.strictObject({
  subject: holdSubject,
  reason: z.string().trim().min(1).max(500),
});
export type NewHold = z.infer<typeof newHoldSchema>;

export const holdsSchema = z.object({
  holds: z.array(
    z.object({
      id: z.uuid(),
      /** Null: its key is gone. The hold stays in force, and nothing is deleted. */
      subject: holdSubject.nullable(),
      reason: z.string().nullable(),
      by: z.string(),
      at: z.iso.datetime(),
      endedAt: z.iso.datetime().nullable(),
    }),
  ),
});
export type Holds = z.infer<typeof holdsSchema>;

/** The JWS header's `typ`. */
export const DELETION_TYPE = 'relaypacs-deletion+jws';

/** What was deleted together, signed with the key of receipts. */
export const deletionSchema = z.object({
  /** The gateway's public URL. */
  iss: z.string(),
  id: z.uuid(),
  at: z.iso.datetime(),
  kind: z.enum(RETAINED),
  /** The rule: what was older than this many days. */
  days: z.number().int(),
  before: z.iso.datetime(),
  /**
   * One object each, without content. A study is named by its UID and the SHA-256 of its instances' UIDs and digests.
   */
  items: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))),
});
export type Deletion = z.infer<typeof deletionSchema>;
