/** The page of destinations in an administrator's hands. */
import type { Locator, Page } from 'playwright-core';
import * as assert from 'uvu/assert';

/** The user name and password of the Orthanc of a test. */
export function credentialsOf({
  authorization,
}: {
  readonly authorization: string;
}): readonly [string, string] {
  const [username = '', password = ''] = Buffer.from(authorization.slice(6), 'base64').toString().split(':');
  return [username, password];
}

export async function openDestinations(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('link', { name: /^Destinations/ }).click();
  await page.getByRole('heading', { name: 'Destinations', exact: true }).waitFor();
}

const list = (page: Page): Locator => page.getByRole('table', { name: 'Destinations' });

/** The row of a destination in the list. */
export const rowOf = (page: Page, name: string): Locator =>
  list(page).getByRole('row').filter({ hasText: name });

/** Opens the details of a destination, whose name is letters and digits, from the list or from those of another one. */
export async function showDestination(page: Page, name: string): Promise<Locator> {
  const places = page.getByRole('navigation', { name: 'Administration' });
  await places.getByRole('link', { name: /^Destinations/ }).click();
  await list(page)
    .getByRole('link', { name: new RegExp(`^${name}\\s*(Primary)?$`) })
    .click();
  const shown = page.getByRole('article', { name, exact: true });
  await shown.waitFor();
  return shown;
}

/** The details of the new destination open once it is saved. */
export async function addDestination(page: Page, name: string, address: string): Promise<Locator> {
  await page.getByRole('button', { name: 'Add a destination' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Address', { exact: true }).fill(address);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  return page.getByRole('article', { name });
}

export async function chooseNeed(
  page: Page,
  destination: Locator,
  need: 'required' | 'also' | 'none',
): Promise<void> {
  const saved = page.waitForResponse((answer) => answer.request().method() === 'PUT');
  await destination.getByRole('combobox', { name: /^New studies / }).selectOption(need);
  assert.ok((await saved).ok());
}
