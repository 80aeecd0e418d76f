/**
 * Old rows of the audit trail are moved into files, of which each continues the chain of the one before it, and the
 * database that of the last file. Only rows that a signed head covers are moved, and the trail says which. Nothing is
 * ever deleted.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import type { Db } from '../database/database.ts';
import { hasCode, syncFolder } from '../ports/blobs/file-bytes.ts';
import { type ChainedRow, recordAudit } from './audit.ts';

/** Rows in one file, and in the transaction that removes them. */
const ROWS_LIMIT = 100_000;
const PAGE = 1_000;
const NAME = /^rows-(\d{12})-(\d{12})\.jsonl\.gz$/;

const rowSchema = z.object({
  seq: z.number().int(),
  site_id: z.string(),
  at: z.iso.datetime().transform((at) => new Date(at)),
  event: z.string(),
  fields: z.record(z.string(), z.unknown()),
  previous_hash: z.string(),
  hash: z.string(),
});

type Tools = {
  readonly db: Db;
  readonly dataDir: string;
  readonly siteId: string;
  readonly auditHeads: { last(): Promise<{ readonly seq: number } | null> };
  readonly now: () => Date;
};

const folderOf = (dataDir: string): string => join(dataDir, 'audit');
const nameOf = (from: number, to: number): string =>
  `rows-${`${from}`.padStart(12, '0')}-${`${to}`.padStart(12, '0')}.jsonl.gz`;

/** Moves rows older than `before`. Returns how many. */
export async function archiveAudit(tools: Tools, before: Date, signal: AbortSignal): Promise<number> {
  let moved = 0;
  for (;;) {
    signal.throwIfAborted();
    const count = await archiveSome(tools, before);
    moved += count;
    if (count < ROWS_LIMIT) return moved;
  }
}

async function archiveSome(tools: Tools, before: Date): Promise<number> {
  const { db, dataDir, siteId, auditHeads, now } = tools;
  const signed = (await auditHeads.last())?.seq ?? 0;
  const bounds = await db
    .selectFrom('audit')
    .select((of) => [of.fn.min('seq').as('from'), of.fn.max('seq').as('last')])
    .executeTakeFirst();
  const from = bounds?.from ?? null;
  if (from === null) return 0;
  // The first row that stays: times may go back with the clock.
  const young = await db
    .selectFrom('audit')
    .select((of) => of.fn.min('seq').as('seq'))
    .where('at', '>=', before)
    .executeTakeFirst();
  const to = Math.min(signed, (bounds?.last ?? 0) - 1, (young?.seq ?? Infinity) - 1, from + ROWS_LIMIT - 1);
  if (to < from) return 0;
  const folder = folderOf(dataDir);
  // What a killed run left behind: these rows are still in the database.
  for (const file of await archiveFiles(folder))
    if (file.from >= from) await rm(join(folder, file.name), { force: true });
  const sha256 = await writeRows(db, folder, { from, to });
  await db.transaction().execute(async (trx) => {
    await trx.deleteFrom('audit').where('seq', '>=', from).where('seq', '<=', to).execute();
    await recordAudit(trx, siteId, { event: 'audit-archived', from, to, sha256 }, now());
  });
  return to - from + 1;
}

type Range = { readonly from: number; readonly to: number };

/** Returns the SHA-256 of the file. It survives a power cut once this resolves. */
async function writeRows(db: Db, folder: string, { from, to }: Range): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, nameOf(from, to));
  const draft = `${path}.part`;
  const hash = createHash('sha256');
  await pipeline(
    Readable.from(linesOf(db, { from, to })),
    createGzip(),
    async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        hash.update(piece);
        yield piece;
      }
    },
    createWriteStream(draft, { mode: 0o600, flush: true }),
  );
  await rename(draft, path);
  await syncFolder(folder);
  return hash.digest('hex');
}

async function* linesOf(db: Db, { from, to }: Range): AsyncGenerator<string> {
  for (let next = from; next <= to; next += PAGE) {
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where('seq', '>=', next)
      .where('seq', '<=', Math.min(to, next + PAGE - 1))
      .orderBy('seq')
      .execute();
    yield rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  }
}

async function archiveFiles(folder: string): Promise<readonly (Range & { readonly name: string })[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  return names.toSorted().flatMap((name) => {
    const found = NAME.exec(name);
    return found === null ? [] : [{ name, from: Number(found[1]), to: Number(found[2]) }];
  });
}

/** Rows from number `from` on, and before number `before`. */
export type Archived = { readonly from: number; readonly before: number };

/** In order. A file that was moved elsewhere is left out; one that cannot be read throws. */
export async function* archivedRows(dataDir: string, which: Archived): AsyncGenerator<ChainedRow> {
  const folder = folderOf(dataDir);
  for (const { name, from, to } of await archiveFiles(folder)) {
    if (to < which.from || from >= which.before) continue;
    const text = createReadStream(join(folder, name)).pipe(createGunzip());
    for await (const line of createInterface({ input: text })) {
      const row = rowSchema.parse(JSON.parse(line));
      if (row.seq >= which.from && row.seq < which.before) yield row;
    }
  }
}
