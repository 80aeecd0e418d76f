/** The device's own view of its queue: the rows of its database, read in the page. */
import type { Page } from 'playwright-core';

/** A row of the device's own list of studies (client/src/pipeline/queue/rows/local-database.ts). */
export type Row = {
  readonly id: string;
  readonly state: string;
  readonly packing: boolean;
  readonly waiting: string | null;
  readonly problem: string | null;
  readonly uploadId: string | null;
  readonly receiptId: string | null;
};
export type DeviceNow = {
  readonly studies: readonly Row[];
  readonly records: number;
  readonly parcels: number;
};

/** Enough for a person's step on a loaded machine; a tab that takes longer is opened again. */
export const PATIENCE_MS = 120_000;

/** Fails after PATIENCE_MS, because a page that hangs never answers. */
export async function within<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('the page does not answer')), PATIENCE_MS);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

/** Runs in the page: it sees nothing of this file. */
async function readRows(): Promise<DeviceNow | null> {
  const done = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  if (!(await indexedDB.databases()).some(({ name }) => name === 'relaypacs')) return null;
  const database = await done(indexedDB.open('relaypacs'));
  try {
    const stores = database.transaction(['studies', 'records', 'parcels']);
    const rows = (await done(stores.objectStore('studies').getAll())) as Row[];
    // The rest of a row, keys and titles among it, does not leave the page.
    const studies = rows.map(({ id, state, packing, waiting, problem, uploadId, receiptId }) => ({
      id,
      state,
      packing,
      waiting,
      problem,
      uploadId,
      receiptId,
    }));
    return {
      studies,
      records: await done(stores.objectStore('records').count()),
      parcels: await done(stores.objectStore('parcels').count()),
    };
  } finally {
    database.close();
  }
}

/** Null before the app has made its database. Throws where the tab is gone or hangs. */
export const readDevice = (tab: Page): Promise<DeviceNow | null> => within(tab.evaluate(readRows));

/** Every byte of it is in the device's database: from now on the page may die. */
export function isSafe(row: Row | undefined): boolean {
  return row !== undefined && !row.packing && row.waiting !== 'interrupted' && row.state !== 'taken-back';
}
