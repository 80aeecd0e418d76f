/**
 * Builds the web app into client/dist: hashed files, no inline script or style (the gateway's
 * Content-Security-Policy allows none), and a service worker that precaches the shell. Views that the upload
 * page does not need are chunks of their own; so is the service worker's upload code, which it reads only
 * when needed.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import preact from '@preact/preset-vite';
import { build, defineConfig, type Plugin, type UserConfig } from 'vite';
import { VitePWA, type ManifestOptions } from 'vite-plugin-pwa';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
/**
 * The version named in the account menu. A build of the same sources under another name is another version to
 * the service worker.
 */
const VERSION =
  process.env['RELAY_WEB_VERSION'] ??
  JSON.parse(await readFile(join(ROOT, '../package.json'), 'utf8')).version;

/** For `npm run lab -- coverage`: source maps next to the scripts, which no script refers to. */
const sourcemap = process.env['RELAY_SOURCE_MAPS'] === 'yes' ? 'hidden' : false;

/** The runtime of the models in the browser: the page's worker accepts no other bytes for it. */
const RUNTIME = join(ROOT, '../node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm');

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** Build settings shared by the page and the worker's own scripts. */
const shared = {
  // Dexie for browsers of this decade; the package's own entry is the one for those of the last, and larger.
  resolve: { alias: { dexie: 'dexie/dist/modern/dexie.min.mjs' } },
  define: {
    RELAY_WEB_VERSION: JSON.stringify(VERSION),
    RELAY_MODEL_RUNTIME: JSON.stringify(await digestOf(RUNTIME)),
  },
} satisfies UserConfig;

/**
 * Web App Manifest (W3C): what the device shows once the app is put on its home screen, and how the system
 * hands files to it.
 */
