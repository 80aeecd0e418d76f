/** Keys of a person: each goes to a page at rest, and where the focus has been seen. */
import type { Locator, Page } from 'playwright-core';
import { untilAtRest } from './at-rest.ts';
import { expect } from './expect.ts';

/** Presses the keys one after the other on the control that has the focus already. */
export async function pressOn(control: Locator, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await untilAtRest(control.page());
    await expect(control).toBeFocused();
    await control.page().keyboard.press(key);
  }
}

/** Presses the keys one after the other: shortcuts, which the page hears wherever the focus is. */
export async function pressKey(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await untilAtRest(page);
    await page.keyboard.press(key);
  }
}

/**
 * Puts the focus on a control as soon as it can take it. At rest, because a dialog that is no longer seen has yet to
 * hand the focus on.
 */
export async function focusOn(control: Locator): Promise<void> {
  await control.waitFor();
  await expect(control).toBeEnabled();
  await untilAtRest(control.page());
  await control.focus();
}

/** Presses the keys one after the other on the control, once it has the focus. */
export async function focusAndPress(control: Locator, ...keys: readonly string[]): Promise<void> {
  await focusOn(control);
  await pressOn(control, ...keys);
}
