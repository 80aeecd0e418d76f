/**
 * Schemas for quotas: how much an account may have announced that is not yet in the PACS, for how many patients a day
 * it may request pseudonyms, and its use of both.
 */
import { z } from 'zod';

/** More than any gateway's disk holds. */
const BYTES_LIMIT = 2 ** 50;
/** As many rows as a database still handles well. */
const INSTANCES_LIMIT = 100_000_000;

export const quotaSchema = z.object({
  /** Uploads with instances that are still awaited, or are at the gateway and not in the PACS. */
  uploads: z.number().int().min(0).max(1_000_000),
  /**
   * Instances that are awaited, or at the gateway and not in the PACS, and all others of uploads under way: each is a
   * row in the database, whatever its size.
   */
  instances: z.number().int().min(0).max(INSTANCES_LIMIT),
  /** Bytes of instances that are awaited, or at the gateway and not in the PACS. */
  bytes: z.number().int().min(0).max(BYTES_LIMIT),
  /**
   * Patients whose pseudonyms the account may request in a day (UTC). Without a limit, somebody could try every
   * possible Patient ID.
   */
  patients: z.number().int().min(0).max(1_000_000),
});
export type Quota = z.infer<typeof quotaSchema>;

export const quotaUseSchema = z.object({ quota: quotaSchema, used: quotaSchema });
export type QuotaUse = z.infer<typeof quotaUseSchema>;

/** `GET /admin/quotas`. */
export const quotasSchema = z.object({
  /** For every account without a quota of its own. */
  site: quotaSchema,
  accounts: z.array(
    quotaUseSchema.extend({ id: z.uuid(), username: z.string(), own: quotaSchema.nullable() }),
  ),
});
export type Quotas = z.infer<typeof quotasSchema>;
