/** What the modules of this feature need. */
import type { BlockList } from 'node:net';
import type { Db } from '../database/database.ts';
import type { SecretSeal } from '../destinations/seal-secrets.ts';
import type { StudyKeys } from '../pipeline/stores/study-key.ts';

export type WorklistTools = {
  readonly db: Db;
  /** The keys of imported lists, in a folder that holds nothing else. */
  readonly listKeys: StudyKeys;
  /** Opens the destinations' secrets, as some worklists are reached with their certificates. */
  readonly seal: SecretSeal;
  /** Addresses that the gateway must not connect to. */
  readonly blocked: BlockList;
  /** The keyed hash of a day or of an order's numbers: it can be compared, but not reversed. */
  readonly print: (text: string) => string;
  readonly now: () => Date;
  readonly newId: () => string;
};
