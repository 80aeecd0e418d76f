// test:all: a film’s way through all models takes long; results-screens.e2e.ts guards the pages by day
/**
 * From an upload to report, segmentation and heat map in the PACS automatically, and each of them on the
 * screen as stored: a real film of a child, sent in a real Chromium under the policy that removes names, a
 * real gateway with its rule, a real Orthanc.
 */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { thumbnail } from '#shared/pixels/thumbnail.ts';
import type { Result } from '#shared/protocol/inference.ts';
import { ADMIN, askAs, type Account } from '#testing/accounts.ts';
import { choose, onDisk } from '#testing/app-page.ts';
import { askOrthanc, filesOfInstance } from '#testing/ask-orthanc.ts';
import { skip } from '#testing/environment.ts';
import { evalImages, filmOf, readEvalImage, type EvalSet } from '#testing/films.ts';
import { until } from '#testing/gateway-under-test.ts';
import { expect } from '#testing/expect.ts';
import { focusAndPress, pressKey } from '#testing/press.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openOwnWorld, type OwnWorld } from '#testing/world.ts';
import { looksRight } from '../../testing/looks-right.ts';

const test = suite('the instances of a result in the PACS');
const walk = await walkScreens(test, {
  name: 'the instances of a result in the PACS',
  roles: ['radiologist', 'technician'],
  open: openOwnWorld,
  isOneVisit: true,
});
const evaluation = await evalImages();
const SEED = 701;
/** Films of both kinds of pneumonia, with a score above the threshold. */
const FILM = 'cxr/bacteria-05451.png';

/**
 * The result of the film, once report, segmentation and heat map are in the PACS. The first caller sends the
 * film.
 */
let arrived: Promise<Result> | undefined;

/** A walk that begins on the page of the film's result. */
const step = (name: string, run: (stage: Stage<OwnWorld>, result: Result) => Promise<void>): void =>
  walk(name, async (stage) => {
    if (evaluation === null) skip(`stored: ${name}`, 'the labelled images are not here');
    await stage.enter();
    arrived ??= sendFilm(stage, evaluation);
    const result = await arrived;
    await stage.page.evaluate((id) => {
      location.hash = `#/results/${id}`;
    }, result.id);
    await stage.page.getByRole('link', { name: /^Report \(SR\)/ }).waitFor();
    await run(stage, result);
  });

/** From the page of the result to its report, and from there to the next tab. */
async function openTab(page: Page, name: 'Segmentation' | 'Heat map'): Promise<void> {
  await page.getByRole('link', { name: /^Report \(SR\)/ }).click();
  await page.getByRole('link', { name, exact: true }).first().click();
}

/** Sends the film to a gateway with a rule for films, and waits until everything found on it has a receipt. */
async function sendFilm({ page, gateway, account }: Stage<OwnWorld>, set: EvalSet): Promise<Result> {
  await askAs(gateway, ADMIN, '/admin/rules/inference', {
    rules: [{ name: 'films', enabled: true, when: { bodyPart: ['CHEST'] }, models: ['pneumonia'] }],
  });
  const film = filmOf(await readEvalImage(set, FILM), { seed: SEED });
  await choose(page, [onDisk('film.dcm', film.bytes)]);
  await page.getByRole('button', { name: 'Send 1 study' }).click();
  return until('all that was found to be in the PACS, with a receipt', async () => {
    const { results } = await askAs<{ results: Result[] }>(gateway, account.username, '/results');
    const [one] = results;
    return (
      one !== undefined &&
      one.instances.length === 3 &&
      one.instances.every(({ state, receipt }) => state === 'stored' && receipt !== null) &&
      one
    );
  });
}

/** The last one, which also names what a person has verified meanwhile. */
async function receiptOfHeatMap(gateway: OwnWorld['gateway'], { username }: Account): Promise<string> {
  const { instances } = await until('a receipt for every instance', async () => {
    const { results } = await askAs<{ results: Result[] }>(gateway, username, '/results');
    return results[0]!.instances.every(({ receipt }) => receipt !== null) && results[0]!;
  });
  return instances.find(({ kind }) => kind === 'SC')!.receipt!.id;
}

const uidOf = ({ instances }: Result, kind: Result['instances'][number]['kind'], revision = 1) =>
  instances.find((one) => one.kind === kind && one.revision === revision)!.sopInstanceUID;
