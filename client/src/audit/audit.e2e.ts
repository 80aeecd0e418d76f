// test:all: a trail is read and verified for long; audit.store.test.ts and audit.routes.test.ts guard it by day
/** The audit trail in an auditor's hands, in a real Chromium against the running system. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UploadStatus } from '#shared/protocol/api.ts';
import { ask, askAs } from '#testing/accounts.ts';
import { filesOf, sendStudy } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openWorld } from '#testing/world.ts';
import { toManifest } from '../../../gateway/src/testing/pack-parcel.ts';
import { looksRight } from '../testing/looks-right.ts';
import { enterAs, rows, untilAllHave, untilRead, untilVerified } from '../testing/open-trail.ts';
import { openFilters } from '../testing/open-filters.ts';

const test = suite('the audit trail');
const walk = await walkScreens(test, { name: 'the audit trail', roles: ['technician'], open: openWorld });

walk('an auditor finds what a technician did, opens an event and follows its study', async (stage) => {
  await stage.enter();
  const files = filesOf({ seed: stage.seed(0) });
  await sendStudy(stage.page, files);
  await stage.page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
  const technician = stage.account.username;
  const { page, close } = await enterAs(stage, 'auditor');
  await page.getByRole('link', { name: /^Read and verify the audit trail/ }).click();
  await untilVerified(page);
  await untilRead(page);
  await looksRight(page, 'audit');
  // A search of the PACS is counted until the quarter of an hour is over.
  assert.is((await ask(stage.gateway, technician, { path: '/dicom-web/studies' })).status, 200);
  await page.reload();
  await page.getByText('Views from the last 15 minutes may be missing', { exact: false }).waitFor();
  await untilRead(page);
  await looksRight(page, 'audit-pending');

  await openFilters(page);
  await page.getByRole('combobox', { name: /^Who/ }).selectOption({ label: technician });
  await page.waitForURL(/[?&]person=[0-9a-f-]{36}/);
  await untilAllHave(page, technician);
  await expect(rows(page).nth(3)).toContainText(technician);
  const began = rows(page).filter({ hasText: 'Started sending a study' });
  await began.getByText(/^by Chrome on \w+ \([0-9a-f]{8}\)$/).waitFor();
  await began.getByRole('button', { name: /^Details of event/ }).click();
  await page.getByText('Begin Transferring DICOM Instances (DCM 110102)').waitFor();
  await page.locator('.audit-details').evaluate((details) => details.scrollIntoView({ block: 'center' }));
  await looksRight(page, 'audit-event');
  const uid = (
    await page
      .locator('.audit-facts dd.code', { hasText: /^[\d.]+$/ })
      .first()
      .innerText()
  ).trim();

  await began.getByRole('link', { name: /^Study …/ }).click();
  await page.getByText(/Sending began/).waitFor();
  await page.getByText(uid, { exact: true }).waitFor();
  await page.getByText(`by ${technician}`).first().waitFor();
  await looksRight(page, 'sent-study');
  await page.goBack();
  await untilAllHave(page, technician);
  await page
    .getByRole('combobox', { name: /^Who/ })
    .locator('option:checked', { hasText: technician })
    .waitFor({ state: 'attached' });
  await close();
});

/** Announces a study of three, of which no byte is sent, and cancels it. Its UID and the upload's id. */
async function cancelAtOnce(stage: Stage): Promise<{ readonly uid: string; readonly uploadId: string }> {
  const { instances } = syntheticStudy({ seed: stage.seed(5), instancesPerSeries: 3, rows: 8, columns: 8 });
  const manifest = toManifest(instances);
  const post = async (path: string, body: object): Promise<Response> => {
    const answer = await ask(stage.gateway, stage.account.username, { method: 'POST', path, body });
    assert.ok(answer.ok, answer.ok ? '' : await answer.text());
    return answer;
  };
  const { uploadId } = (await (await post('/upload/init', manifest)).json()) as { uploadId: string };
  const keys = manifest.instances.map(({ sopInstanceUID, digest }) => ({ sopInstanceUID, digest }));
  await post(`/upload/${uploadId}/complete`, {});
  await post(`/upload/${uploadId}/decisions`, { decision: 'leave-out', instances: keys });
  await until('its receipt', async () => {
    const path = `/upload/${uploadId}/status`;
    return (await askAs<UploadStatus>(stage.gateway, stage.account.username, path)).receipt !== null;
  });
  return { uid: manifest.studyInstanceUID, uploadId };
}

walk('a study whose sending was cancelled is not said to be sent, to nobody', async (stage) => {
  await stage.enter();
  const { uid, uploadId } = await cancelAtOnce(stage);
  const auditor = await enterAs(stage, 'auditor');
  for (const page of [auditor.page, stage.page]) {
    await page.goto(`${stage.address}/#/sent/${uploadId}`);
    await page.getByText(uid, { exact: true }).waitFor();
    await page.getByText('Cancelled: none in the PACS', { exact: true }).waitFor();
    await page.getByText(/Sending began/).waitFor();
    const said = page.locator('main');
    await expect(said).toContainText(/3\s*not stored/);
    await expect(said).toContainText(
      'Sending was cancelled: 3 images left out, none of them had fully arrived',
    );
    await expect(said).not.toContainText(/Done|sent all|assembled the study|Open in viewer|deleted its copy/);
  }
  await looksRight(auditor.page, 'sent-study-cancelled');
  await stage.page.getByRole('button', { name: `Record of the decision: ${uid}` }).waitFor();
  await auditor.close();
});

test.run();
