/**
 * A first visit until files can be chosen: the bytes of compressed scripts on the network, and the time, with the
 * processor slowed four times. The ratio is the bytes ÷ their budget.
 */
import { signIn } from '#testing/app-page.ts';
import { scriptsBeforeUsable, watchFirstLoad } from '#testing/first-load.ts';
import { openOwnWorld } from '#testing/world.ts';
import type { BenchRow } from './row.ts';

const SLOWED = 4;
const BUDGET_BYTES = 80_000;

export async function benchFirstLoad(say: (line: string) => void): Promise<BenchRow> {
  const app = await openOwnWorld();
  try {
    say('opening the app for the first time …');
    const context = await app.openBrowser();
    const page = context.pages()[0]!;
    await watchFirstLoad(page);
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
    const begun = performance.now();
    await page.goto(app.address);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    const signInMs = performance.now() - begun;
    await signIn(page);
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    const scriptBytes = await page.evaluate(scriptsBeforeUsable);
    return {
      name: 'browser, first load',
      ratio: scriptBytes / BUDGET_BYTES,
      scriptBytes,
      signInMs: Math.round(signInMs),
      usableMs: Math.round(performance.now() - begun),
    };
  } finally {
    await app.close();
  }
}
