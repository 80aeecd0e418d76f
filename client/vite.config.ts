/**
 * Builds the web app into client/dist: hashed files, no inline script or style (the gateway's Content-Security-Policy allows none), and
 * a service worker that precaches the shell. Views that the upload page does not need are chunks of their own.
 */
import { fileURLToPath } from 'node:url';
import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';
import { VitePWA, type ManifestOptions } from 'vite-plugin-pwa';

/** Web App Manifest: what the device shows once the app is put on its home screen. */
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
  categories: ['medical'],
  icons: [
    { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
    { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
    { src: '/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
    { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
  ],
};

// The tool demands a default export (HOUSE, who may import whom, 8).
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  publicDir: 'public',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // A fetched chunk is always a file: an inlined one would be a data: URL, which the policy forbids for scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  worker: { format: 'es' },
  // Dexie for browsers of this decade; the package's own entry is the one for those of the last, and larger.
  resolve: { alias: { dexie: 'dexie/dist/modern/dexie.mjs' } },
  plugins: [
    preact({ devToolsEnabled: false, prefreshEnabled: false }),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'service-worker.ts',
      // The page registers it itself (app/updates.ts): a new version is offered, never forced.
      registerType: 'prompt',
      injectRegister: false,
      manifest,
      manifestFilename: 'manifest.webmanifest',
      injectManifest: {
        globPatterns: ['**/*.{js,css,html,svg,png,wasm,webmanifest}'],
        // Longer than any file of the shell; a model or a codec that is larger is fetched when it is needed.
        maximumFileSizeToCacheInBytes: 4 * 1024 * 1024,
      },
    }),
  ],
});
