// test:all: all that needs a person; queue/list-needs.test and ingest/use-needs.test guard the counts by day
/**
 * Everything that needs a person, in a real Chromium against the running system: instances that are held back when
 * their study is sent are counted everywhere as one number, keep the disc, and are decided on one page.
 */
import { decodeJwt } from 'jose';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildInstance } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import type { UploadStatus } from '#shared/protocol/api.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { isSameWithheld, type Withheld } from '#shared/protocol/withheld.ts';
import { ask, askAs } from '#testing/accounts.ts';
import { choose, filesOf, instancesSentBy, onDisk, pressSend } from '#testing/app-page.ts';
import { countTaps, type TapCount } from '#testing/count-taps.ts';
import { untilAtRest } from '#testing/at-rest.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import type { StudyRow } from './pipeline/queue/rows/local-database.ts';
import { looksRight } from './testing/looks-right.ts';

const test = suite('the list of what needs a person');
const walk = await walkScreens(test, {
  name: 'the list of what needs a person',
  roles: ['technician'],
  open: openWorld,
});

const badge = (page: Page, count: number) =>
  page.getByRole('link', { name: `${count} to decide`, exact: true });

/** At each size the number stands with its words, and not beside the name of a page, whose things it would count. */
async function standsApart(page: Page): Promise<void> {
  const before = page.viewportSize()!;
  for (const width of [1280, 1024, 390]) {
    await page.setViewportSize({ width, height: before.height });
    const inStatus = page.locator('.status').getByRole('link', { name: '4 images need your decision' });
    const number = width > 560 ? badge(page, 4) : inStatus;
    await expect(number).toHaveText(/4 (to decide|images need your decision)/, { useInnerText: true });
    const isApart = async () => {
      const [own, results] = await Promise.all([
        number.boundingBox(),
        page.getByRole('navigation').getByRole('link', { name: 'Results' }).boundingBox(),
      ]);
      return own!.x > results!.x + results!.width + 24 || own!.y > results!.y + results!.height / 2;
    };
    await expect.poll(isApart, `${width} px wide`).toBe(true);
  }
  await page.setViewportSize(before);
  await untilAtRest(page);
}

const heldBackFiles = ({ seed }: Stage, nth: number) =>
  filesOf({ seed: seed(nth), modality: 'SC', instancesPerSeries: 4, burnedInSeries: 2 });

type Entry = Pick<StudyRow, 'state' | 'chosen' | 'held'>;

/** Waits until this device has `count` entries, all done, and answers them, the largest first. */
async function untilOver(page: Page, count: number): Promise<readonly Entry[]> {
  return until(`${count} entries to be over`, async () => {
    const rows = await page.evaluate(
      () =>
        new Promise<Entry[]>((resolve, reject) => {
          const opening = indexedDB.open('relaypacs');
          opening.onerror = () => reject(opening.error);
          opening.onsuccess = () => {
            const asked = opening.result.transaction('studies').objectStore('studies').getAll();
            asked.onsuccess = () => {
              opening.result.close();
              resolve(asked.result.map(({ state, chosen, held }) => ({ state, chosen, held })));
            };
          };
        }),
    );
    const isOver = rows.length === count && rows.every(({ state }) => state === 'done');
    return isOver && rows.sort((a, b) => b.chosen - a.chosen);
  });
}

/**
 * Sends a study of eight, four of which are held back, and opens what needs a person by the badge: two taps, the picker
 * of files being the browser's own.
 */
async function sendHeldBack(stage: Stage, nth: number): Promise<TapCount> {
  const { page, enter } = stage;
  const taps = await countTaps(page);
  await enter();
  await taps.again();
  const picker = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose files' }).click();
  await (await picker).setFiles(heldBackFiles(stage, nth));
  await pressSend(page);
  await expect.poll(taps.now, 'the main job is two taps').toBe(2);
  await badge(page, 4).waitFor();
  await page.getByText('4 images need your decision').first().waitFor();
  await expect(page.getByText('You can remove the disc')).toHaveCount(0);
  await taps.again();
  await badge(page, 4).click();
  await page.getByRole('heading', { name: 'To decide', level: 1 }).waitFor();
  return taps;
}

/** On a tablet the first picture and its tools need no scrolling: the bar of Send covers neither. */
async function toolsAreInSight(page: Page): Promise<void> {
  const before = page.viewportSize()!;
  await page.setViewportSize({ width: 1024, height: 768 });
  const cover = page.getByRole('button', { name: /^Cover the name/ }).first();
  await cover.waitFor();
  const isInSight = async () => {
    const [tool, bar] = await Promise.all([cover.boundingBox(), page.locator('.send-bar').boundingBox()]);
    return tool!.y + tool!.height <= Math.min(768, bar!.y);
  };
  await expect.poll(isInSight).toBe(true);
  await page.setViewportSize(before);
  await untilAtRest(page);
}

