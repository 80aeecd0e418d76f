/** The look at a screen that every walk takes. */
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { IS_WHOLE_PROOF } from '#testing/environment.ts';
import { inspectPage } from '#testing/inspect-page.ts';
import { namesHiddenFault } from './names-hidden.ts';
import type { ScreenName } from './screens.ts';

/** The main job, which the whole proof measures in longer words and both directions of writing; the lab does all. */
const IN_OTHER_LANGUAGES: ReadonlySet<ScreenName> = new Set([
  ...(['sign-in', 'upload-empty', 'upload-found', 'queue-offline', 'study-arrived', 'receipt'] as const),
]);

/** Accessible, targets large enough, nothing scrolls sideways, in the windows of `inspectPage`; names can be hidden. */
export async function looksRight(page: Page, name: ScreenName): Promise<void> {
  const isMeasured = IS_WHOLE_PROOF && IN_OTHER_LANGUAGES.has(name);
  const otherLanguages = isMeasured || process.env['RELAY_OTHER_LANGUAGES'] === 'yes';
  const faults = await inspectPage(page, name, { folder: process.env['RELAY_SCREENSHOTS'], otherLanguages });
  assert.equal(
    faults,
    [],
    `${name}\n${faults.map(({ window, theme, fault }) => `${window}, ${theme}: ${fault}`).join('\n')}`,
  );
  assert.is(await namesHiddenFault(page), null, name);
}
