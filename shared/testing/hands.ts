/**
 * A person's hands on a page: mouse and finger, or the keyboard alone. The keyboard reaches a control as people do, by
 * Tab, so a control that Tab does not reach fails the test.
 */
import type { Locator, Page } from 'playwright-core';
import { pressKey, pressOn } from './press.ts';

export type Hands = {
  readonly are: 'mouse and touch' | 'keyboard';
  /** A button or a link. */
  press(what: Locator): Promise<void>;
  /** A radio button or a checkbox. */
  tick(what: Locator): Promise<void>;
  type(what: Locator, text: string): Promise<void>;
  /** An option of a select, by its words. */
  pick(what: Locator, option: string): Promise<void>;
};

/** The finger presses, the mouse ticks. */
export const mouseAndTouch = (): Hands => ({
  are: 'mouse and touch',
  press: (what) => what.tap(),
  tick: (what) => what.click(),
  type: (what, text) => what.fill(text),
  pick: async (what, option) => void (await what.selectOption({ label: option })),
});

/** More controls than a page has. */
const TABS = 250;

/** Presses Tab until `isThere`. */
async function tabTo(page: Page, what: Locator, isThere: (found: Element) => boolean): Promise<void> {
  await what.waitFor({ state: 'attached' });
  for (let pressed = 0; pressed < TABS; pressed += 1) {
    if (await what.evaluate(isThere)) return;
    await pressKey(page, 'Tab');
  }
  throw new Error(`Tab does not reach ${what.toString()}`);
}

const reach = (page: Page, what: Locator): Promise<void> =>
  tabTo(page, what, (found) => found === document.activeElement);

/** Tab stops once in a group of radio buttons; arrows lead to the others. */
async function tick(page: Page, what: Locator): Promise<void> {
  await tabTo(page, what, (found) => {
    const wanted = found as HTMLInputElement;
    const active = document.activeElement as HTMLInputElement | null;
    return wanted === active || (wanted.type === 'radio' && active?.name === wanted.name);
  });
  const steps = await what.evaluate((found: HTMLInputElement) => {
    const group = [...document.querySelectorAll('input')].filter(({ name }) => name === found.name);
    return found.type === 'radio'
      ? group.indexOf(found) - group.indexOf(document.activeElement as HTMLInputElement)
      : 0;
  });
  if (steps === 0) await pressOn(what, 'Space');
  await arrow(page, steps);
}

async function arrow(page: Page, steps: number): Promise<void> {
  for (let pressed = 0; pressed < Math.abs(steps); pressed += 1)
    await pressKey(page, steps > 0 ? 'ArrowDown' : 'ArrowUp');
}

export const keyboardAlone = (page: Page): Hands => ({
  are: 'keyboard',
  async press(what) {
    await reach(page, what);
    await pressOn(what, 'Enter');
  },
  tick: (what) => tick(page, what),
  async type(what, text) {
    await reach(page, what);
    await pressOn(what, 'Control+a');
    await page.keyboard.type(text);
  },
  async pick(what, option) {
    await reach(page, what);
    const steps = await what.evaluate(
      (found: HTMLSelectElement, wanted) =>
        [...found.options].findIndex(({ label }) => label === wanted) - found.selectedIndex,
      option,
    );
    await arrow(page, steps);
  },
});
