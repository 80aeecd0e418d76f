/** The status line of the app, apart from the live region, which may say the same words a moment later. */
import type { Page } from 'playwright-core';

/** Until the line says exactly this. */
export const untilStatusSays = (page: Page, words: string): Promise<void> =>
  page.getByRole('region', { name: 'Status of this device' }).getByText(words, { exact: true }).waitFor();
