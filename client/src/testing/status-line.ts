/** The status line of the app, apart from the live region, which may say the same words a moment later. */
import type { Page } from 'playwright-core';
import { until } from '#testing/gateway-under-test.ts';
import type { OwnWorld } from '#testing/world.ts';

/** Until the line says exactly this. */
export const untilStatusSays = (page: Page, words: string): Promise<void> =>
  page.getByRole('region', { name: 'Status of this device' }).getByText(words, { exact: true }).waitFor();

/**
 * Until the gateway knows that its PACS is away: a page that asks before is answered from memory, and asks again only
 * after half a minute.
 */
export async function untilPacsMissed({ gateway }: Pick<OwnWorld, 'gateway'>): Promise<void> {
  await until('the gateway to miss its PACS', async () => {
    const health = (await (await fetch(`${gateway.api}/health`)).json()) as { readonly pacs: string };
    return health.pacs === 'unreachable';
  });
}
