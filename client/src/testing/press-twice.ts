/** A press that comes twice, as of a hand that double-clicks everything. */
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { untilAtRest } from '#testing/at-rest.ts';

/** Two presses of the mouse in one place, as of a hand that double-clicks everything. */
export async function pressTwice(page: Page, button: string): Promise<void> {
  const pressed = page.getByRole('button', { name: button, exact: true });
  // Until it takes presses itself.
  await pressed.click({ trial: true });
  const box = await pressed.boundingBox();
  assert.ok(box, `there is no ${button}`);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.up();
  // A slow double press: what the first one did is drawn, and the second still belongs to it.
  await untilAtRest(page);
  await page.mouse.down({ clickCount: 2 });
  await page.mouse.up({ clickCount: 2 });
}
