/** Archives as npm packs them, and as nobody should: the entries of a tarball are written as they are given. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { ViewerPackage } from '../viewer/viewer-package.ts';

export type TarEntry = {
  readonly name: string;
  readonly content?: string | Buffer;
  /** `0`: a file. */
  readonly type?: string;
  /** In the place of the true one. */
  readonly size?: string;
  readonly link?: string;
  /** In the place of the true sum. */
  readonly sum?: string;
};

const BLOCK = 512;

function headerOf({ name, content = '', type = '0', size, link = '', sum }: TarEntry): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100, 'latin1');
  header.write('0000644\0', 100);
  header.write(size ?? `${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124, 12, 'latin1');
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157, 100, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  const total = header.reduce((before, byte) => before + byte, 0);
  header.write(sum ?? `${total.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return header;
}

export function tarball(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from(entry.content ?? '');
    return [headerOf(entry), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]));
}

/** A viewer as large as a compressed bundle, with the scripts in its page that OHIF has. */
export const SMALL_VIEWER: readonly TarEntry[] = [
  { name: 'package/package.json', content: '{}' },
  {
    name: 'package/dist/index.html',
    content:
      '<!doctype html><title>OHIF</title><script>window.PUBLIC_URL="/"</script><script src="/app-config.js"></script><script defer src="/app.bundle.0123456789abcdef.js"></script>',
  },
  { name: 'package/dist/app.bundle.0123456789abcdef.js', content: `// OHIF\n${'void 0;\n'.repeat(2000)}` },
  { name: 'package/dist/app-config.js', content: 'window.config = "OHIF’s own";' },
  { name: 'package/dist/assets/icon.png', content: Buffer.from([1, 2, 3]) },
  { name: 'package/dist/ort/model.wasm', content: 'large' },
];

export const packageOf = (archive: Buffer, address: string): ViewerPackage => ({
  version: '1.2.3',
  address,
  sha512: createHash('sha512').update(archive).digest('base64'),
  bytes: archive.length,
});

/** `give`: what it answers. */
export type Registry = {
  give: Buffer | 'nothing' | 'half' | 'trouble';
  readonly address: string;
  close(): Promise<void>;
};

/** A registry of npm on the loopback. */
export async function startRegistry(archive: Buffer): Promise<Registry> {
  const server = createServer((_, response) => {
    if (registry.give === 'nothing') return void response.writeHead(404).end();
    if (registry.give === 'trouble') return void response.writeHead(503).end();
    if (registry.give === 'half') return void response.writeHead(200).write(archive.subarray(0, 100));
    response.writeHead(200).end(registry.give);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const registry: Registry = {
    give: archive,
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/@ohif/app/-/app-1.2.3.tgz`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return registry;
}
