/** A press that comes twice, as of a hand that double-clicks everything. */
import type { Page } from 'playwright-core';
import { untilAtRest } from '#testing/at-rest.ts';
import { expect } from '#testing/expect.ts';

/** Two presses of the mouse in one place, the second as late as one that still belongs to the first. */
export async function pressTwice(page: Page, button: string): Promise<void> {
  const pressed = page.getByRole('button', { name: button, exact: true });
  // Until it takes presses itself.
  await pressed.click({ trial: true });
  await expect(pressed).toBeVisible();
  const { x, y, width, height } = (await pressed.boundingBox())!;
  // Buttons that have just appeared take no press while an animation runs: it stands still, however slow the machine.
  const debug = await page.context().newCDPSession(page);
  await debug.send('Animation.enable');
  await debug.send('Animation.setPlaybackRate', { playbackRate: 0 });
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.up();
  await untilAtRest(page);
  await page.mouse.down({ clickCount: 2 });
  await page.mouse.up({ clickCount: 2 });
  await debug.send('Animation.setPlaybackRate', { playbackRate: 1 });
  await debug.detach();
}
