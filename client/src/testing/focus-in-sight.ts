/** On a telephone: wherever Tab and Shift+Tab put the focus, no bar that stays in sight lies over it. */
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { pressKey } from '#testing/press.ts';

/** More presses than a page of the tests has stops. */
const PRESSES = 80;

/** Runs in the page: what has the focus, and whether a bar covers a part of it. Null: nothing has it. */
function lookAtFocus(): { readonly name: string; readonly covered: boolean } | null {
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
  return { name: `${focused.tagName} ${name.trim().slice(0, 60)}`, covered };
}

/** Runs in the page: until three frames in a row are alike. Bars and pictures take their new sizes in turn. */
async function untilAtRest(): Promise<void> {
  const { documentElement: root } = document;
  let last = '';
  let alike = 0;
  while (alike < 3) {
    await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
    const bars = getComputedStyle(root).scrollPaddingBlock;
    const now = [root.scrollHeight, scrollY, bars].join(' ');
    alike = now === last ? alike + 1 : 0;
    last = now;
  }
}

/** Fails where a bar covers a control that has the focus, or where few controls get it. */
export async function focusIsInSight(page: Page): Promise<void> {
  const before = page.viewportSize()!;
  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(untilAtRest);
  const covered: string[] = [];
  const names = new Set<string>();
  for (const key of ['Tab', 'Shift+Tab'])
    for (let press = 0; press < PRESSES; press += 1) {
      await pressKey(page, key);
      await page.evaluate(untilAtRest);
      const seen = await page.evaluate(lookAtFocus);
      if (seen === null) continue;
      names.add(seen.name);
      if (seen.covered) covered.push(`${key}: ${seen.name}`);
    }
  await page.setViewportSize(before);
  assert.equal(covered, []);
  assert.ok(names.size > 10, `${names.size} stops`);
}
