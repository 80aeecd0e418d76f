/** Debian's storescu and echoscu, which store and ask over DIMSE as modalities do. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWithUs } from '../../../scripts/system/end-with-us.ts';

const FOLDER = '/usr/bin';
export const hasStorescu = (): boolean => existsSync(join(FOLDER, 'storescu'));

export type Asking = {
  readonly port: number;
  readonly calling: string;
  readonly called?: string;
  readonly options?: readonly string[];
  /** Given the process once it runs. */
  readonly watch?: (child: ChildProcess) => void;
};
export type Asked = { readonly code: number | null; readonly said: string };

/** Stores the files in their order, in one association. */
export async function storescu(files: readonly Uint8Array[], asking: Asking): Promise<Asked> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-storescu-'));
  try {
    const names = files.map((_, at) => join(folder, `${String(at).padStart(4, '0')}.dcm`));
    await Promise.all(names.map((name, at) => writeFile(name, files[at]!)));
    return await runProgram('storescu', asking, names);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export const echoscu = (asking: Asking): Promise<Asked> => runProgram('echoscu', asking, []);

async function runProgram(
  name: 'storescu' | 'echoscu',
  { port, calling, called = 'RELAYPACS', options = [], watch }: Asking,
  files: readonly string[],
): Promise<Asked> {
  const where = ['-v', '-aet', calling, '-aec', called, ...options, '127.0.0.1', String(port)];
  const child = spawn(join(FOLDER, name), [...where, ...files], { detached: true });
  endWithUs(child);
  watch?.(child);
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

/** The same instance in JPEG Lossless, by Debian's dcmcjpeg. */
export async function compress(file: Uint8Array): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-dcmcjpeg-'));
  try {
    const from = join(folder, 'from.dcm');
    const to = join(folder, 'to.dcm');
    await writeFile(from, file);
    const child = spawn(join(FOLDER, 'dcmcjpeg'), [from, to], { stdio: 'ignore', detached: true });
    endWithUs(child);
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`dcmcjpeg ended with ${code}`);
    return await readFile(to);
  } finally {
    await rm(folder, { recursive: true });
  }
}
