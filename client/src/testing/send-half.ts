/** A study that is held in the middle of its way, and what becomes of the account that sent it. */
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { ADMIN, ask } from '#testing/accounts.ts';
import { choose, instancesSentBy, keepScripts, largeFilesOf } from '#testing/app-page.ts';
import { until } from '#testing/gateway-under-test.ts';
import type { Stage } from '#testing/screen-walk.ts';

const INSTANCES = 6;
/** The bytes of a study after which the link is held: it is on its way but has not arrived. */
const HALF_BYTES = 300_000;

type DeviceNow = {
  readonly rights: readonly { name: string; enrolled: boolean; extractable: boolean }[];
  readonly records: number;
  readonly receipts: number;
};

/** Rights, parcels and receipts in the browser's database. */
export function deviceNow(page: Page): Promise<DeviceNow> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open('relaypacs'));
    const stores = database.transaction(['device', 'records', 'receipts']);
    const rows = (await done(stores.objectStore('device').getAll())) as {
      name: string;
      value: { deviceId?: string | null; keys?: CryptoKeyPair };
    }[];
    const rights = rows.filter(({ name }) => name.startsWith('right/'));
    const now = {
      rights: rights.map(({ name, value }) => ({
        name,
        enrolled: typeof value.deviceId === 'string',
        extractable: value.keys?.privateKey.extractable ?? true,
      })),
      records: await done(stores.objectStore('records').count()),
      receipts: await done(stores.objectStore('receipts').count()),
    };
    database.close();
    return now;
  });
}

/** Chooses a study, presses Send, and holds the link when half of it has left. */
export async function sendHalf({ page, link, seed }: Stage): Promise<{ resume(): void }> {
  await choose(page, largeFilesOf(seed(1), INSTANCES));
  await keepScripts(page);
  const middle = link.pauseAfter(HALF_BYTES);
  await page.getByRole('button', { name: /^Send \d/ }).click();
  await middle.reached;
  await page.getByText('You can close this page', { exact: false }).waitFor();
  return middle;
}

export async function untilArrived(stage: Stage, username = stage.account.username): Promise<void> {
  await until('the study to be in the PACS, and its receipt here', async () => {
    const now = await deviceNow(stage.page);
    return now.records === 0 && now.receipts === 1;
  });
  assert.is(await instancesSentBy(stage, username), INSTANCES);
}

export async function signOut({ page, account }: Stage): Promise<void> {
  await page.getByRole('button', { name: `Account of ${account.username}` }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
}

export async function setDisabled({ gateway, account }: Stage, disabled: boolean): Promise<void> {
  const path = `/admin/users/${account.id}`;
  const answer = await ask(gateway, ADMIN, { method: 'PATCH', path, body: { disabled } });
  assert.is(answer.status, 200);
}
