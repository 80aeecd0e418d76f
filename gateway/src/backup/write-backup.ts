/**
 * Writes a backup into a folder and reads it back: only a file that opens whole gets its name. Besides the recipients,
 * a key that exists only until then can open it, because the gateway does not have the recipients' secret keys.
 */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { FLOOR_BYTES, freeBytesOf } from '../database/room.ts';
import { RESERVED_BYTES } from '../ports/blobs/blobs.ts';
import { hasCode, syncFolder } from '../ports/blobs/file-bytes.ts';
import { backupEntries, type BackedUp } from './backup-entries.ts';
import { sealBackup, type Entry } from './backup-file.ts';
import { removeStale } from './held-files.ts';
import { checkBackup } from './restore-backup.ts';

export type Written = { readonly path: string; readonly bytes: number };

type Asked = {
  readonly folder: string;
  /** Of the file, without a folder. */
  readonly name: string;
  readonly recipients: readonly string[];
  readonly version: string;
  readonly now: Date;
  readonly signal?: AbortSignal;
  /** Of the disk with the folder. */
  readonly freeBytes?: () => Promise<number>;
};

/** The disk has too little room for the backup. */
export class NoRoomForBackup extends Error {
  constructor(cause?: unknown) {
    super('no room is left for the backup', { cause });
    this.name = 'NoRoomForBackup';
  }
}

/** A backup leaves what uploads, and the log of the database, need on the same disk. */
export const LEFT_FREE_BYTES = RESERVED_BYTES + FLOOR_BYTES;
const LOOK_EVERY_BYTES = 16 * 1024 ** 2;
const PART = '.part';
const DRAFT = /^(?:relaypacs|before)-.+\.part$/;

/**
 * The file survives a power cut once this resolves. @throws NoRoomForBackup, BackupRefused, and what the disk and the
 * database throw.
 */
export async function writeBackup(of: BackedUp, asked: Asked): Promise<Written> {
  const { folder, name, recipients, freeBytes = () => freeBytesOf(folder) } = asked;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  const draft = `${path}.${randomUUID()}${PART}`;
  await removeStale(folder, (each) => DRAFT.test(each));
  const passing = await generateX25519Identity();
  try {
    const entries = whileThereIsRoom(backupEntries(of, asked), freeBytes);
    const sealed = await sealBackup(entries, [...recipients, await identityToRecipient(passing)]);
    await pipeline(
      Readable.fromWeb(sealed as Parameters<typeof Readable.fromWeb>[0]),
      createWriteStream(draft, { mode: 0o600, flush: true }),
      { ...(asked.signal && { signal: asked.signal }) },
    );
    await checkBackup(draft, passing);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw hasCode(error, 'ENOSPC') ? new NoRoomForBackup(error) : error;
  }
  await syncFolder(folder);
  return { path, bytes: (await stat(path)).size };
}

async function* whileThereIsRoom(
  entries: AsyncIterable<Entry>,
  freeBytes: () => Promise<number>,
): AsyncGenerator<Entry> {
  let since = LOOK_EVERY_BYTES;
  for await (const entry of entries) {
    if (since >= LOOK_EVERY_BYTES) {
      if ((await freeBytes()) < LEFT_FREE_BYTES) throw new NoRoomForBackup();
      since = 0;
    }
    since += entry.bytes.length;
    yield entry;
  }
}
