/**
 * Fetches the viewer's package, checks it against the pinned digest, and unpacks the files that a browser needs. This
 * happens in a draft folder that is renamed once it is complete, so that half a viewer is never served.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import type { ViewerProblem } from '#shared/protocol/viewer.ts';
import type { Fetch } from '../ports/pacs/pacs-agent.ts';
import { BadTarball, unpackTarball } from './unpack-tarball.ts';
import { UNPACKING, type ViewerPackage } from './viewer-package.ts';

/** Suffix of a draft folder. */
export const DRAFT = '.new';

export type InstallTools = {
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
  /** Reports how many bytes have arrived. Once all have, unpacking begins. */
  readonly onBytes: (bytes: number) => void;
};

/** The viewer was not installed, and its draft has been removed. */
export class NotInstalled extends Error {
  readonly why: ViewerProblem;
  /** The code of the error, or the status of the answer. */
  readonly code: string | null;
  constructor(why: ViewerProblem, cause?: unknown, code: string | null = null) {
    super(`the viewer was not installed: ${why}`, { cause });
    this.why = why;
    this.code = code;
  }
}

/** Returns when `folder` is complete. @throws NotInstalled; whatever the signal is aborted with. */
export async function installViewer(from: ViewerPackage, folder: string, tools: InstallTools): Promise<void> {
  const draft = `${folder}.${randomBytes(8).toString('hex')}${DRAFT}`;
  const files = join(draft, 'files');
  const archive = join(draft, 'package.tgz');
  try {
    await mkdir(files, { recursive: true });
    await fetchPackage(from, archive, tools);
    await unpackTarball(archive, files, { limits: UNPACKING, keep: servedPath, signal: tools.signal });
    await compress(files, tools.signal);
    await putInPlace(files, folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    tools.signal.throwIfAborted();
    throw asNotInstalled(error);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * The path under which a file of the package is served. Source maps are left out, and so are the 136 MB that run models
 * in the browser, which OHIF would fetch from elsewhere.
 */
function servedPath(name: string): string | null {
  const [, path] = /^package\/dist\/(.+)$/.exec(name) ?? [];
  return path === undefined || path.startsWith('ort/') || path.endsWith('.map') ? null : path;
}

async function fetchPackage(from: ViewerPackage, archive: string, tools: InstallTools): Promise<void> {
  const digest = createHash('sha512');
  let bytes = 0;
  await pipeline(
    await openPackage(from, tools),
    async function* (pieces: AsyncIterable<Uint8Array>) {
      for await (const piece of pieces) {
        bytes += piece.length;
        if (bytes > from.bytes) throw new NotInstalled('wrong-digest');
        digest.update(piece);
        tools.onBytes(bytes);
        yield piece;
      }
    },
    createWriteStream(archive, { flags: 'wx', mode: 0o600 }),
    { signal: tools.signal },
  );
  if (digest.digest('base64') !== from.sha512) throw new NotInstalled('wrong-digest');
}

async function openPackage(
  { address }: ViewerPackage,
  tools: InstallTools,
): Promise<AsyncIterable<Uint8Array>> {
  if (address.startsWith('file:')) return createReadStream(fileURLToPath(address));
  const answer = await tools.fetch(address, { signal: tools.signal }).catch((error: unknown) => {
    throw notReached(error);
  });
  if (!answer.ok || answer.body === null) {
    await answer.body?.cancel();
    const why = [404, 410].includes(answer.status) ? 'not-there' : 'bad-status';
    throw new NotInstalled(why, undefined, `HTTP ${answer.status}`);
  }
  return piecesOf(Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]));
}

async function* piecesOf(body: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw notReached(error);
  }
}

const CODES: Readonly<Partial<Record<ViewerProblem, RegExp>>> = {
  'name-not-found': /^(ENOTFOUND|EAI_)/,
  refused: /^(ECONNREFUSED|ECONNRESET)$/,
  'no-answer': /TIMEOUT$|^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/,
  'not-trusted': /^(ERR_(TLS|SSL)_|CERT_|UNABLE_TO_)|SELF_SIGNED_CERT/,
};
/** The message of undici's ProxyAgent where a proxy refuses CONNECT. */
const PROXY_REFUSES = /Proxy response \((\d+)\)/;

/** The reason why a fetch failed is in the `cause` of its error. */
function notReached(error: unknown): NotInstalled {
  let code: string | null = null;
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const status = PROXY_REFUSES.exec(at.message)?.[1];
    if (status !== undefined) return new NotInstalled('proxy-refuses', error, `HTTP ${status}`);
    code = (at as NodeJS.ErrnoException).code ?? code;
  }
  const why = (Object.keys(CODES) as ViewerProblem[]).find((one) => CODES[one]!.test(code ?? ''));
  return new NotInstalled(why ?? 'unreachable', error, code);
}

const COMPRESSED: readonly string[] = ['.js', '.css', '.wasm', '.json', '.svg'];
const COMPRESSED_FROM_BYTES = 8 * 1024;

/** Compresses the scripts: 17 MB become 4 MB on the way to the browser. */
async function compress(folder: string, signal: AbortSignal): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name);
    if (!COMPRESSED.includes(extname(name)) || (await stat(path)).size < COMPRESSED_FROM_BYTES) continue;
    await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.gz`, { flush: true }), {
      signal,
    });
  }
}

function asNotInstalled(error: unknown): unknown {
  if (error instanceof NotInstalled) return error;
  if (error instanceof BadTarball) return new NotInstalled('damaged', error);
  // Errors of the download have become `NotInstalled` before this.
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  if (['ENOSPC', 'EDQUOT'].includes(code)) return new NotInstalled('no-room', error);
  if (code === 'ENOENT') return new NotInstalled('not-there', error, code);
  if (code.startsWith('Z_')) return new NotInstalled('damaged', error);
  return new NotInstalled('disk-error', error, code || null);
}

async function putInPlace(files: string, folder: string): Promise<void> {
  try {
    await rename(files, folder);
  } catch (error) {
    // Another gateway that shares the folder was faster.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const file = await open(folder, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
