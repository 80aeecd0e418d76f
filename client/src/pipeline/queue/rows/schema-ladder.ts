/**
 * The versions of the device's schema. Every device climbs the ladder from its version to the newest. After a
 * version is released its rung stays unchanged, and changes go into a new one above it.
 */
import type { Transaction } from 'dexie';

export interface Rung {
  readonly version: number;
  readonly because: string;
  /** Dexie's notation: primary key first, then indexes; null drops a table. */
  readonly stores: Readonly<Record<string, string | null>>;
  /** Brings the rows of the version below up to this one, inside the upgrade's own transaction. */
  readonly climb?: (transaction: Transaction) => Promise<void>;
}

export const LADDER: readonly Rung[] = [
  {
    version: 1,
    because: 'the first release',
    stores: {
      studies: 'id',
      instances: '[studyId+position], studyId, parcelId',
      parcels: 'id, studyId',
      records: '[parcelId+position], parcelId',
      withdrawals: '[studyId+sopInstanceUID+digest], studyId',
      reports: '[studyId+digest], studyId',
      receipts: 'id, studyId',
      device: 'name',
    },
  },
];
