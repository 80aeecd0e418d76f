/**
 * Old rows of the audit trail are moved into files, of which each continues the chain of the one before it, and the
 * database that of the last file. Only rows that a signed head covers are moved, and the trail says which. Nothing is
 * ever deleted.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline as pipe, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip, createGzip, type Gunzip } from 'node:zlib';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Db, Trx } from '../database/database.ts';
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
  readonly auditHeads: {
    last(): Promise<{ readonly seq: number } | null>;
    /** The last row that was moved, as signed; 0: none was. */
    archivedTo(): Promise<number>;
    /** Signs, before they are removed, that rows up to this one were moved. */
    signArchived(to: number): Promise<void>;
  };
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

/** One run at a time. Returns how many rows were moved. */
const archiveSome = (tools: Tools, before: Date): Promise<number> =>
  tools.db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ is: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('audit archive')) as is`.execute(trx);
    return rows[0]?.is === true ? archiveLocked(trx, tools, before) : 0;
  });

async function archiveLocked(trx: Trx, tools: Tools, before: Date): Promise<number> {
  const { dataDir, siteId, auditHeads, now } = tools;
  const range = await toArchive(trx, (await auditHeads.last())?.seq ?? 0, before);
  if (range === null) return 0;
  const { from, to } = range;
  // Rows that are in no file and not here were removed by somebody else: verify finds it, and nothing hides it. A run
  // that was killed may have signed rows that are still here.
  if (from > (await auditHeads.archivedTo()) + 1) throw new Error(`audit rows before ${from} are gone`);
  const sha256 = await writeRows(trx, folderOf(dataDir), range);
  await auditHeads.signArchived(to);
  const deleted = await trx
    .deleteFrom('audit')
    .where('seq', '>=', from)
    .where('seq', '<=', to)
    .executeTakeFirst();
  if (Number(deleted.numDeletedRows) !== to - from + 1) throw new Error('audit rows were changed meanwhile');
  await recordAudit(trx, siteId, { event: 'audit-archived', from, to, sha256 }, now());
  return to - from + 1;
}

/** `signed`: the last row that a head covers. Null: nothing. */
async function toArchive(trx: Trx, signed: number, before: Date): Promise<Range | null> {
  const { from, last } = await trx
    .selectFrom('audit')
    .select((of) => [of.fn.min('seq').as('from'), of.fn.max('seq').as('last')])
    .executeTakeFirstOrThrow();
  // The first row that stays: times may go back with the clock.
  const { young } = await trx
    .selectFrom('audit')
    .select((of) => of.fn.min('seq').as('young'))
    .where('at', '>=', before)
    .executeTakeFirstOrThrow();
  if (from === null || last === null) return null;
  const to = Math.min(signed, last - 1, (young ?? Infinity) - 1, from + ROWS_LIMIT - 1);
  return to < from ? null : { from, to };
}

type Range = { readonly from: number; readonly to: number };

/** Returns the SHA-256 of the file. It survives a power cut once this resolves. */
async function writeRows(db: Trx, folder: string, { from, to }: Range): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, nameOf(from, to));
  // One name for all: a killed run leaves one file at most.
  const draft = join(folder, 'rows.jsonl.gz.part');
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
  // After a restore of an older database there may be files of rows that were lost with it. They stay, apart.
  for (const { name, ...there } of await archiveFiles(folder))
    if (there.to >= from) await rename(join(folder, name), join(folder, `replaced-${name}`));
  await rename(draft, path);
  await syncFolder(folder);
  return hash.digest('hex');
}

async function* linesOf(db: Trx, { from, to }: Range): AsyncGenerator<string> {
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

/** A file of rows is damaged. */
export class UnreadableArchive extends Error {}

/** Rows from number `from` on, and before number `before`. */
export type Archived = { readonly from: number; readonly before: number };

/** In order. A file that was moved elsewhere is left out; one that cannot be read throws. */
export async function* archivedRows(dataDir: string, which: Archived): AsyncGenerator<ChainedRow> {
  let next = which.from;
  for (const { name, from, to } of await archiveFiles(folderOf(dataDir)))
    if (to >= next && from < which.before)
      for await (const row of rowsIn(join(folderOf(dataDir), name)))
        if (row.seq >= next && row.seq < which.before) {
          yield row;
          next = row.seq + 1;
        }
}

async function* rowsIn(path: string): AsyncGenerator<ChainedRow> {
  const text: AsyncIterable<Buffer> = createGunzip();
  pipe(createReadStream(path), text as Gunzip, () => undefined);
  let rest = '';
  const decoder = new StringDecoder('utf8');
  try {
    for await (const piece of text) {
      const lines = (rest + decoder.write(piece)).split('\n');
      rest = lines.pop()!;
      for (const line of lines) yield rowSchema.parse(JSON.parse(line));
    }
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw new UnreadableArchive('it cannot be read', { cause: error });
  }
}
