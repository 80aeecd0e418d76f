/**
 * `npm run lab -- viewer [--out FOLDER] [--package ADDRESS]`: opens a CT, a chest film with its results, and compressed
 * images in the real OHIF. The gateway fetches it from npm, or from ADDRESS, when it is turned on; the studies are sent
 * and opened in the app, in Chromium, and looked at in three sizes. `--out` keeps the pictures. Exits 0 if every size
 * shows an image, and OHIF wanted nothing that the viewer's policy forbids.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import type { Result } from '#shared/protocol/inference.ts';
import type { BuiltInViewer } from '#shared/protocol/viewer.ts';
import { ADMIN, ask, askAs } from '#testing/accounts.ts';
import { filesOf, onDisk, openInstalled, sendStudy, type StudyOnDisk } from '#testing/app-page.ts';
import { testEnvironment } from '#testing/environment.ts';
import { evalImages, filmOf, readEvalImage } from '#testing/films.ts';
import { until } from '#testing/gateway-under-test.ts';
import { WINDOWS } from '#testing/inspect-page.ts';
import { noWorldBecause, openOwnWorld, type OwnWorld } from '#testing/world.ts';
import { freePort } from '../system/ports.ts';

const SIZES = ['laptop', 'tablet', 'phone'] as const;
const FILM = 'cxr/bacteria-05451.png';
/** An image for each codec that OHIF has in WebAssembly, but HTJ2K: Debian's Orthanc gives out no such frames. */
const COMPRESSED: Readonly<Record<string, string>> = {
  'jpeg-2000': 'cr-chest-philips/RG1_J2KI.dcm',
  'jpeg-ls': 'mr-small-syntaxes/MR_small_jpeg_ls_lossless.dcm',
  jpeg: 'ct-syntaxes/CTImage.dcm_JPEGProcess1TransferSyntax_1.2.840.10008.1.2.4.50.dcm',
};
const { values } = parseArgs({ options: { out: { type: 'string' }, package: { type: 'string' } } });
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function turnOn({ gateway }: OwnWorld): Promise<void> {
  await ask(gateway, ADMIN, { method: 'PUT', path: '/admin/viewer', body: { on: true } });
  const now = await until('OHIF to be fetched', async () => {
    const state = await askAs<BuiltInViewer>(gateway, ADMIN, '/admin/viewer');
    return state.state !== 'fetching' && state;
  });
  if (now.state !== 'on') throw new Error(`OHIF was not installed: ${now.problem}`);
  say(`OHIF ${now.version} is on`);
}

/** Whether a viewport has a picture: more than a few greys. */
const isDrawn = (viewer: Page): Promise<boolean> =>
  viewer.evaluate(() =>
    [...document.querySelectorAll<HTMLCanvasElement>('.cornerstone-canvas')].some((canvas) => {
      const copy = new OffscreenCanvas(64, 64).getContext('2d')!;
      copy.drawImage(canvas, 0, 0, 64, 64);
      const { data } = copy.getImageData(0, 0, 64, 64);
      return new Set(data.filter((_, at) => at % 4 === 0)).size > 8;
    }),
  );

/** Sends a study in the app, waits for `arrived`, and opens it in the viewer with one press. */
async function show(
  world: OwnWorld,
  { name, files, arrived }: { name: string; files: StudyOnDisk[]; arrived?: () => Promise<unknown> },
): Promise<void> {
  const visitor = await world.openVisitor();
  const page = await openInstalled(visitor, world);
  await sendStudy(page, files);
  // Studies of the visitors before this one are there too.
  const sent = page.locator('[data-part=arrived]').filter({ hasNotText: 'from another device' });
  await sent.locator('.study-open').waitFor();
  await arrived?.();
  await sent.locator('.study-open').click();
  const refused: string[] = [];
  visitor.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) refused.push(message.text());
  });
  const opening = visitor.waitForEvent('page');
  await page.getByRole('button', { name: 'Open in viewer' }).click();
  const viewer = await opening;
  await viewer.waitForURL(/\/viewer\?StudyInstanceUIDs=/);
  for (const size of SIZES) {
    await viewer.setViewportSize(WINDOWS[size]);
    await until(`${name}: an image (${size})`, () => isDrawn(viewer));
    if (values.out !== undefined)
      await viewer.screenshot({ path: join(values.out, `${name}-${size}.jpeg`), quality: 75 });
    say(`${name}: shown (${size})`);
  }
  if (refused.length > 0) throw new Error(`the policy kept OHIF from something:\n${refused.join('\n')}`);
  await visitor.close();
}

async function showFilm(world: OwnWorld): Promise<void> {
  const set = await evalImages();
  if (set === null) return say('the film is left out: ../shared/models/eval is not here');
  await askAs(world.gateway, ADMIN, '/admin/rules/inference', {
    rules: [{ name: 'films', enabled: true, when: { bodyPart: ['CHEST'] }, models: ['pneumonia'] }],
  });
  const film = filmOf(await readEvalImage(set, FILM), { seed: 8102 });
  const arrived = () =>
    until('report, segmentation and heat map to be in the PACS', async () => {
      const { results } = await askAs<{ results: Result[] }>(world.gateway, ADMIN, '/results');
      const [{ instances } = { instances: [] }] = results;
      return instances.length === 3 && instances.every(({ state }) => state === 'stored');
    });
  await show(world, { name: 'film', files: [onDisk('film.dcm', film.bytes)], arrived });
}

async function showCompressed(world: OwnWorld): Promise<void> {
  const { corpus } = testEnvironment();
  if (corpus === null) return say('compressed images are left out: the corpus is not here');
  for (const [name, path] of Object.entries(COMPRESSED)) {
    const bytes = await readFile(join(corpus, 'dev', path));
    await show(world, { name, files: [onDisk(`${name}.dcm`, bytes)] });
  }
}

const missing = await noWorldBecause();
if (missing !== null) throw new Error(missing);
if (values.out !== undefined) await mkdir(values.out, { recursive: true });
const { NODE_EXTRA_CA_CERTS } = process.env;
const world = await openOwnWorld({
  env: {
    // Some networks inspect TLS: the way to npm is trusted through this alone.
    ...(NODE_EXTRA_CA_CERTS !== undefined && { NODE_EXTRA_CA_CERTS }),
    RELAY_VIEWER_PORT: String(await freePort()),
    ...(values.package !== undefined && { RELAY_VIEWER_PACKAGE: values.package }),
  },
});
try {
  await turnOn(world);
  await show(world, {
    name: 'ct',
    files: filesOf({ seed: 8101, instancesPerSeries: 8, rows: 256, columns: 256 }),
  });
  await showFilm(world);
  await showCompressed(world);
} finally {
  await world.close();
}
