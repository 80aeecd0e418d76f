/** A day of studies on one device: patients of whom two have one name, and their way to the PACS. */
import type { Page } from 'playwright-core';
import { filesOf, instancesSentBy, sendStudy } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import type { Stage } from '#testing/screen-walk.ts';

const ANNA = 'Meier^Anna';
export const PATIENTS = [
  { name: ANNA, id: 'PAT-1001' },
  { name: ANNA, id: 'PAT-2002' },
  { name: 'Kurz^Bo', id: 'PAT-3003' },
  { name: 'Lang^Cem', id: 'PAT-4004' },
] as const;

/** Queues a study of two instances for each of these patients. */
export async function queue(
  { page, seed }: Stage,
  patients: readonly { name: string; id: string }[],
): Promise<void> {
  for (const [nth, patient] of patients.entries()) {
    await page.getByRole('link', { name: 'Upload' }).click();
    await sendStudy(page, filesOf({ seed: seed(nth + 1), series: 1, instancesPerSeries: 2, patient }));
  }
}

export async function untilInPacs(stage: Stage, count: number): Promise<void> {
  await until(
    `${count} images to be in the PACS`,
    async () => (await instancesSentBy(stage, stage.account.username)) === count,
  );
  await stage.page.getByText('Nothing is waiting on this device').waitFor();
}

export const untilRows = (page: Page, count: number) => expect(page.locator('.queue-row')).toHaveCount(count);
export const search = (page: Page, text: string) => page.getByLabel('Search').fill(text);

/** Uploads that have no answer: studies stay on the device. */
export const UPLOADS = /\/api\/upload\/(init|files)/;
export const holdUploads = ({ visitor }: Stage) => visitor.route(UPLOADS, (route) => route.abort());
