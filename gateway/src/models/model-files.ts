/**
 * The files of models. Those that come with the gateway are stored with its code. Those that an administrator added
 * are in the data directory as `<digest>.onnx`, readable only by their owner, and shared by gateways that share this
 * directory. A file is written completely or not at all, and never changed.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { link, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { modelCardSchema, type ModelCard } from '#shared/models/card.ts';

/**
 * A model that comes with the gateway. `digest`: the digest that the card promises. `isWhole`: the file has that
 * digest.
 */
export type BuiltInModel = {
  readonly card: ModelCard;
  readonly digest: string;
  readonly bytes: number;
  readonly isWhole: boolean;
};

export type ModelFiles = {
  readonly builtIn: readonly BuiltInModel[];
  /** The path of a registered model. The loader checks whether the file still exists and is unchanged. */
  pathOf(digest: string): string;
  /** The file survives a power cut once this resolves. */
  save(digest: string, chunks: readonly Uint8Array[]): Promise<void>;
  /** Removes a registered model's file; a model that came with the gateway stays. */
  remove(digest: string): Promise<void>;
};

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function readOrNull(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

/**
 * Throws if a card that comes with the gateway cannot be read, because that means a broken installation and not a
 * changed model.
 */
function readBuiltIn(folder: string): (BuiltInModel & { readonly path: string })[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      const card = modelCardSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
      const path = join(folder, name.replace(/json$/, 'onnx'));
      const file = readOrNull(path);
      return {
        card,
        digest: card.sha256,
        bytes: file?.length ?? 0,
        path,
        isWhole: file !== null && digestOf(file) === card.sha256,
      };
    });
}

/** `folder` is created if it does not exist. */
export function openModelFiles(builtInFolder: string, folder: string): ModelFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const builtIn = readBuiltIn(builtInFolder);
  const paths = new Map(builtIn.map(({ digest, path }) => [digest, path]));
  const pathOf = (digest: string): string => paths.get(digest) ?? join(folder, `${digest}.onnx`);
  return {
    builtIn,
    pathOf,
    async save(digest, chunks) {
      if (paths.has(digest)) return;
      const draft = join(folder, `${digest}.${randomBytes(8).toString('hex')}.new`);
      const file = await open(draft, 'wx', 0o600);
      try {
        for (const chunk of chunks) await file.write(chunk);
        await file.sync();
        await link(draft, pathOf(digest)).catch((error: NodeJS.ErrnoException) => {
          // The name is the digest, so an existing file has the same content.
          if (error.code !== 'EEXIST') throw error;
        });
      } finally {
        await file.close();
        await unlink(draft);
      }
    },
    async remove(digest) {
      if (!paths.has(digest)) await unlink(pathOf(digest));
    },
  };
}
