/**
 * The repository's own sources to a browser, without a build: types are stripped, the names of imports become
 * addresses. For benches on the loopback only.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { extname, join, normalize } from 'node:path';
import { ROOT } from '../../check/source-files.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.ts': 'text/javascript',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.onnx': 'application/octet-stream',
};
const PAGE = '<!doctype html><title>bench</title>';

/** `#shared/…` by the table of package.json, packages by their own entry. */
function addressOf(specifier: string): string {
  if (specifier.startsWith('#shared/')) return `/shared/src/${specifier.slice('#shared/'.length)}`;
  const entry = createRequire(import.meta.url).resolve(specifier);
  return entry.slice(entry.lastIndexOf('/node_modules/')).replace(/\.cjs$/, '.js');
}

async function read(path: string): Promise<Buffer | string> {
  const bytes = await readFile(join(ROOT, normalize(path)));
  if (extname(path) !== '.ts') return bytes;
  return stripTypeScriptTypes(bytes.toString('utf8')).replace(
    /(\bfrom\s*|\bimport\s*)'([#a-z][^']*)'/g,
    (_, words: string, specifier: string) => `${words}'${addressOf(specifier)}'`,
  );
}

export async function serveSources(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/') return void response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE);
    read(path).then(
      (content) =>
        void response
          .writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' })
          .end(content),
      () => void response.writeHead(404).end(),
    );
  });
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => void server.close(),
  };
}