const untilRead = (page: Page): Promise<void> => page.getByText('Read back from the PACS just now').waitFor();
/** All these words are to be seen. */
async function says(page: Page, words: readonly (string | RegExp)[]): Promise<void> {
  for (const one of words) await expect(page.locator('main')).toContainText(one, { useInnerText: true });
}
/** The picture as the browser has drawn it: RGBA, rows from the top. Millions of bytes: they pass as one text. */
async function drawn(page: Page, selector: string) {
  const { width, height, text } = await page.locator(selector).evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    return {
      width: canvas.width,
      height: canvas.height,
      text: new Uint8Array(data.buffer).toBase64(),
    };
  });
  return { width, height, rgba: Buffer.from(text, 'base64') };
}

step('a film is sent, and the findings of models reach the PACS automatically', async ({ page }, result) => {
  assert.equal(
    [result.finding.population, result.finding.positive, result.requestedBy],
    ['inside', true, null],
    'by the rule',
  );
  await page.getByRole('link', { name: 'Results' }).first().click();
  await page.locator('.list-link').first().click();
  await page.getByRole('link', { name: /^Report \(SR\)/ }).waitFor();
  await page.waitForFunction(
    () => (document.querySelector<HTMLImageElement>('.picture-map')?.naturalWidth ?? 0) > 0,
  );
  await looksRight(page, 'stored-result');
});

step(
  'the report is read back from the PACS, shown as a report, and names people only by pseudonym',
  async ({ page }, result) => {
    await page.getByRole('link', { name: /^Report \(SR\)/ }).click();
    await page.getByRole('heading', { name: 'Report', level: 1 }).waitFor();
    await untilRead(page);
    await page.getByText('Identical to the image listed in the receipt, byte for byte').waitFor();
    for (const summary of await page.locator('.report summary').all()) await summary.click();
    const { model, score, threshold, input, intendedUse } = result.finding;
    await says(page, [
      'Imaging Measurement Report',
      'AI, not for diagnosis',
      'Not verified by a person',
      'Partial',
      'Preliminary',
      'Device Observer',
      'RelayPACS',
      model.version,
      model.digest,
      `${Math.round(score! * 10_000) / 100} %`,
      `${Math.round(threshold! * 10_000) / 100} %`,
      'Visual Explanation',
      'SCT 246262008',
      'SCT 3341006',
      input.sopInstanceUID!,
      uidOf(result, 'SR'),
      uidOf(result, 'SEG'),
      uidOf(result, 'SC'),
      intendedUse,
      result.instances[0]!.receipt!.id,
      /Patient \(pseudonym\)\s+RP-/,
    ]);
    await looksRight(page, 'stored-report-open');
    await expect(page.locator('main')).not.toContainText(new RegExp(`Film|Child${SEED}`));
    for (const summary of await page.locator('.report summary').all()) await summary.click();
    await page.evaluate(() => scrollTo(0, 0));
    await looksRight(page, 'stored-report');
  },
);

step(
  'the segmentation lies over its source image: two lungs with names and sizes, each shown or hidden',
  async ({ page }, result) => {
    await openTab(page, 'Segmentation');
    await page.getByRole('heading', { name: 'Segmentation', level: 1 }).waitFor();
    await untilRead(page);
    await page.waitForFunction(
      () => (document.querySelector<HTMLImageElement>('.picture-box img')?.naturalWidth ?? 0) > 0,
    );
    await expect(page.locator('.picture-map canvas')).toHaveCount(2);
    const { lungs, input } = result.finding;
    const box = page.getByRole('img', { name: 'The source image with: Right lung, Left lung' });
    await box.waitFor();
    for (const [at, side] of (['right', 'left'] as const).entries()) {
      const { width, height, rgba } = await drawn(page, `.picture-map:nth-of-type(${at + 1}) canvas`);
      assert.ok(Math.abs(width / height - input.columns / input.rows) < 0.01, 'in the shape of its source');
      const inside = rgba.filter((value, place) => place % 4 === 3 && value === 255).length;
      assert.ok(
        Math.abs(inside / (width * height) - lungs![side].fraction) < 0.01,
        `${side}: ${inside / (width * height)} is not ${lungs![side].fraction}`,
      );
    }
    await looksRight(page, 'stored-segmentation');
    await focusAndPress(page.getByRole('checkbox', { name: 'Show Right lung' }), 'Space');
    await page.getByRole('img', { name: 'The source image with: Left lung' }).waitFor();
    const opacity = () =>
      page
        .locator('.picture-map')
        .first()
        .evaluate((map) => getComputedStyle(map).opacity);
    const before = Number(await opacity());
    await pressKey(page, '[');
    await expect.poll(async () => Math.round((before - Number(await opacity())) * 10)).toBe(1);
  },
);

