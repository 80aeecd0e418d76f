/** A real Caddy, as hospitals put it before a server. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startProxy, type Nginx } from './hostile-proxy.ts';

const CADDY_OF_DEBIAN = '/usr/bin/caddy';

/** The path of Caddy, or null if there is none. */
export const findCaddy = (): string | null => (existsSync(CADDY_OF_DEBIAN) ? CADDY_OF_DEBIAN : null);

/** Starts a Caddy with these sites, which keeps everything in its folder, and removes that at its end. */
export async function startCaddy(
  caddy: string,
  { folder, port, sites }: { readonly folder: string; readonly port: number; readonly sites: string },
): Promise<Nginx> {
  const file = join(folder, 'Caddyfile');
  await writeFile(file, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${sites}`);
  const env = { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  return startProxy([caddy, 'run', '--config', file, '--adapter', 'caddyfile'], { folder, port, env });
}
