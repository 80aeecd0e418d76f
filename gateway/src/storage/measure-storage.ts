/** What occupies the data directory, and files in it that no row names. */
import { lstat, readdir, statfs } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { sql } from 'kysely';
import type { Storage, STORED } from '#shared/protocol/storage.ts';
import type { Db } from '../database/database.ts';
import { FLOOR_BYTES } from '../database/room.ts';
import { hasCode } from '../ports/blobs/file-bytes.ts';
import { countOrphans, type OrphanTools } from './orphans.ts';

type What = (typeof STORED)[number];

/** Names in the data directory, or their beginning. What is not among them counts as `other`. */
const PLACES: Readonly<Record<string, What>> = {
  database: 'database',
  blobs: 'parcels',
  files: 'files',
  inputs: 'inputs',
  exports: 'exports',
  models: 'models',
  audit: 'audit',
  backups: 'backups',
  'gateway.log': 'logs',
  'gateway.log.1': 'logs',
  pacs: 'pacs',
  viewer: 'viewer',
  reserve: 'reserve',
};
const TABLES_SHOWN = 8;

export type StorageTools = OrphanTools & {
  readonly db: Db;
  readonly dataDir: string;
  /** The folder of parcels. */
  readonly blobs: { readonly path: string };
  readonly backupDir: string;
  readonly isFull: () => Promise<boolean>;
};

export async function measureStorage(tools: StorageTools): Promise<Storage> {
  const { db, dataDir, blobs, backupDir } = tools;
  const { bavail, bsize, blocks } = await statfs(dataDir);
  const bytes = new Map<What, number>();
  for (const name of await readdir(dataDir))
    add(bytes, PLACES[name] ?? 'other', await sizeOf(join(dataDir, name)));
  const elsewhere = new Set<What>();
  for (const [what, folder] of [
    ['parcels', blobs.path],
    ['backups', backupDir],
  ] as const) {
    if (!isOutside(dataDir, folder)) continue;
    elsewhere.add(what);
    add(bytes, what, await sizeOf(folder));
  }
  const tables = await largestTables(db);
  if (!bytes.has('database')) {
    elsewhere.add('database');
    const { rows } = await sql<{
      bytes: number;
    }>`select pg_database_size(current_database()) as bytes`.execute(db);
    bytes.set('database', rows[0]!.bytes);
  }
  return {
    disk: {
      ...{ bytes: blocks * bsize, freeBytes: bavail * bsize, floorBytes: FLOOR_BYTES },
      isLow: await tools.isFull(),
    },
    parts: [...bytes]
      .filter(([, size]) => size > 0)
      .toSorted(([, a], [, b]) => b - a)
      .map(([what, size]) => ({ what, bytes: size, elsewhere: elsewhere.has(what) })),
    tables,
    orphans: await countOrphans(tools),
  };
}

function isOutside(dataDir: string, folder: string): boolean {
  const way = relative(dataDir, folder);
  return way.startsWith('..') || way.startsWith(sep);
}

function add(bytes: Map<What, number>, what: What, size: number): void {
  bytes.set(what, (bytes.get(what) ?? 0) + size);
}

/** What the disk gives to a file, or to all files in a folder. What is removed meanwhile counts nothing. */
async function sizeOf(path: string): Promise<number> {
  try {
    const found = await lstat(path);
    if (!found.isDirectory()) return found.blocks * 512;
    let size = found.blocks * 512;
    for (const name of await readdir(path)) size += await sizeOf(join(path, name));
    return size;
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'EACCES')) return 0;
    throw error;
  }
}

/** `rows`: as PostgreSQL estimates them. */
async function largestTables(db: Db): Promise<Storage['tables']> {
  const { rows } = await sql<Storage['tables'][number]>`
    select relname as name, pg_total_relation_size(relid) as bytes, n_live_tup as rows
    from pg_stat_user_tables where schemaname = current_schema() order by 2 desc limit ${TABLES_SHOWN}`.execute(
    db,
  );
  return rows;
}