step(
  'the heat map is the picture that the PACS holds, pixel for pixel',
  async ({ page, orthanc }, result) => {
    await openTab(page, 'Heat map');
    await page.getByRole('heading', { name: 'Heat map', level: 1 }).waitFor();
    await untilRead(page);
    const [file] = await filesOfInstance(orthanc, uidOf(result, 'SC'));
    const read = await readInstance(bytesSource(file!));
    const held =
      read.kind === 'ready'
        ? await thumbnail(read.instance, read.instance.dataSet, { maxSide: 4096 }, { codecs: loadCodecs() })
        : read.because;
    if (typeof held === 'string') throw new Error(held);
    const { width, height, rgba } = await drawn(page, '.picture-box canvas');
    assert.equal([width, height], [held.width, held.height]);
    const other = rgba.findIndex((value, at) => value !== held.rgba[at]);
    assert.is(other, -1, `byte ${other}: ${rgba[other]}, ${held.rgba[other]}`);
    await looksRight(page, 'stored-heat-map');
  },
);

step(
  'a radiologist agrees, and the verified report is listed with the first one',
  async ({ page, gateway, account }, { id }) => {
    await page.getByRole('button', { name: 'Agree', exact: true }).click({ trial: true });
    await pressKey(page, 'a');
    await page.getByText('Agreed', { exact: true }).waitFor();
    const result = await until('the verified report to be in the PACS', async () => {
      const one = await askAs<Result>(gateway, account.username, `/results/${id}`);
      return (
        one.instances.some(
          ({ kind, revision, state, receipt }) =>
            kind === 'SR' && revision === 2 && state === 'stored' && receipt !== null,
        ) && one
      );
    });
    await page.reload();
    await page.getByRole('link', { name: /^Report \(SR\) · replaced by a later report/ }).waitFor();
    await page.getByRole('link', { name: /^Verified report: Agreed, .* \(SR\)/ }).click();
    await untilRead(page);
    const verified = ['Verified by a person', 'Complete', 'Final', 'Agrees with the model'];
    await says(page, [...verified, uidOf(result, 'SR')]);
    await looksRight(page, 'stored-verified');
    await expect(page.locator('main'), 'also only by a pseudonym').not.toContainText(account.username);
  },
);

step('a person who may not open the verified report is told that it replaces the first', async (stage) => {
  const { page, visitor } = stage;
  // The gateway answers a technician like this (results.routes.test.ts).
  await visitor.route(/\/api\/results\/[0-9a-f-]{36}$/, async (route) => {
    const response = await route.fetch();
    const told = (await response.json()) as Result;
    const instances = told.instances.map((one) => ({ ...one, isWithheld: one.revision > 1 }));
    await route.fulfill({ response, json: { ...told, instances } });
  });
  await page.reload();
  const reports = page.locator('.result-instances li', { hasText: '(SR)' });
  await reports.getByText('you don’t have permission to open it').waitFor();
  const withheld = /^\s*Verified report: Agreed, .*you don’t have permission to open it\s+in the PACS/s;
  await expect(reports).toHaveText([withheld, /replaced by a later report/], { useInnerText: true });
  await expect(reports.getByRole('link')).toHaveCount(1);
  await expect(page.getByText('is being made')).toHaveCount(0);
  await page.evaluate(() => {
    location.hash += '/SR-2';
  });
  await page.getByText('You don’t have permission to open verified reports.').waitFor();
  await expect(page.getByText('This result is not in the PACS')).toHaveCount(0);
  await looksRight(page, 'stored-withheld');
  await visitor.unrouteAll({ behavior: 'ignoreErrors' });
});

step(
  'a lost instance and an unreachable PACS are reported with what to do',
  async ({ page, gateway, account, orthanc, pacsLink }, result) => {
    const receipt = await receiptOfHeatMap(gateway, account);
    const [file] = await filesOfInstance(orthanc, uidOf(result, 'SC'));
    const [{ ID }] = JSON.parse(
      (await askOrthanc(orthanc, '/tools/lookup', uidOf(result, 'SC'))).toString(),
    ) as [{ ID: string }];
    const { restUrl, authorization } = orthanc;
    const headers = { authorization };
    await fetch(`${restUrl}/instances/${ID}`, { method: 'DELETE', headers });
    try {
      await openTab(page, 'Heat map');
      await page.getByText('It is no longer in the PACS.').waitFor();
      await page.getByText(receipt).waitFor();
      await looksRight(page, 'stored-gone');
      pacsLink.cut();
      await page.getByRole('button', { name: 'Read it again' }).click();
      await page.getByText('Nothing is lost. Read it again when the PACS responds.').waitFor();
      await looksRight(page, 'stored-away');
    } finally {
      pacsLink.mend();
      await fetch(`${restUrl}/instances`, { method: 'POST', headers, body: new Uint8Array(file!) });
    }
  },
);

test.run();
