/**
 * The versions of the device's schema. Every device is upgraded step by step to the newest version. A released
 * version never changes: changes go into a new one above it.
 */
import type { Transaction } from 'dexie';

export interface Rung {
  readonly version: number;
  readonly because: string;
  /** Dexie's notation: primary key first, then indexes; null drops a table. */
  readonly stores: Readonly<Record<string, string | null>>;
  /** Converts the rows of the version below to this one, inside the upgrade's own transaction. */
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
