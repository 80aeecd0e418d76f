// test:all: a PACS with faults set right step by step; destinations.e2e.ts and doctor/examine-pacs.test guard by day
/**
 * The main task of IT staff, counted in actions: a PACS behind a proxy is added on a fresh system, put right by what
 * the page says, and gets a study.
 */
import type { Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { destinationsSchema } from '#shared/protocol/destination.ts';
import { until } from '#testing/gateway-under-test.ts';
import { ADMIN, askAs, PASSWORD } from '#testing/accounts.ts';
import { onDisk, pressSend, untilPolicyKnown } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openOwnWorld, type OwnWorld } from '#testing/world.ts';
import { findNginx, passTo, startNginx } from '#testing/hostile-proxy.ts';
import { CERTIFICATE, CERTIFICATE_KEY } from '../../../gateway/src/testing/certificate.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { studyDestinationsWords } from '../pipeline/upload/study-destinations-words.ts';
import { credentialsOf, openDestinations, showDestination } from '../testing/open-destinations.ts';
import { looksRight } from '../testing/looks-right.ts';
import { untilPacsMissed, untilStatusSays } from '../testing/status-line.ts';

const test = suite('a PACS is added, mended and gets a study');
const walk = await walkScreens(test, {
  name: 'a PACS is added, mended and gets a study',
  roles: ['admin'],
  open: () => openOwnWorld({ env: { RELAY_POLICY: 'identified' } }),
});

/** Results of what was sent there may come later: a proxy that had ended would need somebody in the walks after it. */
const proxies: Awaited<ReturnType<typeof startNginx>>[] = [];
test.after(async () => void (await Promise.all(proxies.map((proxy) => proxy.stop()))));

/** Every press and every field from the sign-in page on. */
function countActions(page: Page) {
  let count = 0;
  const act = async (work: (page: Page) => Promise<unknown>): Promise<void> => {
    count += 1;
    await work(page);
  };
  return {
    click: (name: string | RegExp, role: 'button' | 'link' = 'button') =>
      act((at) => at.getByRole(role, { name, exact: typeof name === 'string' }).click()),
    fill: (label: string, text: string) => act((at) => at.getByLabel(label, { exact: true }).fill(text)),
    choose: (label: RegExp, name: string, pem: string) =>
      act((at) => at.getByLabel(label).setInputFiles([onDisk(name, Buffer.from(pem))])),
    count: () => count,
  };
}

type Person = ReturnType<typeof countActions>;

async function signIn(page: Page, person: Person, { account, address }: Stage<OwnWorld>): Promise<void> {
  await page.goto(address);
  await person.fill('User name', account.username);
  await person.fill('Password', PASSWORD);
  await person.click('Sign in');
}

async function add(
  person: Person,
  { url, username, password }: { readonly [part in 'url' | 'username' | 'password']: string },
): Promise<void> {
  await person.click('Add a destination');
  await person.fill('Address', url);
  await person.fill('User name', username);
  await person.fill('Password', password);
}

/** A PACS that works was made primary on purpose; the form says what taking its place would mean. */
walk('a PACS that works stays primary when another one is added', async ({ page, enter }) => {
  await enter();
  await openDestinations(page);
  const first = await showDestination(page, 'default');
  await first.getByText('The destination responds and returns stored images.').waitFor();
  await page.getByRole('button', { name: 'Add a destination' }).click();
  const tick = page.getByRole('checkbox', { name: 'Send new studies here' });
  await tick.waitFor();
  await expect(tick).not.toBeChecked();
  await tick.check();
  await page.getByText('default is then no longer the primary destination.').waitFor();
  await looksRight(page, 'destination-takes-primary');
});

const RULE = { name: 'CT stays', enabled: true, when: { modality: ['CT'] }, to: [] };

