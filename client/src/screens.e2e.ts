/**
 * The app as a person meets it, in a real Chromium against the real gateway and a real Orthanc: every page in
 * every state that can be brought about, in both themes, from a laptop to 360 px. Pictures of all of them go
 * to the folder that RELAY_SCREENSHOTS names.
 *
 * What the road promises (cuts, reloads, kills) is tested elsewhere; here it is only walked.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PASSWORD } from '#testing/app-under-test.ts';
import type { GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { looksRight, walkScreens } from '#testing/screen-walk.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';

/** DESIGN §6: compressed JavaScript before the upload page is usable. */
const FIRST_LOAD_BYTES = 80_000;

const test = suite('the screens');
const step = await walkScreens(test, 'the screens');

type Given = { name: string; mimeType: string; buffer: Buffer };
const asFile = (name: string, bytes: Uint8Array): Given => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(bytes),
});

/**
 * The files of a synthetic study as the picker gives them; `altered` changes the last byte of the pixels, not
 * the identifiers.
 */
function filesOf(seed: number, altered = false): Given[] {
  const study = syntheticStudy({
    seed,
    modality: 'CT',
    series: 2,
    instancesPerSeries: 6,
    rows: 64,
    columns: 64,
  });
  return study.instances.map(({ fileName, bytes }, index) => {
    const copy = bytes.slice();
    if (altered && index === 0) copy[copy.length - 1]! ^= 1;
    return asFile(`${seed}-${fileName}`, copy);
  });
}

async function choose(page: Page, files: readonly Given[]): Promise<void> {
  await page
    .locator('input[data-picks=files]')
    .first()
    .setInputFiles([...files]);
}

/** Presses Send and waits until the queue is there. */
async function send(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Send \d/ }).click();
  await page.getByRole('heading', { name: 'Queue', level: 1 }).waitFor();
}

