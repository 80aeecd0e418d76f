/** Schemas for backups: `/admin/backups`. */
import { z } from 'zod';

/** The public key of age (X25519, Bech32) that opens nothing and seals everything. */
export const recipientSchema = z.string().regex(/^age1[02-9ac-hj-np-z]{58}$/, 'a public key of age: age1…');
/** `relaypacs-2026-12-01T0800.age`, `before-0.4.0-20261201T080000Z.age`. */
export const backupNameSchema = z.string().regex(/^[a-z][\w.-]{1,80}\.age$/i);

export const backupPlanSchema = z.object({
  /** Null: none has begun, so that nothing is backed up. */
  recipient: recipientSchema.nullable(),
  /** Null: only when somebody asks for one. */
  everyHours: z.number().int().min(1).max(168).nullable(),
  /** How many scheduled ones are kept. */
  keep: z.number().int().min(1).max(100),
});
export type BackupPlan = z.infer<typeof backupPlanSchema>;

/** `password`: of the person who asks, where the recipient is another one. Whoever has its key can open backups. */
export const planBackupsSchema = backupPlanSchema.extend({
  password: z.string().max(1000).optional(),
  /** The recipient that the person saw; another one in its place is not replaced unseen. */
  replaces: recipientSchema.nullable().optional(),
});

/** Why the last try made none. */
export const BACKUP_TROUBLES = ['no-room', 'failed'] as const;

export const backupsSchema = z.object({
  plan: backupPlanSchema,
  /** The newest first. Each was read back whole after it was written. */
  backups: z.array(z.object({ name: backupNameSchema, bytes: z.number().int(), madeAt: z.iso.datetime() })),
  /** When the last good one was made. */
  lastAt: z.iso.datetime().nullable(),
  /** The plan asked for one long ago, and there is none. */
  isOverdue: z.boolean(),
  /** One is being made, or waits to be. */
  isUnderWay: z.boolean(),
  trouble: z.object({ because: z.enum(BACKUP_TROUBLES), at: z.iso.datetime() }).nullable(),
});
export type Backups = z.infer<typeof backupsSchema>;