/** Nothing is promised that a rule could prevent. */
async function offersNothingWhileRulesDecide(stage: Stage, further: Locator): Promise<void> {
  const { page } = stage;
  const path = '**/admin/rules/forwarding';
  await page.route(path, (route) => route.fulfill({ json: { version: 'a'.repeat(64), rules: [RULE] } }));
  await page.reload();
  const says = further.getByText('The destination works, but no studies are sent here yet.', { exact: true });
  await says.waitFor();
  await expect(further.getByText('Rules are checked first: “CT stays” applies to some studies.')).toHaveCount(
    1,
  );
  await expect(further.getByRole('button', { name: /a sample study/ })).toHaveCount(0);
  await says.scrollIntoViewIfNeeded();
  await looksRight(page, 'destination-rules-first');
  await namesTheSender(stage, further, path);
  await page.unroute(path);
  await page.reload();
}

/** A rule that sends to this very destination is named as such, and nobody says that no studies go there. */
async function namesTheSender({ page, gateway }: Stage, further: Locator, path: string): Promise<void> {
  const { destinations } = destinationsSchema.parse(await askAs(gateway, ADMIN, '/admin/destinations'));
  const { id } = destinations.find(({ name }) => name === 'localhost')!;
  const sender = { ...RULE, name: 'CT there', to: [{ destination: id, need: 'also' }] };
  const json = { version: 'b'.repeat(64), rules: [sender, RULE] };
  await page.unroute(path);
  await page.route(path, (route) => route.fulfill({ json }));
  await page.reload();
  await further
    .getByText('The destination works, but no study has been sent here yet.', { exact: true })
    .waitFor();
  const said =
    'Rules are checked first: “CT there” sends matching studies here; “CT stays” applies to some studies.';
  await expect(further.getByText(said)).toHaveCount(1);
}

/** The first line of the finding comes into sight, in the place of the one before. */
async function saysLimit(page: Page, verdict: Locator): Promise<void> {
  const said = verdict.getByText(
    /^Requests larger than 1 MB are refused by the PACS or its proxy \(status 413\)/,
  );
  await said.and(page.locator(':focus')).waitFor();
  await expect(said).toBeInViewport({ ratio: 1 });
  await verdict.getByText(/client_max_body_size 0/).waitFor();
  await verdict
    .getByText('Instances up to 1 MB can be sent. Larger ones stay at the gateway until the limit is raised.')
    .waitFor();
  await expect(verdict.getByText(/wait at the gateway/)).toHaveCount(0);
  // Smaller requests would help no instance that is larger than the limit.
  await expect(page.getByRole('button', { name: /^Save these settings/ })).toHaveCount(0);
}

async function offersSample(page: Page, behind: Locator): Promise<void> {
  await behind
    .locator('.destination-finding')
    .getByText(/^The destination responds/)
    .waitFor();
  await behind.getByText(/adds three instances: a report \(SR\)/).waitFor();
  await looksRight(page, 'destination-mended');
}

/** A file that another program holds, or that was deleted after it was chosen. */
async function saysUnreadable(page: Page, chooser: Locator): Promise<void> {
  await page.evaluate(() => {
    const { arrayBuffer } = File.prototype;
    File.prototype.arrayBuffer = async () => {
      File.prototype.arrayBuffer = arrayBuffer;
      throw new DOMException('', 'NotReadableError');
    };
  });
  await chooser.setInputFiles([onDisk('ca.pem', Buffer.from(CERTIFICATE))]);
  await page.getByText('This file could not be read.').waitFor();
}

