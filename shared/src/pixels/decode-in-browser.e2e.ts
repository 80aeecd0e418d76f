/**
 * A picture is the same in the browser and in Node: stored values, grey and the models' square, to the bit,
 * under the product's policy for scripts.
 */
import { createServer, type Server } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { build } from 'vite';
import { CODED, CODED_COLUMNS, CODED_ROWS } from '#testing/coded-pictures.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { openBrowser } from '#testing/inspect-page.ts';
import { digestPicture, type PictureDigests } from '#testing/picture-digests.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { buildInstance } from '../dicom/build-instance.ts';
import { concatBytes } from '../dicom/encode.ts';
import type { TransferSyntaxUID } from '../dicom/uid.ts';
import { loadCodecs } from './load-codecs.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const { headlessShell, corpus } = testEnvironment();
const pixels = suite('pixels in the browser');

const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";
const { identifiers } = syntheticStudy({ seed: 21 }).instances[0]!;

/** A form of each decoder, for a clone without the corpus. */
function syntheticInstances(): (readonly [string, Uint8Array])[] {
  const of = (
    syntax: string,
    codestream: Uint8Array,
    bitsAllocated: 8 | 16,
    bitsStored = bitsAllocated as number,
  ): Uint8Array =>
    concatBytes(
      buildInstance({
        identifiers,
        elements: [],
        transferSyntaxUID: `1.2.840.10008.1.2.4.${syntax}` as TransferSyntaxUID,
        image: { rows: CODED_ROWS, columns: CODED_COLUMNS, bitsAllocated, bitsStored, pixels: [codestream] },
      }),
    );
  return [
    ['JPEG 2000', of('90', CODED.jpeg2000, 8)],
    ['JPEG', of('50', CODED.jpegBaseline, 8)],
    ['JPEG of 12 bits', of('51', CODED.jpegExtended12, 16, 12)],
    ['lossless JPEG', of('70', CODED.jpegLossless, 16)],
    ['JPEG-LS', of('81', CODED.jpegLSNear, 16, 12)],
  ];
}

/** Files of each transfer syntax, large and small, and files that are no pictures. */
const FILES = [
  'dev/rtimage-varian/RI6XDosiGap.dcm',
  'dev/cr-modality-lut/CR-ModalitySequenceLUT.dcm',
  'dev/cr-chest-philips/RG1_J2KI.dcm',
  'dev/sc-photo/image6.dcm',
  'dev/derived-htj2k/mr-htj2k-lossless.dcm',
  'dev/us-palette/gdcm-US-ALOKA-16.dcm',
  'dev/us-palette/OBXXXX1A_rle.dcm',
  'dev/us-ybr422/US-YBR_FULL_422-EVRLE.dcm',
  'dev/sc-testpattern/TestPattern_JPEG-LS-NearLossless.dcm',
  'dev/sc-testpattern/TestPattern_JPEG-Baseline_YBR422.dcm',
  'dev/seg-deflated-frames/liver_deflate.dcm',
  'dev/parametric-map/parametric_map_float.dcm',
  'dev/mr-12bit-signed/12bitSigned_0x0F0F.dcm',
  'dev/mr-emri-syntaxes/emri_small_big_endian.dcm',
  'dev/ct-syntaxes/CTImage.dcm_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm',
  'dev/mr-emri-syntaxes/emri_small_jpeg_2k_lossless_too_short.dcm',
  'bad/images/04-png-2048x2048.png',
  'bad/images/06-png-16bit.png',
  'bad/images/10-png-corrupt-crc.png',
  'bad/images/12-png-lies.png',
  'bad/images/07-jpeg-truncated.jpg',
  'bad/images/13-jpeg-exif-gps.jpg',
  'bad/images/18-png-palette-1bit.png',
];

type Input = readonly [name: string, bytes: Uint8Array];

/** Serves the built page and the inputs by their number. */
function serve(folder: string, inputs: readonly Input[]): Server {
  const server = createServer(
    (request, response) =>
      void answer(request.url ?? '/').then(
        ([type, body]) => {
          response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(body);
        },
        () => response.writeHead(404).end(),
      ),
  );
  async function answer(address: string): Promise<readonly [string, string | Uint8Array]> {
    if (address === '/')
      return [
        'text/html',
        '<!doctype html><title>pixels</title><script type="module" src="/page.js"></script>',
      ];
    const which = /^\/inputs\/(\d+)$/.exec(address)?.[1];
    if (which !== undefined) return ['application/octet-stream', inputs[Number(which)]![1]];
    const path = join(folder, address === '/page.js' ? 'page.js' : join('assets', basename(address)));
    return [TYPES[extname(path)] ?? 'text/plain', await readFile(path)];
  }
  return server;
}

async function buildPage(folder: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    root: fileURLToPath(new URL('../../testing', import.meta.url)),
    worker: { format: 'es' },
    build: {
      outDir: folder,
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: false,
      rollupOptions: {
        input: fileURLToPath(new URL('../../testing/pixels-page.ts', import.meta.url)),
        output: { entryFileNames: 'page.js' },
      },
    },
  });
}

if (headlessShell) {
  pixels('every form of pixels is read as Node reads it', async () => {
    const real =
      corpus === null
        ? []
        : await Promise.all(
            FILES.map(async (path) => [path, new Uint8Array(await readFile(join(corpus, path)))] as const),
          );
    const inputs = [...syntheticInstances(), ...real];
    const folder = await mkdtemp(join(tmpdir(), 'relay-pixels-page-'));
    const browser = await openBrowser(headlessShell);
    const server = serve(folder, inputs);
    try {
      await buildPage(folder);
      const port = await listenOnLoopback(server);
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.waitForFunction(() => 'ask' in globalThis);
      const codecs = loadCodecs();
      for (const [which, [name, bytes]] of inputs.entries()) {
        const { said } = await page.evaluate(
          (address) => (globalThis as unknown as { ask(of: string): Promise<PictureDigests> }).ask(address),
          `/inputs/${which}`,
        );
        assert.is(said, (await digestPicture(bytes, codecs)).said, name);
      }
    } finally {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    }
  });
} else skipped('pixels in the browser', 'there is no Chromium');

pixels.run();