/** All four large, one after the other; none of them is released before its picture was there. */
async function releaseFromPictures(page: Page): Promise<void> {
  const held = page.locator('.held-instance');
  const unopened = held.getByRole('button', { name: /Open the picture and check it for a name/ });
  // Each is offered once its small picture is drawn.
  await unopened.nth(3).waitFor();
  await expect(unopened).toHaveCount(4);
  await expect(held.getByRole('checkbox')).toHaveCount(0);
  await page.getByRole('button', { name: 'Look at all 4 pictures' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('1 of 4 pictures shown').waitFor();
  const release = dialog.getByRole('button', { name: 'None of them shows a name: release all 4' });
  await expect(release).toBeDisabled();
  await dialog.getByRole('button', { name: 'Show all pictures' }).click();
  await dialog.getByText('All 4 pictures shown').first().waitFor();
  await release.click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('heading', { name: 'No images are held back any more' }).waitFor();
}

/** A PDF in DICOM: nothing here can remove names from it. */
function documentOf(name: string, seed: number): Uint8Array {
  const root = `1.2.826.0.1.3680043.8.498.${seed}`;
  return concatBytes(
    buildInstance({
      identifiers: {
        studyInstanceUID: parseUid('StudyInstanceUID', `${root}.1`),
        seriesInstanceUID: parseUid('SeriesInstanceUID', `${root}.2`),
        sopInstanceUID: parseUid('SOPInstanceUID', `${root}.3`),
        sopClassUID: parseUid('SOPClassUID', '1.2.840.10008.5.1.4.1.1.104.1'),
      },
      transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
      elements: [
        [0x00080020, 'DA', '20240229'],
        [0x00080060, 'CS', 'DOC'],
        [0x00100010, 'PN', name],
        [0x00100020, 'LO', `PAPER-${seed}`],
        [0x00420011, 'OB', new TextEncoder().encode('%PDF-1.7 report ')],
        [0x00420012, 'LO', 'application/pdf'],
      ],
    }),
  );
}

const untilInPacs = (stage: Stage, count: number) =>
  until(
    `${count} images to be in the PACS`,
    async () => (await instancesSentBy(stage, stage.account.username)) === count,
  );

walk(
  'instances that were held back are looked at, released and sent, and then need nobody',
  async (stage) => {
    const { page } = stage;
    const taps = await sendHeldBack(stage, 1);
    await page.locator('.needs-item canvas').first().waitFor();
    await looksRight(page, 'needs');
    await standsApart(page);
    await page.getByRole('button', { name: /^Look at the pictures/ }).click();
    await page.getByRole('heading', { name: '4 images held back' }).waitFor();
    await page.getByText(/The rest of this study will be sent\.$/).waitFor();
    await toolsAreInSight(page);
    await releaseFromPictures(page);
    await page.locator('.status').getByText('4 images chosen, not saved yet. Press Send').waitFor();
    await pressSend(page);
    const tapped = await taps.now();
    assert.ok(tapped > 0 && tapped <= 6, `${tapped} taps`);
    process.stdout.write(`${tapped} taps from the badge until four held instances are sent\n`);
    await badge(page, 4).waitFor({ state: 'detached' });
    await untilInPacs(stage, 8);
    await untilOver(page, 2);
    await page.getByRole('link', { name: 'Upload', exact: true }).click();
    await choose(page, heldBackFiles(stage, 1));
    // The eight images were decided about, and the PACS has them: the page knows before Send.
    await page.getByText(/8 images of this study/).waitFor();
    await expect(page.locator('.card-held')).toHaveCount(0);
    await expect(page.getByText(/until you decide$/)).toHaveCount(0);
    await pressSend(page);
    const entries = await untilOver(page, 3);
    assert.equal(
      entries.map(({ chosen, held }) => [chosen, held.reasons]),
      [
        [8, []],
        [4, []],
        [4, []],
      ],
    );
    await expect(page.getByText(/(to decide|your decision)$/)).toHaveCount(0);
  },
);

/** The gateway says so, and so does the newest receipt. */
const untilSigned = ({ gateway, account: { username } }: Stage, withheld: Withheld) =>
  until(`a receipt that says ${JSON.stringify(withheld)}`, async () => {
    const { uploads } = await askAs<{ uploads: UploadStatus[] }>(gateway, username, '/uploads');
    const { uploadId, receipt } = uploads[0]!;
    if (receipt === null) return false;
    const answer = await ask(gateway, username, { path: `/upload/${uploadId}/receipt` });
    // The next one is being made.
    if (answer.status !== 200) return false;
    const jws = await answer.text();
    return [uploads[0]!.withheld, (decodeJwt(jws) as Receipt).withheld].every((each) =>
      isSameWithheld(each, withheld),
    );
  });

walk('instances that a person left out are named at the end', async (stage) => {
  const { page } = stage;
  await sendHeldBack(stage, 2);
  await untilInPacs(stage, 4);
  await untilSigned(stage, { held: 4 });
  // The gateway cannot be told at first, and the page is gone by then.
  const decisions = '**/upload/*/decisions';
  await page.context().route(decisions, (route) => route.abort());
  await page.goto(`${stage.address}/#/studies`);
  await page.getByRole('link', { name: /^Decide about/ }).click();
  await page.getByRole('button', { name: /^Leave out/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave out' }).click();
  await page.getByText('Nothing needs your decision').waitFor();
  await looksRight(page, 'needs-none');
  await page.getByRole('link', { name: 'Open your studies' }).click();
  await page.locator('[data-part=arrived] .queue-name a').click();
  await page.getByText('4 images left out: not in the PACS').waitFor();
  await looksRight(page, 'study-left-out');
  await page
    .getByText(
      'Your study is in the PACS. 4 files chosen on this device were not sent. Keep their disc or files if you need any.',
    )
    .waitFor();
  await page.getByRole('button', { name: 'Which files?' }).click();
  await page.getByRole('heading', { name: '4 files not sent' }).waitFor();
  await looksRight(page, 'disc-except');
  await page
    .getByRole('dialog')
    .getByRole('link', { name: /^4 images left out of / })
    .click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByText('4 images left out: not in the PACS').waitFor();
  await page.reload();
  await page.context().unroute(decisions);
  await untilSigned(stage, { 'left-out-name': 4 });
  // The reloaded page names them too, until somebody has said that they need not be.
  const notSent = page.getByRole('button', { name: 'Which files?' });
  await notSent.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove from this list' }).click();
  await page.getByRole('button', { name: 'Remove them' }).click();
  await notSent.waitFor({ state: 'detached' });
  await page.reload();
  await page.getByText('4 images left out: not in the PACS').waitFor();
  await page.getByText('Nothing is waiting on this device').waitFor();
  await expect(notSent).toHaveCount(0);
});

walk('with nothing left to decide, a choice that was not sent leads back to Send', async (stage) => {
  const { page, address } = stage;
  await stage.enter();
  await choose(page, filesOf({ seed: stage.seed(7), modality: 'CT', instancesPerSeries: 2 }));
  const send = page.getByRole('button', { name: /^Send 1 study/ });
  await send.waitFor();
  await page.goto(`${address}/#/needs`);
  await page.getByText('Nothing needs your decision').waitFor();
  await page.getByText(/you chose are not sent yet/).waitFor();
  await page
    .locator('.status')
    .getByText('4 images chosen, not saved yet. Press Send on the Upload page.')
    .waitFor();
  const main = page.locator('.needs .button-main');
  await expect(main).toHaveText(['Go to Upload']);
  await main.click();
  await send.waitFor();
});

walk(
  'a document that the policy does not send stays, though ticked; another policy is offered for it alone',
  async (stage) => {
    const { page, enter, seed } = stage;
    await enter();
    const plain = filesOf({ seed: seed(3), patient: { name: 'Plain^Paula', id: 'PLAIN-1' } });
    await choose(page, [...plain, onDisk('report.dcm', documentOf('Paper^Petra', seed(4)))]);
    const paper = page.locator('.card', { hasText: 'Paper' });
    await paper.getByText('Not sent until you decide').waitFor();
    await expect(paper.getByRole('checkbox')).toBeChecked({ indeterminate: true });
    await page.getByRole('button', { name: /^Send 1 study/ }).waitFor();
    const why = 'Names cannot be removed safely from this kind of file.';
    await paper.locator('.card-held').getByText(why, { exact: false }).waitFor();
    await expect(page.getByText(why, { exact: false }), 'it is said once').toHaveCount(1);
    await page.locator('.send-bar').getByText('1 of your 2 studies will be sent').waitFor();
    await looksRight(page, 'not-all-sent');
    await page.locator('.send-bar').getByRole('link', { name: 'Decide' }).click();
    const decision = page.locator('.needs-item', { hasText: 'Paper' });
    await decision
      .getByText('Another policy sends it, exactly as it is, with names.', { exact: false })
      .waitFor();
    await expect(page.getByRole('button', { name: /^Choose it again/ })).toHaveCount(0);
    // Names never leave by the answer that the page proposes.
    await expect(decision.locator('.button-main')).toHaveCount(0);
    await looksRight(page, 'needs-policy');
    await decision.getByRole('button', { name: /^Send it with names/ }).click();
    await page.locator('.send-bar[data-names=true]').waitFor();
    await page.getByRole('button', { name: /^Send 1 study with names/ }).waitFor();
    await page.locator('.card[data-going=sent]', { hasText: 'Paper' }).waitFor();
    await page.locator('.card[data-going=not-chosen]', { hasText: 'Plain' }).waitFor();
    await pressSend(page);
    await untilInPacs(stage, 1);
    await page.getByRole('link', { name: 'Upload', exact: true }).click();
    await page.locator('.card[data-going=not-chosen]', { hasText: 'Plain' }).waitFor();
    await page.locator('.send-bar[data-names=false]').waitFor();
  },
);

test.run();
