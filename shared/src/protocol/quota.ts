/**
 * Quotas on the wire: what an account may have announced that is not in the PACS, of how many patients a day it may
 * ask the pseudonyms, and its use of both.
 */
import { z } from 'zod';

/** No disk of a gateway holds more. */
const BYTES_LIMIT = 2 ** 50;
/** Rows that a database still finds its way in. */
const INSTANCES_LIMIT = 100_000_000;

export const quotaSchema = z.object({
  /** Uploads of which instances are still awaited, or are here and not in the PACS. */
  uploads: z.number().int().min(0).max(1_000_000),
  /**
   * Instances that are awaited, or here and not in the PACS, and all others of uploads that are under way: each is a
   * row, whatever its bytes.
   */
  instances: z.number().int().min(0).max(INSTANCES_LIMIT),
  /** Bytes of those that are awaited, or here and not in the PACS. */
  bytes: z.number().int().min(0).max(BYTES_LIMIT),
  /**
   * Patients whose pseudonyms it may ask for in a day (UTC). Somebody who may ask without end can try every Patient ID
   * there is.
   */
  patients: z.number().int().min(0).max(1_000_000),
});
export type Quota = z.infer<typeof quotaSchema>;

export const quotaUseSchema = z.object({ quota: quotaSchema, used: quotaSchema });
export type QuotaUse = z.infer<typeof quotaUseSchema>;

/** `GET /admin/quotas`. */
export const quotasSchema = z.object({
  /** For every account without one of its own. */
  site: quotaSchema,
  accounts: z.array(
    quotaUseSchema.extend({ id: z.uuid(), username: z.string(), own: quotaSchema.nullable() }),
  ),
});
export type Quotas = z.infer<typeof quotasSchema>;