walk(
  'a PACS with a private authority, a wrong password and a limit of 1 MB takes twelve actions on a new system',
  async (stage) => {
    const nginx = findNginx();
    if (nginx === null) return skip('a PACS behind nginx', 'nginx is not installed');
    const { page, orthanc, pacsLink } = stage;
    const port = await freePort();
    const upstream = Number(new URL(orthanc.url).port);
    const tls = { certificate: CERTIFICATE, key: CERTIFICATE_KEY };
    let proxy = await startNginx(nginx, { port, tls, location: passTo(upstream) });
    const [username, password] = credentialsOf(orthanc);
    const person = countActions(page);
    try {
      pacsLink.cut();
      await untilPacsMissed(stage);
      await page.goto(stage.address);
      await untilStatusSays(page, 'PACS not reachable');
      await signIn(page, person, stage);
      await page.getByRole('heading', { name: 'Destinations', exact: true }).waitFor();
      // The form gets what the administrator was told: a wrong password, and no certificate of the authority.
      const url = `https://127.0.0.1:${port}/dicom-web`;
      await add(person, { url, username, password: 'a guess' });
      await page.getByRole('checkbox', { name: 'Send new studies here', checked: true }).waitFor();
      await page.getByText('default is then no longer the primary destination.').waitFor();
      pacsLink.mend();
      await person.click('Save');
      const behind = page.getByRole('article', { name: 'pacs-127-0-0-1' });
      await behind
        .getByRole('heading', { name: /Primary/ })
        .and(page.locator(':focus'))
        .waitFor();
      const verdict = behind.locator('.destination-finding');
      await verdict.getByText(/^The certificate was issued by localhost/).waitFor();
      await verdict.getByText(/^This is the primary destination\..* No studies are waiting yet\.$/).waitFor();
      await verdict.getByText(/^Fix the problem above, then press Test/).waitFor();
      await looksRight(page, 'destination-untrusted');
      const authority = /^Certificate file of the certificate authority for/;
      await saysUnreadable(page, behind.getByLabel(authority));
      await behind.getByLabel(authority).setInputFiles([onDisk('ca.pem', Buffer.from('no certificate'))]);
      await behind.getByText('This file contains no certificate.').waitFor();
      await person.choose(authority, 'ca.pem', CERTIFICATE);
      await verdict.getByText(/^The PACS does not accept these credentials/).waitFor();
      await person.fill(`Correct password of ${username}`, password);
      await person.click('Save and test');
      await saysLimit(page, verdict);
      await looksRight(page, 'destination-limited');
      await person.click('Send a sample study pacs-127-0-0-1');
      assert.is(person.count(), 12);
      await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
      await page.goBack();
      await behind.getByRole('button', { name: 'Test pacs-127-0-0-1', exact: true }).click();
      await saysLimit(page, verdict);
      // Somebody puts nginx right; the page says so without a press.
      await proxy.stop();
      const location = ['client_max_body_size 0;', ...passTo(upstream)];
      proxy = await startNginx(nginx, { port, tls, location });
      await offersSample(page, behind);
    } finally {
      pacsLink.mend();
      proxies.push(proxy);
    }
  },
);

walk(
  'a further PACS says that nothing goes there yet, and gets a sample study with one press',
  async (stage) => {
    const { page, orthanc } = stage;
    const person = countActions(page);
    await signIn(page, person, stage);
    await untilPolicyKnown(page);
    // Somebody has tried the sample study before this PACS was added.
    await page.getByRole('button', { name: /^Try it with a sample study/ }).click();
    await pressSend(page);
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    const [username, password] = credentialsOf(orthanc);
    await person.click('Administration', 'link');
    await person.click(/^Destinations/, 'link');
    await add(person, { url: orthanc.url.replace('127.0.0.1', 'localhost'), username, password });
    await person.click('Save');
    const further = page.getByRole('article', { name: 'localhost' });
    const says = further.getByText(/^The destination works, but no studies are sent here yet\./);
    await says.scrollIntoViewIfNeeded();
    await looksRight(page, 'destination-without-studies');
    await offersNothingWhileRulesDecide(stage, further);
    await person.click('Send new studies here too, and a sample study now localhost');
    assert.is(person.count(), 11);
    // The page to which it leads says without a press what the new PACS has.
    const places = page.getByRole('list', { name: studyDestinationsWords.label });
    await places
      .getByRole('listitem')
      .filter({ hasText: 'localhost' })
      .getByText(/^All \d+ images/)
      .waitFor();
    await looksRight(page, 'sample-at-destination');
    await page.goBack();
    await further
      .getByText(/^1 study/)
      .or(further.getByText('No studies being sent'))
      .waitFor();
    await expect(further.getByRole('combobox', { name: 'New studies localhost' })).toHaveValue('also');
    await further.getByRole('button', { name: 'Send a sample study localhost' }).waitFor();
    await until('a study to have come to the further PACS', async () => {
      const [answer] = await Promise.all([page.waitForResponse('**/admin/destinations'), page.reload()]);
      const { destinations } = destinationsSchema.parse(await answer.json());
      return destinations.some(({ name, hasStudies }) => name === 'localhost' && hasStudies);
    });
  },
);

test.run();
