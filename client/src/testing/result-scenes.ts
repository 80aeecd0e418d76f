/** Scenes on the pages of results: a signed-in radiologist, and recorded answers about results, jobs and models. */
import type { Test } from 'uvu';
import { pressKey } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { recordedResults } from './recorded-answers.ts';
import { record, RecordedGateway } from './recorded-gateway.ts';
import { looksRight } from './looks-right.ts';
import type { ScreenName } from './screens.ts';

/** A stage with a signed-in person and recorded answers. */
export type Scene = Stage & {
  readonly said: RecordedGateway;
  looksRight(name: ScreenName): Promise<void>;
  goTo(hash: string): Promise<void>;
};

/** Gives every scene of the suite a page of one visit. */
export async function playScenes(test: Test, name: string) {
  const walk = await walkScreens(test, {
    name,
    roles: ['radiologist', 'admin'],
    open: openWorld,
    isOneVisit: true,
  });
  return (does: string, run: (scene: Scene) => Promise<void>): void =>
    walk(does, async (stage) => {
      const { page, visitor } = stage;
      const said = new RecordedGateway();
      await record(visitor, said);
      try {
        await stage.enter();
        await run({
          ...stage,
          said,
          looksRight: (screen) => looksRight(page, screen),
          goTo: (hash) => page.evaluate((address) => location.assign(address), hash),
        });
      } finally {
        await visitor.unrouteAll({ behavior: 'ignoreErrors' });
      }
    });
}

/** Opens the list and its first result, a film above the threshold. */
export async function openFirst({ page, said }: Scene): Promise<void> {
  said.results = recordedResults();
  await page.getByRole('link', { name: 'Results' }).click();
  const first = page.getByRole('row', { name: /Above the threshold, 89 %/ }).first();
  await first.getByRole('link').click();
  await page.getByRole('heading', { name: 'Above the threshold for pneumonia' }).waitFor();
}

/** Resolves when a verdict can be given, by a press or a key. */
export async function untilAsked({ page }: Scene): Promise<void> {
  await page.getByText('Do you agree with the model?').waitFor();
  await page.getByRole('button', { name: 'Agree', exact: true }).click({ trial: true });
}

/** Opens the first result and agrees. */
export async function agree(scene: Scene): Promise<void> {
  const { page } = scene;
  await openFirst(scene);
  await untilAsked(scene);
  await pressKey(page, 'a');
  await page.getByText('Agreed', { exact: true }).waitFor();
}
