/** Shows the filters of a list, which are behind a button. */
import type { Page } from 'playwright-core';
import { focusAndPress } from '#testing/press.ts';

export const openFilters = (page: Page): Promise<void> =>
  focusAndPress(page.getByRole('button', { name: 'Filters', exact: true }), 'Enter');
