/** Schemas for `/admin/storage`: the disk, what occupies it, and what nothing needs any more. */
import { z } from 'zod';

export const STORED = [
  'database',
  'parcels',
  'files',
  'inputs',
  'exports',
  'models',
  'audit',
  'backups',
  'logs',
  'pacs',
  'viewer',
  'reserve',
  'other',
] as const;

export const storageSchema = z.object({
  /** Of the data directory. Below `floorBytes` nothing new is taken. */
  disk: z.object({
    bytes: z.number().int(),
    freeBytes: z.number().int(),
    floorBytes: z.number().int(),
    isLow: z.boolean(),
  }),
  /** The largest first. `elsewhere`: on another disk, or another machine. */
  parts: z.array(z.object({ what: z.enum(STORED), bytes: z.number().int(), elsewhere: z.boolean() })),
  /** The largest tables with their indexes. */
  tables: z.array(z.object({ name: z.string(), bytes: z.number().int(), rows: z.number().int() })),
  /** Files that no row names. */
  orphans: z.object({ files: z.number().int(), bytes: z.number().int() }),
});
export type Storage = z.infer<typeof storageSchema>;