step('the first page is the sign-in, and a wrong password says what to do', async ({ page, gateway }) => {
  await page.goto(gateway.web);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await looksRight(page, 'sign-in');
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill('not this one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('User name or password is wrong.').waitFor();
  await looksRight(page, 'sign-in-refused');
});

step(
  'the upload page is usable after 80 kB of scripts, and breaks no rule of its own policy',
  async ({ page, gateway, visitor }) => {
    const said: string[] = [];
    const fresh = await visitor.browser()!.newContext();
    const first = await fresh.newPage();
    first.on(
      'console',
      (message) => message.type() === 'error' && !/401/.test(message.text()) && said.push(message.text()),
    );
    // What the page asks for once it is drawn (the schemas, what sends) keeps nobody waiting.
    await first.addInitScript(() => {
      const seen = new MutationObserver(() => {
        if (!document.body?.textContent?.includes('Choose files')) return;
        performance.mark('usable');
        seen.disconnect();
      });
      seen.observe(document, { childList: true, subtree: true });
    });
    await first.goto(gateway.web);
    await signIn(first);
    await first.getByRole('button', { name: 'Choose files' }).waitFor();
    const bytes = await first.evaluate(() => {
      const usableAt = performance.getEntriesByName('usable')[0]!.startTime;
      const asked = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
      const scripts = asked.filter(
        ({ name, startTime }) => new URL(name).pathname.endsWith('.js') && startTime < usableAt,
      );
      return scripts.reduce((sum, { transferSize }) => sum + transferSize, 0);
    });
    process.stdout.write(`${bytes} bytes of scripts before the page is usable\n`);
    assert.ok(bytes > 10_000 && bytes <= FIRST_LOAD_BYTES, `${bytes} bytes of scripts`);
    assert.equal(said, []);
    await fresh.close();
    await signIn(page);
  },
);

async function signIn(page: Page): Promise<void> {
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Choose files' }).waitFor();
}

step('the empty page teaches, and the account menu says what signing out means', async ({ page }) => {
  await page.getByText('Names are removed on this device').first().waitFor();
  await looksRight(page, 'upload-empty');
  await page.getByRole('button', { name: 'Account of admin' }).click();
  await page.getByText('Nothing waits on this device.').waitFor();
  await looksRight(page, 'account');
  await page.getByLabel('Dark').check();
  assert.is(
    await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
    'rgb(0, 0, 0)',
    'dark is black',
  );
  await page.getByLabel('Same as device').check();
  await page.keyboard.press('Escape');
});

step('what was found is shown with its warnings, and what cannot go with its reason', async ({ page }) => {
  await choose(page, [
    ...filesOf(1),
    ...filesOf(2),
    asFile('notes.dcm', Buffer.from('no image')),
    asFile('empty.dcm', Buffer.alloc(0)),
  ]);
  await page.getByRole('heading', { name: '2 studies found' }).waitFor();
  await page.getByText('You selected 2 patients.', { exact: false }).waitFor();
  await page.getByText('The file is empty (0 bytes).').waitFor();
  await page.getByRole('button', { name: 'Send 2 studies' }).waitFor();
  for (const summary of await page.locator('details > summary').all()) await summary.click();
  await page.locator('.series-line canvas').first().waitFor();
  // Where the last click has scrolled to is chance: half of a button may lie under the status line.
  await page.evaluate(() => window.scrollTo(0, 0));
  await looksRight(page, 'upload-found');
  await page.getByRole('button', { name: /Change$/ }).click();
  await looksRight(page, 'policy');
  await page.keyboard.press('Escape');
});

step(
  'a Send that left a file behind says so at the top of the page, with the way to the queue',
  async ({ page, folder, visitor }) => {
    await visitor.setOffline(true);
    await page.getByRole('button', { name: 'Clear' }).click();
    const paths = await Promise.all(
      filesOf(3).map(async ({ name, buffer }) => {
        await writeFile(join(folder, name), buffer);
        return join(folder, name);
      }),
    );
    await page.locator('input[data-picks=files]').first().setInputFiles(paths);
    await page.getByRole('button', { name: 'Send 1 study' }).waitFor();
    await page.setViewportSize({ width: 360, height: 480 });
    await page.mouse.wheel(0, 400);
    await rm(paths[0]!);
    await page.getByRole('button', { name: 'Send 1 study' }).click();
    await page.getByText('11 instances added to the queue').waitFor();
    await page.waitForFunction(() => window.scrollY === 0 && document.activeElement?.tagName === 'H1');
    await page.getByText('The device could not read the file.').waitFor();
    await page.setViewportSize({ width: 1024, height: 768 });
    await page.getByRole('link', { name: 'Open the queue' }).click();
    await page.getByRole('button', { name: /^Take back/ }).click();
    await page.getByRole('button', { name: 'Take it back' }).click();
    await page.getByRole('button', { name: /^Remove from list/ }).click();
    await page.getByRole('link', { name: 'Upload' }).click();
    await page.getByRole('button', { name: 'Clear' }).click();
    await choose(page, [...filesOf(1), ...filesOf(2)]);
    await page.getByRole('button', { name: 'Send 2 studies' }).waitFor();
  },
);

step('without a network the queue waits, says so, and can be taken back', async ({ page, visitor }) => {
  await visitor.setOffline(true);
  await send(page);
  await page.getByText('You can close this page: 24 instances are safe here').waitFor();
  await page.getByText('The disc may be removed').waitFor();
  await page.getByText('Waiting for the network. Sending resumes automatically.').first().waitFor();
  await looksRight(page, 'queue-offline');
  await page
    .getByRole('button', { name: /^Take back/ })
    .first()
    .click();
  await page.getByRole('heading', { name: 'Take this study back?' }).waitFor();
  await looksRight(page, 'take-back');
  await page.getByRole('button', { name: 'Take it back' }).click();
  // The queue is in the order of the files: the first study is gone, the second goes on.
  await page.getByText('12 instances are safe here', { exact: false }).waitFor();
});

step('without a network the app still opens, with its queue', async ({ page }) => {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.reload();
  await page.getByText('12 instances are safe here', { exact: false }).waitFor();
  await page.getByText('Waiting for the network. Sending resumes automatically.').first().waitFor();
  await page.getByText('Names are removed on this device').first().waitFor();
  await looksRight(page, 'queue-opened-offline');
});

step(
  'with the network it goes on by itself to the PACS, and the receipt can be kept',
  async ({ page, visitor }) => {
    await visitor.setOffline(false);
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    await looksRight(page, 'queue-arrived');
    // The list names no patient any more, and still tells studies apart.
    await page.getByText(/^2 series · 12 instances · queued .* · in the PACS/).waitFor();
    assert.is(await page.locator('.queue-name a').first().innerText(), 'CT study');
    await page.locator('[data-part=arrived] .queue-name a').first().click();
    await page.getByText('12 instances found in the PACS by query').waitFor();
    await page
      .getByText(
        /^De-identified by PS3\.15 .* for 12 instances; the gateway found nothing left to remove in 12 instances$/,
      )
      .waitFor();
    await page.getByText('Show 12 instances').click();
    await page.locator('.instance').nth(11).waitFor();
    await looksRight(page, 'study-arrived');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save receipt' }).click(),
    ]);
    assert.match(download.suggestedFilename(), /^receipt-[0-9a-f-]{36}\.jws$/, 'the file names nobody');
  },
);

step('on paper there is only the receipt', async ({ page }) => {
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  assert.ok(await page.locator('.printed').isVisible());
  assert.not.ok(await page.locator('header').isVisible());
  assert.not.ok(await page.getByRole('button', { name: 'Print' }).isVisible());
  assert.is(await page.locator('.printed tbody tr').count(), 12);
  assert.match(
    await page.locator('.printed dl').innerText(),
    /De-identified by PS3\.15 .* for 12 instances;/,
  );
  await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
  assert.is(
    await page.locator('.printed tbody tr').count(),
    0,
    'the screen carries no list that nobody sees',
  );
  await page.emulateMedia({ media: 'screen' });
});

