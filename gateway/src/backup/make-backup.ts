/** Makes a backup for the site's key, notes what came of it, and keeps as many as the plan says. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backupNameSchema, type Backups } from '#shared/protocol/backups.ts';
import type { Database } from '../database/database.ts';
import { describeError, type Log } from '../observability/log.ts';
import { hasCode } from '../ports/blobs/file-bytes.ts';
import { noteBackup, readBackupPlan } from './backup-plan.store.ts';
import { NoRoomForBackup, writeBackup } from './write-backup.ts';

/** Scheduled and asked for. Those before an upgrade are kept until somebody removes them. */
const OWN = /^relaypacs-[\dTZ-]+\.age$/;
const HOUR_MS = 3_600_000;
/** After a failure the next try takes its time, because each may fill a disk and reads the whole database. */
const TRY_AGAIN_MS = HOUR_MS;

export type BackupTools = {
  readonly database: Pick<Database, 'db' | 'url'>;
  readonly dataDir: string;
  readonly blobs: string;
  readonly backupDir: string;
  readonly version: string;
  readonly log: Log;
  readonly now: () => Date;
};

/** The newest first. */
export async function listBackups(folder: string): Promise<Backups['backups']> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const found = await Promise.all(
    names
      .filter((name) => backupNameSchema.safeParse(name).success)
      .map(async (name) => {
        // An old one may be removed just now.
        const file = await stat(join(folder, name)).catch(() => null);
        return file === null ? [] : { name, bytes: file.size, madeAt: file.mtime.toISOString() };
      }),
  );
  return found.flat().toSorted((a, b) => (a.madeAt < b.madeAt ? 1 : -1));
}

/** Whether the last one is older than the plan allows, with a try that failed in between. */
export async function isOverdue({ database, now }: Pick<BackupTools, 'database' | 'now'>): Promise<boolean> {
  const { plan, plannedAt, lastAt } = await readBackupPlan(database.db);
  if (plan.everyHours === null) return false;
  const at = now();
  const since = Math.max(passed(lastAt, at), passed(plannedAt, at));
  return at.getTime() - since > plan.everyHours * HOUR_MS + 2 * TRY_AGAIN_MS;
}

/** Whether the plan asks for one now. */
export async function isDue({ database, now }: BackupTools): Promise<boolean> {
  const { plan, lastAt, trouble } = await readBackupPlan(database.db);
  if (plan.recipient === null || plan.everyHours === null) return false;
  const at = now();
  const tried = passed(trouble && new Date(trouble.at), at);
  if (at.getTime() - tried < TRY_AGAIN_MS) return false;
  return at.getTime() - passed(lastAt, at) >= plan.everyHours * HOUR_MS;
}

/** A time that lies ahead was written by a wrong clock, and counts as none. */
const passed = (time: Date | null, now: Date): number => (time === null || time > now ? 0 : time.getTime());

/** Does nothing while the site has no key for backups. A failure is noted and logged. */
export async function makeBackup(tools: BackupTools, signal?: AbortSignal): Promise<void> {
  const { database, dataDir, blobs, backupDir, version, log, now } = tools;
  const { db, url } = database;
  const { plan } = await readBackupPlan(db);
  if (plan.recipient === null) return;
  const at = now();
  const name = `relaypacs-${at.toISOString().slice(0, 19).replaceAll(':', '')}.age`;
  try {
    const { bytes } = await writeBackup(
      { url, dataDir, blobs },
      { folder: backupDir, name, recipients: [plan.recipient], version, now: at, ...(signal && { signal }) },
    );
    log({ event: 'backup-made', name, bytes });
    await noteBackup(db, at, null);
    await removeOld(backupDir, plan.keep, name);
  } catch (error) {
    // The gateway ends: the next one makes it.
    if (signal?.aborted) throw error;
    const because = error instanceof NoRoomForBackup ? 'no-room' : 'failed';
    log({ event: 'backup-not-made', because, ...describeError(error) });
    await noteBackup(db, at, because);
  }
}

/** Never the one that was just made, whatever the clock says. */
async function removeOld(folder: string, keep: number, made: string): Promise<void> {
  const own = (await listBackups(folder)).filter(({ name }) => OWN.test(name) && name !== made);
  for (const { name } of own.slice(keep - 1)) await rm(join(folder, name), { force: true });
}

/**
 * The site's key, where the backup before an upgrade finds it without a database that it can read. Repeatable: it is
 * called until it has succeeded.
 */
export async function keepRecipient(dataDir: string, recipient: string | null): Promise<void> {
  const path = join(dataDir, 'keys', 'backup-recipient.txt');
  if (recipient === null) return rm(path, { force: true });
  const text = `${recipient}\n`;
  if ((await readFile(path, 'utf8').catch(() => '')) === text) return;
  const draft = `${path}.${randomUUID()}.new`;
  await writeFile(draft, text, { mode: 0o600, flush: true });
  await rename(draft, path);
}
