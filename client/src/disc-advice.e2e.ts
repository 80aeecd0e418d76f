// test:all: every choice on one disc; pipeline/ingest/disc.store.test and disc-files.test guard by day
/**
 * Whether the files and the disc may go, in a real Chromium against the running system: the sentence is about every
 * choice, and what was not sent stays named until it is sent or taken off.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import {
  choose,
  chooseFromDisk,
  filesOf,
  onDisk,
  pressSend,
  untilChoiceKept,
  type StudyOnDisk,
} from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { syntheticDisc } from '#testing/synthetic-disc.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from './testing/looks-right.ts';

const test = suite('whether the disc may go');
const walk = await walkScreens(test, {
  name: 'whether the disc may go',
  roles: ['technician'],
  open: openWorld,
});

const MAY_GO = 'Your study is in the PACS. You can remove the disc or delete the files.';
const ALL_BUT_ONE =
  'Your study is in the PACS. 1 file chosen on this device was not sent. Keep its disc or the file if you need it.';

const IN_DOUBT =
  'Your study is in the PACS. Some files that you chose earlier may not be. Keep the disc or the files.';
const EXCEPT_FOUR =
  'Your study is in the PACS. 4 files chosen on this device were not sent. Keep their disc or files if you need any.';

const studyOf = ({ seed }: Stage, nth: number, name = 'Keller^Lena'): readonly StudyOnDisk[] =>
  filesOf({
    seed: seed(nth),
    series: 1,
    instancesPerSeries: 3,
    modality: 'CT',
    patient: { name, id: `D-${nth}` },
  });

const cut = (file: StudyOnDisk): StudyOnDisk => ({
  ...file,
  name: 'cut.dcm',
  buffer: file.buffer.subarray(0, 400),
});

const disc = (page: Page, said: string) => page.locator('.status-disc').getByText(said, { exact: true });

/** Nothing of it can be sent. */
const chooseUnsendable = (page: Page, file: StudyOnDisk): Promise<void> =>
  page.locator('input[data-picks=files]').first().setInputFiles([file]);

/** The disc is kept, nothing says that it may go, and this is how much was not sent. */
async function isKept(page: Page, notSent: string): Promise<void> {
  await disc(page, 'Keep your disc or files').waitFor();
  await page.locator('.status-disc').getByRole('button', { name: notSent }).waitFor();
  await expect(page.getByText(/can remove|can delete/)).toHaveCount(0);
}

const toUpload = async ({ page, address }: Stage): Promise<void> => {
  await page.goto(`${address}/#/`);
  await page.getByRole('button', { name: 'Choose files' }).waitFor();
};

walk(
  'a disc whose study has arrived may go, also after a reload; the index of another keeps it until nobody needs that one',
  async (stage) => {
    const { page, seed } = stage;
    await stage.enter();
    await choose(page, studyOf(stage, 1));
    await pressSend(page);
    await disc(page, MAY_GO).waitFor();
    await page.reload();
    await disc(page, MAY_GO).waitFor();
    await page.getByText('Nothing is waiting on this device').waitFor();
    await toUpload(stage);
    const study = syntheticStudy({ seed: seed(2), instancesPerSeries: 2 });
    const [index] = syntheticDisc([{ study, patient: { name: 'Roe^Richard', id: 'R-1' } }]).filter(
      ({ path }) => path === 'DICOMDIR',
    );
    await chooseUnsendable(page, onDisk('DICOMDIR', index!.bytes));
    await page.getByText(`${study.instances.length} files listed on the disc are missing`).waitFor();
    await isKept(page, `${study.instances.length} files not sent`);
    await looksRight(page, 'disc-kept');
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await disc(page, IN_DOUBT).waitFor();
    await page.getByRole('button', { name: 'These files are not needed' }).click();
    await page.getByRole('button', { name: 'Stop reminding me' }).click();
    await disc(page, MAY_GO).waitFor();
  },
);

walk(
  'a damaged file stays named while others are chosen, and one chosen alone keeps the disc',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    const files = studyOf(stage, 3);
    await choose(page, [...files.slice(1), cut(files[0]!)]);
    await pressSend(page);
    await disc(page, ALL_BUT_ONE).waitFor();
    await toUpload(stage);
    const next = studyOf(stage, 4, 'Weber^Karl');
    await choose(page, next);
    await page.getByRole('button', { name: /^Send 1 study/ }).waitFor();
    await isKept(page, '1 file not sent');
    await pressSend(page);
    await disc(page, ALL_BUT_ONE).waitFor();
    await page.getByRole('button', { name: 'Which file?' }).click();
    await page.getByRole('dialog').getByText('cut.dcm').waitFor();
    await page.getByRole('button', { name: 'Remove from this list' }).click();
    await page.getByRole('button', { name: 'Remove them' }).click();
    await disc(page, IN_DOUBT).waitFor();
    await toUpload(stage);
    await chooseUnsendable(page, cut(next[0]!));
    await page.getByText('1 file can’t be sent').first().waitFor();
    await isKept(page, '1 file not sent');
  },
);

