/** Temporary folders that PostgreSQL's account may pass through: root's own may be closed to it. */
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function makeWorkplace(prefix: string): Promise<string> {
  const folder = await mkdtemp(join(process.getuid?.() === 0 ? '/tmp' : tmpdir(), prefix));
  await chmod(folder, 0o755);
  return folder;
}
