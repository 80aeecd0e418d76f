// test:all: boxes over a file that is gone; cover.e2e.ts guards by day
/** An image that was released, sent, and then deleted in the PACS: the device that sent it offers it again. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { claimedBoxes } from '#shared/dicom/boxes.ts';
import { choose, lookAtHeld, onDisk, pressSend, seeRemoved, studiesSentBy } from '#testing/app-page.ts';
import { filesOfStudy, instanceIdsOfStudy } from '#testing/ask-orthanc.ts';
import { burnedInFile } from '#testing/burned-in-file.ts';
import { parsed } from '#testing/deidentified-file.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from './testing/looks-right.ts';

const test = suite('an image that the PACS no longer has');
const walk = await walkScreens(test, { name: 'deleted image', roles: ['technician'], open: openWorld });

async function openHeld({ page }: Stage, film: Uint8Array): Promise<void> {
  await choose(page, [onDisk('film.dcm', film)]);
  await seeRemoved(page);
  await lookAtHeld(page, 1);
}

async function sendHeld({ page }: Stage): Promise<void> {
  await page.locator('main').getByRole('link', { name: 'Upload' }).click();
  await pressSend(page);
  await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
}

async function deleteInPacs({ orthanc }: Stage, study: string): Promise<void> {
  const { restUrl, authorization } = orthanc;
  for (const id of await instanceIdsOfStudy(orthanc, study))
    await fetch(`${restUrl}/instances/${id}`, { method: 'DELETE', headers: { authorization } });
}

walk('is offered again, and the PACS takes it with a box over the name', async (stage) => {
  const { page } = stage;
  const film = burnedInFile({
    ...{ rows: 240, columns: 320, frames: 1, coding: 'native' },
    ...{ seed: stage.seed(0), number: 1 },
  });
  await stage.enter();
  await openHeld(stage, film);
  await page.getByRole('checkbox', { name: /I looked at this picture/ }).check();
  await sendHeld(stage);
  const [study] = await studiesSentBy(stage, stage.account.username);
  await deleteInPacs(stage, study!);

  await page.getByRole('link', { name: 'Upload' }).first().click();
  await choose(page, [onDisk('film.dcm', film)]);
  await page.getByText('1 sent before is no longer in the PACS').waitFor();
  await seeRemoved(page);
  await page.getByText('The PACS no longer has this image as you sent it').waitFor();
  await looksRight(page, 'cover-deleted');
  await page.getByRole('button', { name: 'Cover the name on image 1' }).click();
  await page.getByRole('button', { name: 'Add a box' }).click();
  await page.getByRole('button', { name: 'Cover 1 image' }).click();
  await page.getByText('Covered by 1 box. It will be sent with the study').waitFor();
  await sendHeld(stage);
  const stored = await Promise.all((await filesOfStudy(stage.orthanc, study!)).map(parsed));
  assert.equal(
    stored.map(({ elements }) => claimedBoxes(elements)?.length),
    [1],
  );
});

test.run();