walk(
  'a study that was not ticked keeps the disc, and is named at the end and after a reload',
  async (stage) => {
    const { page } = stage;
    await stage.enter();
    await choose(page, [...studyOf(stage, 5), ...studyOf(stage, 6, 'Weber^Karl')]);
    await disc(page, 'Keep your disc or files').waitFor();
    await page.getByRole('checkbox', { name: 'Send the study of Weber, Karl' }).uncheck();
    await pressSend(page);
    await page.locator('[data-part=arrived] .queue-name a').waitFor();
    await isKept(page, '3 files not sent');
    await page.getByRole('button', { name: '3 files not sent' }).click();
    await page.getByRole('dialog').getByText('The study of Weber, Karl: 3 files').waitFor();
    await looksRight(page, 'disc-not-sent');
    await untilChoiceKept(page, 3);
    await page.reload();
    await page.getByText('3 images were not sent. Choose them again.').waitFor();
    await disc(page, 'Keep your disc or files').waitFor();
    await expect(page.getByText(/can remove|can delete/)).toHaveCount(0);
    await toUpload(stage);
    const [first, ...others] = studyOf(stage, 17, 'Vogt^Vera');
    await choose(page, [...others, cut(first!)]);
    await pressSend(page);
    await disc(page, EXCEPT_FOUR).waitFor();
    await page.getByRole('button', { name: 'Which files?' }).click();
    const list = page.getByRole('dialog', { name: '4 files not sent' });
    await list.getByText('3 images chosen earlier: choose them again').waitFor();
    await list.getByText('cut.dcm').waitFor();
  },
);

walk(
  'a page that crashed before Send has told the next one, which says it until a person dismisses it',
  async (stage) => {
    const { page, address } = stage;
    await stage.enter();
    const other = await page.context().newPage();
    await other.goto(`${address}/#/`);
    await choose(other, studyOf(stage, 12));
    await untilChoiceKept(other, 3);
    await page.reload();
    await page.getByText('Nothing is waiting on this device').waitFor();
    const crashed = other.waitForEvent('crash');
    void other.goto('chrome://crash').catch(() => undefined);
    await crashed;
    const said = page.getByText('3 images were not sent. Choose them again.');
    await said.waitFor();
    await disc(page, 'Keep your disc or files').waitFor();
    await choose(page, studyOf(stage, 13, 'Weber^Karl'));
    await page.getByText('3 images chosen, not saved yet. Press Send').waitFor();
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await said.waitFor();
    // A study that is sent now is said too, beside the others.
    await choose(page, studyOf(stage, 16, 'Vogt^Vera'));
    await pressSend(page);
    await page
      .getByText(
        'Your study is in the PACS. 3 files chosen on this device were not sent. Keep their disc or files if you need any.',
      )
      .waitFor();
    await expect(said).toBeVisible();
    await looksRight(page, 'disc-not-sent-before');
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.getByText('Nothing is waiting on this device').waitFor();
    await page.reload();
    await page.getByText('Nothing is waiting on this device').waitFor();
    await expect(said).toHaveCount(0);
    await other.close();
  },
);

walk(
  'files that are gone at Send stay counted with their study, and a whole study stays named',
  async (stage) => {
    const { page, folder } = stage;
    await stage.enter();
    const write = async (name: string, files: readonly StudyOnDisk[]): Promise<string[]> =>
      Promise.all(
        files.map(async ({ buffer }, at) => {
          const path = join(folder, `${name}${at}.dcm`);
          await writeFile(path, buffer);
          return path;
        }),
      );
    const halb = await write('halb', studyOf(stage, 14, 'Halb^Hanna'));
    const fuchs = await write('fuchs', studyOf(stage, 15, 'Fuchs^Ute'));
    await chooseFromDisk(page, [...halb, ...fuchs]);
    await Promise.all([halb[0]!, ...fuchs].map((path) => rm(path)));
    await page.getByRole('button', { name: /^Send 2 studies/ }).click();
    await page.getByText('2 images added to the queue').waitFor();
    await page.getByText('The study of Fuchs, Ute could not be read: 3 files not sent.').waitFor();
    await page.getByRole('link', { name: 'Open your studies' }).click();
    await page.locator('[data-part=arrived] .queue-name a').waitFor();
    await isKept(page, '4 files not sent');
    await page.getByRole('button', { name: '4 files not sent' }).click();
    await page.getByRole('dialog').getByText('The study of Fuchs, Ute: 3 files').waitFor();
    await page.getByRole('dialog').getByText('1 damaged or missing image of H. H.').waitFor();
    await untilChoiceKept(page, 3);
    await page.reload();
    await page.getByText('3 images were not sent. Choose them again.').waitFor();
    await page.getByText('1 damaged or missing', { exact: false }).first().waitFor();
    await disc(page, 'Keep your disc or files').waitFor();
    await expect(page.getByText(/can remove|can delete/)).toHaveCount(0);
  },
);

walk('files that are cleared and chosen again count once', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await choose(page, studyOf(stage, 9));
  await pressSend(page);
  await disc(page, MAY_GO).waitFor();
  for (let time = 0; time < 2; time += 1) {
    await toUpload(stage);
    const other = studyOf(stage, 10, 'Weber^Karl');
    await choose(page, [...other, ...other, ...studyOf(stage, 11, 'Roth^Eva')]);
    await page.locator('.card', { hasText: 'Weber' }).locator('.card-details > summary').click();
    await page.getByText('3 files are duplicates').waitFor();
    await page.getByRole('checkbox', { name: 'Send the study of Weber, Karl' }).uncheck();
    await page.getByRole('checkbox', { name: 'Send the study of Roth, Eva' }).uncheck();
    await isKept(page, '6 files not sent');
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Clear' }).click();
  }
});

test.run();
