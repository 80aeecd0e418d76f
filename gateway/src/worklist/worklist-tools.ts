/** The tools of this feature's parts. */
import type { BlockList } from 'node:net';
import type { Db } from '../database/database.ts';
import type { SecretSeal } from '../destinations/seal-secrets.ts';
import type { StudyKeys } from '../pipeline/study-key.ts';

export type WorklistTools = {
  readonly db: Db;
  /** In a folder of their own, where nothing but imported lists has a key. */
  readonly listKeys: StudyKeys;
  /** Secrets of destinations: some worklists are reached with their certificates. */
  readonly seal: SecretSeal;
  /** Addresses that are not connected to. */
  readonly blocked: BlockList;
  /** The keyed hash of a day, or of the numbers of an order: it can be compared, and not turned back. */
  readonly print: (text: string) => string;
  readonly now: () => Date;
  readonly newId: () => string;
};
