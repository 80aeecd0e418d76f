/** On a telephone: wherever Tab and Shift+Tab put the focus, no bar that stays in sight lies over it. */
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { untilAtRest } from '#testing/at-rest.ts';
import { pressKey } from '#testing/press.ts';

/** More presses than a page of the tests has stops. */
const PRESSES = 80;

/** The control with the focus, whether a bar covers a part of it, and whether it had the focus before. */
type Seen = { readonly name: string; readonly covered: boolean; readonly isAgain: boolean };

type Stops = { relayStops: Set<Element> };

/** Runs in the page. Null: nothing has the focus. */
function lookAtFocus(): Seen | null {
  const focused = document.activeElement;
  if (focused === null || focused === document.body) return null;
  const { top, bottom } = focused.getBoundingClientRect();
  const bars = [...document.querySelectorAll('*')].filter(
    (each) => getComputedStyle(each).position === 'sticky' && !each.contains(focused),
  );
  const covered = bars.some((bar) => {
    const over = bar.getBoundingClientRect();
    return over.height > 0 && over.top < bottom - 1 && over.bottom > top + 1;
  });
  const name = focused.getAttribute('aria-label') ?? focused.textContent ?? '';
  const { relayStops: stops } = globalThis as unknown as Stops;
  const isAgain = stops.has(focused);
  stops.add(focused);
  return { name: `${focused.tagName} ${name.trim().slice(0, 60)}`, covered, isAgain };
}

/** Fails where a bar covers a control that has the focus, or where few controls get it. */
export async function focusIsInSight(page: Page): Promise<void> {
  const before = page.viewportSize()!;
  await page.setViewportSize({ width: 390, height: 844 });
  const covered: string[] = [];
  const names = new Set<string>();
  for (const key of ['Tab', 'Shift+Tab']) {
    await page.evaluate(() => Object.assign(globalThis, { relayStops: new Set() }));
    for (let press = 0, isAgain = false; press < PRESSES && !isAgain; press += 1) {
      await pressKey(page, key);
      await untilAtRest(page);
      const seen = await page.evaluate(lookAtFocus);
      isAgain = seen?.isAgain ?? false;
      if (seen === null) continue;
      names.add(seen.name);
      if (seen.covered) covered.push(`${key}: ${seen.name}`);
    }
  }
  await page.setViewportSize(before);
  assert.equal(covered, []);
  assert.ok(names.size > 10, `${names.size} stops`);
}