const manifest: Partial<ManifestOptions> = {
  name: 'RelayPACS',
  short_name: 'RelayPACS',
  description: 'Brings imaging studies from this device into the PACS, and proves it.',
  id: '/',
  start_url: '/',
  scope: '/',
  display: 'standalone',
  background_color: '#ffffff',
  theme_color: '#ffffff',
  lang: 'en',
  dir: 'ltr',
  categories: ['medical'],
  // A second start focuses the open window, so that a study being read there is not abandoned.
  launch_handler: { client_mode: 'focus-existing' },
  icons: [
    { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
    { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
    { src: '/icon-maskable-192.png', sizes: '192x192', type: 'image/png', purpose: 'maskable' },
    { src: '/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
    { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
  ],
  screenshots: [
    {
      src: '/screenshots/upload-wide.png',
      sizes: '1280x800',
      type: 'image/png',
      form_factor: 'wide',
      label: 'A study that was found, before it is sent',
    },
    {
      src: '/screenshots/queue-wide.png',
      sizes: '1280x800',
      type: 'image/png',
      form_factor: 'wide',
      label: 'The queue: where every instance is',
    },
    {
      src: '/screenshots/upload-narrow.png',
      sizes: '780x1688',
      type: 'image/png',
      form_factor: 'narrow',
      label: 'A study that was found, before it is sent',
    },
    {
      src: '/screenshots/queue-narrow.png',
      sizes: '780x1688',
      type: 'image/png',
      form_factor: 'narrow',
      label: 'The queue: where every instance is',
    },
  ],
  shortcuts: [
    {
      name: 'New upload',
      url: '/#/',
      icons: [{ src: '/icon-192.png', sizes: '192x192', type: 'image/png' }],
    },
    {
      name: 'Studies',
      url: '/#/studies',
      icons: [{ src: '/icon-192.png', sizes: '192x192', type: 'image/png' }],
    },
  ],
  file_handlers: [
    { action: '/', accept: { 'application/dicom': ['.dcm', '.dicom'], 'application/zip': ['.zip'] } },
  ],
};

/** Where this build writes; known once the settings are resolved. */
let outDir = '';

/**
 * The service worker's upload code as one classic script: a service worker may not import while it runs
 * (HTML, import() in workers; Service Workers, importScripts()), but it may run again what it read at its
 * installation. The worker finds it by its name in the list of the shell.
 */
function backgroundSender(): Plugin {
  return {
    name: 'background-sender',
    apply: 'build',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    closeBundle: {
      order: 'pre',
      sequential: true,
      async handler(error?: Error) {
        if (error) return;
        await build({
          ...shared,
          configFile: false,
          root: ROOT,
          publicDir: false,
          logLevel: 'warn',
          build: {
            outDir,
            sourcemap,
            emptyOutDir: false,
            lib: { entry: join(ROOT, 'src/app/background-sender.ts'), name: 'relay', formats: ['iife'] },
            rollupOptions: { output: { entryFileNames: 'assets/background-sender-[hash].js' } },
          },
        });
      },
    },
  };
}

const isNoEntry = (id: string): boolean => !id.endsWith('.worker.ts');

/**
 * No part of a worker may import the file that the worker was started with: WebKit then runs that file a second
 * time, and the worker does every task twice.
 */
function entriesApart(): Plugin {
  return {
    name: 'entries-apart',
    generateBundle(_, bundle) {
      for (const part of Object.values(bundle)) {
        const imported = part.type === 'chunk' ? [...part.imports, ...part.dynamicImports] : [];
        for (const name of imported) {
          const target = bundle[name];
          if (target?.type === 'chunk' && target.isEntry) this.error(`${part.fileName} imports ${name}`);
        }
      }
    },
  };
}

/**
 * Subresource Integrity for each file of the shell: a hotel's login page that answers with 200 never gets
 * into the cache.
 */
async function integrityOf(url: string): Promise<string> {
  return `sha256-${createHash('sha256')
    .update(await readFile(join(outDir, url)))
    .digest('base64')}`;
}

// The tool demands a default export.
export default defineConfig({
  ...shared,
  root: ROOT,
  publicDir: 'public',
  build: {
    outDir: 'dist',
    sourcemap,
    emptyOutDir: true,
    // A fetched chunk is always a file: an inlined one would be a data: URL, which the policy forbids for
    // scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    // The app in few files, by when it needs them: each file is a request, and compresses better the larger it
    // is. The builder alone makes some two hundred of them, and splits the first page as soon as a later part
    // shares code with it (rolldown issue 10731). Large code that is seldom wanted stays apart.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'first', tags: ['$initial'], priority: 6 },
            { name: 'archives', test: /node_modules\/@zip\.js\//, priority: 5 },
            { name: 'charts', test: /node_modules\/uplot\/|analytics\/plot\.ts$/, priority: 5 },
            { name: 'seldom', test: /keywords\.generated\.ts$|node_modules\/qr\//, priority: 4 },
            { name: 'schemas', test: /node_modules\/zod\/|shared\/src\/protocol\//, priority: 3 },
            {
              name: 'administration',
              test: /client\/src\/(admin|analytics|audit)\//,
              priority: 2,
            },
            {
              name: 'looking',
              test: /client\/src\/(cases|exports|results|reviews|viewer)\//,
              priority: 1,
            },
            { name: 'sending' },
          ],
        },
      },
    },
  },
  worker: {
    format: 'es',
    plugins: () => [entriesApart()],
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'worker', test: isNoEntry }] } } },
  },
  plugins: [
    preact({ devToolsEnabled: false, prefreshEnabled: false }),
    backgroundSender(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src/app',
      filename: 'service-worker.ts',
      // The page registers it itself (app/updates.ts): a new version is offered, never forced.
      registerType: 'prompt',
      injectRegister: false,
      manifest,
      manifestFilename: 'manifest.webmanifest',
      // The shell's icons are precached with their integrity, like its other files.
      includeManifestIcons: false,
      injectManifest: {
        globPatterns: ['**/*.{js,css,html,svg,png,wasm,webmanifest}'],
        // triage/kept-parts.ts keeps the runtime and the models: an installation does not wait for them. Charts show
        // what the gateway counts: without a network there is nothing to draw.
        // The manifest and most icons are the system's, which fetches them when the app is installed. Notifications
        // show one.
        globIgnores: [
          'screenshots/**',
          'assets/ort-wasm-*',
          'assets/charts-*',
          'icon-{180,512}.png',
          'icon-maskable*',
          'manifest.webmanifest',
        ],
        manifestTransforms: [
          async (entries) => ({
            manifest: await Promise.all(
              entries.map(async (entry) => ({ ...entry, integrity: await integrityOf(entry.url) })),
            ),
          }),
        ],
        // Longer than any file of the shell; a model or a codec that is larger is fetched when it is needed.
        maximumFileSizeToCacheInBytes: 4 * 1024 * 1024,
      },
    }),
  ],
});
