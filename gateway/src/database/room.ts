/**
 * Reserves disk space for the database's log, which must not fail. Below a floor nothing new is taken (http/api.ts),
 * while studies that are here go on to the PACS and free their room. Other programs may fill the disk all the same, so
 * a file holds part of the space back. It is deleted when the database would run out of room, and written again when
 * there is room. A PostgreSQL that cannot write its log ends, and needs some room to start.
 *
 * It does nothing for the disk of a database elsewhere (DATABASE_URL).
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreFailure } from '#shared/ignore-failure.ts';

const MB = 1024 ** 2;
/** Room for `max_wal_size`: the log that PostgreSQL may write between two checkpoints. */
export const FLOOR_BYTES = 128 * MB;
/** Three segments of the log, of 16 MB each: enough to recover and to end a checkpoint. */
export const RESERVE_BYTES = 48 * MB;
/** Two segments. With more free space than this, the database can go on without the reserve. */
const RELEASE_BELOW_BYTES = 32 * MB;
const LOOK_EVERY_MS = 1_000;

type Room = {
  /** Whether there is too little room to take anything new. */
  isLow(): Promise<boolean>;
  /** Deletes the reserve where the disk is full: a database that ran out of room needs some to start. */
  release(): Promise<void>;
  /** Checks now: deletes the reserve, or writes it again. */
  look(): Promise<void>;
  /** Checks every second until `stop`. */
  watch(): void;
  stop(): Promise<void>;
};

type RoomOptions = {
  readonly folder: string;
  /** Whether the database is in this folder. */
  readonly isReserved: boolean;
  readonly freeBytes?: () => Promise<number>;
};

export async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

export function openRoom({ folder, isReserved, freeBytes = () => freeBytesOf(folder) }: RoomOptions): Room {
  const path = join(folder, 'reserve');
  let looking: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const release = async (): Promise<void> => {
    if (existsSync(path) && (await freeBytes()) < RELEASE_BELOW_BYTES) await rm(path, { force: true });
  };
  const look = async (): Promise<void> => {
    if (!isReserved) return;
    await release();
    if ((await freeBytes()) > FLOOR_BYTES + RESERVE_BYTES) await takeReserve(folder, path);
  };
  return {
    release,
    look,
    isLow: async () => (await freeBytes()) < FLOOR_BYTES,
    watch() {
      timer = setInterval(() => {
        looking = looking.then(() => ignoreFailure(look(), 'the next look comes in a second'));
      }, LOOK_EVERY_MS);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** Fills the reserve with random bytes, because a file system may allocate no space for zeros. */
async function takeReserve(folder: string, path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size === RESERVE_BYTES) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = await open(path, 'w', 0o600);
  try {
    for (let written = 0; written < RESERVE_BYTES; written += MB) await file.write(randomBytes(MB));
    await file.sync();
  } finally {
    await file.close();
  }
}
