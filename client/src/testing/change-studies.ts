/** The studies that a device keeps, changed as only time or a fault changes them. */
import type { Page } from 'playwright-core';

type Change = (study: Record<string, number>) => object;

async function changeAll(change: Change): Promise<void> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const asked = indexedDB.open('relaypacs');
    asked.addEventListener('success', () => resolve(asked.result));
    asked.addEventListener('error', () => reject(asked.error!));
  });
  const writing = database.transaction('studies', 'readwrite');
  const studies = writing.objectStore('studies');
  const all = studies.getAll();
  all.addEventListener('success', () => {
    for (const study of all.result as Record<string, number>[]) studies.put({ ...study, ...change(study) });
  });
  await new Promise((resolve) => writing.addEventListener('complete', resolve));
  database.close();
}

/** `change` runs in the page, and sees nothing of the file it is written in: what is different about a study. */
export const changeStudies = (page: Page, change: Change): Promise<void> =>
  page.evaluate(`(${String(changeAll)})(${String(change)})`);