step('an instance that contradicts the PACS waits for a decision, which is one button', async ({ page }) => {
  await page.getByRole('link', { name: 'Upload' }).click();
  await choose(page, filesOf(2, true));
  await page.getByRole('button', { name: 'Send 1 study' }).waitFor();
  await send(page);
  await page.getByRole('link', { name: /^Decide about/ }).click();
  await page.getByText('Another instance with the same identifier', { exact: false }).waitFor();
  await looksRight(page, 'study-decision');
  await page.getByRole('button', { name: 'Leave it out' }).click();
  await looksRight(page, 'leave-out');
  await page.getByRole('dialog').getByRole('button', { name: 'Leave it out' }).click();
  await page.getByText('1 instance left out').waitFor();
});

step(
  'a page that is not there says so, and signing out leaves no patient on the screen',
  async ({ page }) => {
    await page.evaluate(() => (location.hash = '#/nowhere'));
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    await looksRight(page, 'not-found');
    await page.getByRole('button', { name: 'Account of admin' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.is(await page.locator('.queue-row, .card').count(), 0);
  },
);

step(
  'on a shared tablet the next person sees that something waits and nothing of what it is, and it goes under no name but its own',
  async ({ page, visitor, gateway }) => {
    const admin = await createUser(gateway, 'tess');
    await page.evaluate(() => (location.hash = '#/'));
    await signIn(page);
    await choose(page, filesOf(4));
    await page.getByRole('button', { name: 'Send 1 study' }).waitFor();
    await visitor.setOffline(true);
    await send(page);
    await page.getByText('12 instances are safe here', { exact: false }).waitFor();
    const title = (await page.locator('[data-part=under-way] .queue-name').first().innerText()).trim();
    await page.getByRole('button', { name: 'Account of admin' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    // A new password ends the right to send that would carry it without anybody.
    await admin.setPassword();
    await visitor.setOffline(false);
    await page.getByLabel('User name').fill('tess');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('1 study from other people waits on this device').waitFor();
    await looksRight(page, 'queue-of-another');
    assert.is(await page.locator('.queue-row').count(), 0);
    assert.not.ok((await page.locator('body').innerText()).includes(title), 'no title of the other one');
    await page.getByRole('button', { name: 'Account of tess' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForFunction(
      () =>
        document.querySelectorAll('[data-part=arrived] .queue-name, .queue-row[data-part=arrived]').length >
        0,
    );
    await page.getByText('Nothing waits on this device').waitFor();
    await page.getByRole('button', { name: 'Account of admin' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  },
);

async function createUser(
  { api }: GatewayUnderTest,
  username: string,
): Promise<{ setPassword(): Promise<void> }> {
  const ask = (method: string, path: string, body: unknown, token = '') =>
    fetch(`${api}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
  const { accessToken, user } = (await (
    await ask('POST', '/auth/login', { username: 'admin', password: PASSWORD })
  ).json()) as { accessToken: string; user: { id: string } };
  const made = await ask(
    'POST',
    '/admin/users',
    { username, password: PASSWORD, roles: ['technician'] },
    accessToken,
  );
  assert.is(made.status, 201);
  return {
    setPassword: async () =>
      assert.is(
        (await ask('PUT', `/admin/users/${user.id}/password`, { password: PASSWORD }, accessToken)).status,
        204,
      ),
  };
}

step(
  'a receipt that does not hold is shown with what it means, and the study goes on when it does',
  async ({ page, visitor }) => {
    await page.evaluate(() => (location.hash = '#/'));
    await signIn(page);
    const stranger = { keys: [{ kty: 'OKP', crv: 'Ed25519', kid: 'x', x: 'A'.repeat(43) }] };
    await visitor.route('**/.well-known/jwks.json', (route) => route.fulfill({ json: stranger }));
    await page.reload();
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    await choose(page, filesOf(5));
    await page.getByRole('button', { name: 'Send 1 study' }).waitFor();
    await send(page);
    await page.getByText('The gateway’s receipt for this study is not valid.').waitFor();
    await page.locator('[data-part=needs-you] .queue-name a').click();
    await page.getByText('Nothing is deleted on this device.', { exact: false }).waitFor();
    await looksRight(page, 'study-receipt-faulty');
    await visitor.unroute('**/.well-known/jwks.json');
    await page.getByRole('button', { name: /^Try again/ }).click();
    await page.getByText('12 instances found in the PACS by query').waitFor();
    await page.getByRole('button', { name: 'Account of admin' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  },
);

step('everything can be done with the keyboard alone', async ({ page }) => {
  await page.evaluate(() => (location.hash = '#/'));
  await signIn(page);
  const reach = async (name: RegExp) => {
    for (let press = 0; press < 40; press += 1) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(() => {
        const { activeElement } = document;
        return {
          text: activeElement?.textContent ?? '',
          outline: activeElement ? getComputedStyle(activeElement).outlineStyle : 'none',
        };
      });
      if (!name.test(focused.text)) continue;
      assert.is(focused.outline, 'solid', `the focus on ${name} can be seen`);
      return page.keyboard.press('Enter');
    }
    return assert.unreachable(`the keyboard does not reach ${name}`);
  };
  await reach(/Try it with a sample study/);
  await page.getByRole('button', { name: 'Send 1 study' }).waitFor();
  await reach(/^Send 1 study/);
  await page.getByRole('heading', { name: 'Queue', level: 1 }).waitFor();
});

test.run();
