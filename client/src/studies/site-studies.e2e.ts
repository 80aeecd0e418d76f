// test:all: the list of the whole site; gateway/src/studies/search-site.test.ts guards by day
/**
 * The studies of a whole site in a real Chromium against the running system, for people who did not send them: they
 * learn who sent a study and what happened to it, and find it by its patient if they may see names.
 */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type SentStudy, sentStudiesSchema } from '#shared/protocol/studies.ts';
import { createAccount } from '#testing/accounts.ts';
import { fillSignIn, filesOf, sendStudy, studiesSentBy } from '#testing/app-page.ts';
import { askOrthanc, instanceIdsOfStudy } from '#testing/ask-orthanc.ts';
import { expect } from '#testing/expect.ts';
import { pressOn } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { chooseNames } from '../testing/names-hidden.ts';
import { looksRight } from '../testing/looks-right.ts';
import { openFilters } from '../testing/open-filters.ts';

const test = suite('the studies of a site in a browser');
const walk = await walkScreens(test, {
  name: 'the studies of a site in a browser',
  roles: ['technician'],
  open: openWorld,
});

const row = (page: Page, text: string) => page.locator('.queue-row', { hasText: text });
const search = (page: Page, text: string) => page.getByLabel('Search').fill(text);

/** A study of two instances, which arrives, of a patient of whom no other walk sends one. */
async function sendOne({ page, seed, enter }: Stage): Promise<void> {
  await enter();
  const patient = { name: 'Lang^Cem', id: `PAT-${seed(2)}` };
  await sendStudy(page, filesOf({ seed: seed(1), series: 1, instancesPerSeries: 2, patient }));
  await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
}

/** The pseudonym of the patient of the only study that was sent, as the PACS has it. */
async function pseudonymOf({ account, ...world }: Stage): Promise<string> {
  const [uid = ''] = await studiesSentBy(world, account.username);
  const [id = ''] = await instanceIdsOfStudy(world.orthanc, uid);
  const tags = await askOrthanc(world.orthanc, `/instances/${id}/simplified-tags`);
  const { PatientID: pseudonym } = JSON.parse(tags.toString()) as { PatientID: string };
  assert.match(pseudonym, /^RP-/);
  return pseudonym;
}

/** Signs somebody else in, in a browser of their own. */
async function openAs(
  { address, gateway, openVisitor }: Stage,
  role: 'auditor' | 'radiologist',
): Promise<Page> {
  const { username } = await createAccount(gateway, role, [role]);
  const page = await (await openVisitor()).newPage();
  await page.goto(address);
  await fillSignIn(page, username);
  return page;
}

