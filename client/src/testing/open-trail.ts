/** The audit trail of a running system in an auditor's hands. */
import type { Page } from 'playwright-core';
import { createAccount } from '#testing/accounts.ts';
import { fillSignIn } from '#testing/app-page.ts';
import type { Stage } from '#testing/screen-walk.ts';

export const rows = (page: Page) => page.locator('.audit-event');
export const untilRead = (page: Page) =>
  page.locator('main.audit[aria-busy=false] .audit-event').first().waitFor();

/** The gateway has the events of other tests too: until every row has this text. */
export async function untilAllHave(page: Page, text: string | RegExp): Promise<void> {
  await untilRead(page);
  await rows(page).filter({ hasNotText: text }).first().waitFor({ state: 'detached' });
}

/** A long trail, as that of a system with many tests, is checked once somebody asks. */
export async function untilVerified(
  page: Page,
  verdict: string | RegExp = /^Unchanged: [\d,]+ events, checked at /,
): Promise<void> {
  const said = page.getByText(verdict);
  const verify = page.getByRole('button', { name: 'Verify', exact: true });
  await said.or(verify).first().waitFor();
  if (await verify.isVisible()) await verify.click();
  await said.waitFor();
}

/** A page of somebody new with these roles, signed in on a device of their own. */
export async function enterAs(stage: Stage, role: 'auditor' | 'admin', name: string = role) {
  const { username } = await createAccount(stage.gateway, name, [role]);
  const visitor = await stage.openVisitor();
  const page = await visitor.newPage();
  await page.goto(stage.address);
  await fillSignIn(page, username);
  await page.getByRole('button', { name: `Account of ${username}` }).waitFor();
  return { page, visitor, username, close: () => visitor.close() };
}

export async function openTrail({ address }: Stage, page: Page, query = ''): Promise<void> {
  await page.goto(`${address}/#/audit${query && `?${query}`}`);
  await page.getByRole('heading', { name: 'Audit trail', level: 1 }).waitFor();
}