walk('an auditor sees which account is behind each step of a study', async (stage) => {
  const { account } = stage;
  await sendOne(stage);
  const watching = await openAs(stage, 'auditor');
  await watching.getByRole('link', { name: 'See sent studies' }).click();
  const sent = row(watching, `sent by ${account.username}`);
  // The list draws what fits the window, and other tests' studies may stand above.
  await search(watching, account.username);
  await sent.waitFor();
  await openFilters(watching);
  const names = watching.getByRole('combobox', { name: /^Patients’ names/ });
  await names.selectOption('kept');
  await sent.waitFor({ state: 'detached' });
  await names.selectOption('removed');
  await sent.waitFor();
  await looksRight(watching, 'studies-of-site');
  await sent.locator('.study-open').click();
  await sent.getByText('What happened').click();
  const steps = sent.getByRole('list', { name: 'What happened to this study' });
  await steps.getByText('Receipt issued').waitFor();
  await expect(steps).toHaveText(new RegExp(`Sending began\\s+by ${account.username}`), {
    useInnerText: true,
  });
  await expect(steps).not.toHaveText(/Receipt issued\s+by/, { useInnerText: true });
  await sent.getByRole('link', { name: 'Show in the audit trail' }).click();
  await watching.locator('.audit-event', { hasText: account.username }).first().waitFor();
  await expect(watching).toHaveURL(/#\/audit\?study=/);
});

/** By what the PACS has, which no address holds. */
async function findAtSite(stage: Stage, reading: Page): Promise<void> {
  const pseudonym = await pseudonymOf(stage);
  const addresses: string[] = [];
  reading.on('request', (request) => addresses.push(request.url()));
  await search(reading, pseudonym);
  await reading.getByText('Press Enter to search the PACS.').waitFor();
  await expect(reading.getByText('No study matches')).toHaveCount(0);
  await reading.getByRole('button', { name: 'Search the PACS' }).click();
  await row(reading, pseudonym).getByText(`sent by ${stage.account.username}`).waitFor();
  await expect(reading.locator('.queue-row')).toHaveCount(1);
  await looksRight(reading, 'studies-site-found');
  await search(reading, 'Nobody^Known');
  await pressOn(reading.getByLabel('Search'), 'Enter');
  await reading.getByText('No study matches').waitFor();
  await chooseNames(reading, true);
  await reading.getByText('You can’t search for patients while names are hidden.').waitFor();
  await expect(reading.getByText('No study matches')).toHaveCount(0);
  await looksRight(reading, 'studies-site-hidden');
  await reading.locator('main').getByRole('button', { name: 'Show names' }).click();
  await reading
    .getByText('You can’t search for patients while names are hidden')
    .waitFor({ state: 'detached' });
  assert.equal(
    addresses.filter((address) => /RP-|Nobody/.test(decodeURIComponent(address))),
    [],
  );
  await search(reading, '');
}

walk('a radiologist sees what arrived today at the site, whoever sent it, and opens it', async (stage) => {
  const { account } = stage;
  await sendOne(stage);
  const reading = await openAs(stage, 'radiologist');
  await reading.getByRole('link', { name: /^Studies/ }).click();
  await expect(reading.getByRole('radio', { name: 'Whole site' })).toBeChecked();
  const arrived = row(reading, `sent by ${account.username}`);
  await reading.getByText('Only today’s studies are shown.').waitFor();
  const period = reading.getByRole('combobox', { name: /^When/ });
  await expect(period).toHaveValue('today');
  await reading.getByRole('button', { name: 'Show all', exact: true }).click();
  await reading.getByText('Only today’s studies are shown.').waitFor({ state: 'detached' });
  await expect(period, 'a filter that hides nothing is not shown').toBeHidden();
  await search(reading, account.username);
  await arrived.getByText('In the PACS').waitFor();
  await looksRight(reading, 'studies-site');
  await findAtSite(stage, reading);
  await arrived.locator('.study-open').click();
  await arrived.getByRole('button', { name: 'Create case' }).waitFor();
  await reading.getByRole('link', { name: 'Results', exact: true }).click();
  await reading.getByRole('link', { name: /^Studies/ }).click();
  await expect(reading.getByRole('radio', { name: 'Whole site' })).toBeChecked();
  await arrived.waitFor();
  await reading.locator('.segment', { hasText: 'Yours' }).click();
  await arrived.waitFor({ state: 'detached' });
});

walk('an auditor reads why a study of somebody else waits', async (stage) => {
  const { account } = stage;
  await sendOne(stage);
  const watching = await openAs(stage, 'auditor');
  // A PACS that refuses would be in the way of the world's other tests.
  await watching.route(/\/studies\?/, async (route) => {
    const answer = await route.fetch();
    const { studies, ...more } = sentStudiesSchema.parse(await answer.json());
    const waits = studies.map((study) => ({
      ...study,
      standing: 'under-way',
      uploads: study.uploads.map(toWaiting),
    }));
    await route.fulfill({ response: answer, json: { studies: waits, ...more } });
  });
  await watching.getByRole('link', { name: 'See sent studies' }).click();
  await search(watching, account.username);
  const sent = row(watching, `sent by ${account.username}`);
  // Where many are under way, each is closed at first.
  const opener = sent.locator('.study-open');
  await opener.waitFor();
  if ((await opener.getAttribute('aria-expanded')) === 'false') await opener.click();
  const reason = sent.getByText('The PACS does not accept some images yet.');
  await expect(reason).toHaveCount(1);
});

const toWaiting = (upload: SentStudy['uploads'][number]) => ({
  ...{ ...upload, state: 'assembled', receipt: null },
  counts: { ...upload.counts, atGateway: upload.counts.promised, inPacs: 0 },
  waiting: { because: 'pacs-fails-on-some', since: '2026-03-02T09:30:00.000Z' },
});

test.run();
