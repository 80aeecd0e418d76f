/**
 * Walks the whole audit trail once and compares it with the signed heads. It detects a row that was cut, rewritten,
 * reordered or replaced, up to the last head. Later rows are only chained, and are reported as unproven.
 */
import type { AuditVerdict } from '#shared/protocol/audit-head.ts';
import type { Db } from '../database/database.ts';
import { UnreadableArchive } from './archive-audit.ts';
import { type ChainedRow, GENESIS, hashOfRow } from './audit.ts';
import type { AuditHeads } from './audit-heads.ts';
import { hashOfHead } from './sign-head.ts';

/**
 * Rows read at once. This bounds the memory for a chain of any length, and other requests get their turn after each
 * page. A page of 2 000 blocked the main thread for 60 ms; with much smaller pages, the queries would take longer
 * than the hashing.
 */
const PAGE = 250;

/** Rows between two progress reports, of which there are several a second. A multiple of `PAGE`. */
const TOLD_EVERY = 5_000;

type Broken = Extract<AuditVerdict, { kind: 'broken' }>;
/** What the heads say about the rows: the hash of some, when each was signed, and which rows were lost. */
type Signed = {
  readonly hashes: Map<number, { readonly hash: string; readonly at: string }>;
  readonly lost: { from: number; to: number }[];
  /** The last row that was moved into a file. */
  archivedTo: number;
};

const broken = (atSeq: number, because: Broken['because']): Broken => ({ kind: 'broken', atSeq, because });

/** `onProgress`: how many rows were checked, and how many there were at the start. */
type Watching = {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { checked: number; of: number }) => Promise<void>;
};

/** Without heads only the chain is checked, and all rows are unproven. */
export function verifyAudit(db: Db, heads?: AuditHeads): Promise<AuditVerdict>;
export function verifyAudit(
  db: Db,
  heads: AuditHeads,
  watching: Watching,
): Promise<AuditVerdict | 'called-off'>;
export async function verifyAudit(
  db: Db,
  heads: AuditHeads | null = null,
  watching: Watching | null = null,
): Promise<AuditVerdict | 'called-off'> {
  const signed = await readHeads(heads);
  if ('kind' in signed) return signed;
  const walked = await walkRows(db, heads, signed, watching);
  if (walked === 'called-off' || 'kind' in walked) return walked;
  const { seq: rows, head, proven, begin } = walked;
  const { archivedTo } = signed;
  // Rows that are gone, and of which no head says that they were moved.
  if (begin > 1 && archivedTo < begin - 1) return broken(1, 'row');
  if ([...signed.hashes.keys()].some((seq) => seq > rows)) return broken(rows + 1, 'cut');
  const at = signed.hashes.get(proven)?.at;
  return {
    kind: 'whole',
    rows,
    head,
    proven: at === undefined ? null : { seq: proven, at },
    shipped: (await heads?.shipped()) ?? null,
    unproven: rows - proven,
    lost: signed.lost,
    archived: archivedTo === 0 ? null : { to: archivedTo, missingTo: begin - 1 },
  };
}

async function readHeads(heads: AuditHeads | null): Promise<Signed | Broken> {
  const signed: Signed = { hashes: new Map(), lost: [], archivedTo: 0 };
  let previous: string | null = null;
  let last = 0;
  if (heads === null) return signed;
  for await (const jws of heads.all()) {
    const head = await heads.read(jws);
    const follows = head?.previous === previous || head?.restored !== undefined;
    if (head === null || !follows) return broken(last + 1, 'heads');
    const { seq, hash, at, restored } = head;
    if (restored !== undefined) {
      for (const known of [...signed.hashes.keys()]) if (known > restored.to) signed.hashes.delete(known);
      signed.lost.push({ from: restored.to + 1, to: restored.lost.seq });
    }
    signed.hashes.set(seq, { hash, at });
    signed.archivedTo = Math.max(signed.archivedTo, head.archivedTo ?? 0);
    previous = hashOfHead(jws);
    last = seq;
  }
  return signed;
}

/** `begin`: the number of the first row that is here. */
type Walked = {
  readonly seq: number;
  readonly head: string;
  readonly proven: number;
  readonly begin: number;
};

async function walkRows(
  db: Db,
  heads: AuditHeads | null,
  { hashes }: Signed,
  watching: Watching | null,
): Promise<Walked | Broken | 'called-off'> {
  const of = watching === null ? 0 : await countRows(db);
  let walked: Walked | null = null;
  for await (const row of allRows(db, heads)) {
    if (row === 'unreadable') return broken((walked?.seq ?? 0) + 1, 'row');
    const before: Walked = walked ?? startingAt(row);
    // What the very first row follows is known.
    if (row.seq === 1 && row.previous_hash !== GENESIS) return broken(1, 'row');
    if (row.seq !== before.seq + 1 || row.previous_hash !== before.head || row.hash !== hashOfRow(row))
      return broken(before.seq + 1, 'row');
    const signed = hashes.get(row.seq);
    if (signed !== undefined && signed.hash !== row.hash) return broken(before.proven + 1, 'rewritten');
    walked = after(before, row, signed !== undefined);
    if (row.seq % PAGE > 0) continue;
    if (watching?.signal.aborted) return 'called-off';
    if (row.seq % TOLD_EVERY === 0) await watching?.onProgress({ checked: row.seq, of });
  }
  return walked ?? { seq: 0, head: GENESIS, proven: 0, begin: 1 };
}

const startingAt = ({ seq, previous_hash: head }: ChainedRow): Walked => ({
  ...{ seq: seq - 1, head, proven: 0, begin: seq },
});

const after = (before: Walked, row: ChainedRow, isProven: boolean): Walked => ({
  ...{ seq: row.seq, head: row.hash, begin: before.begin },
  proven: isProven ? row.seq : before.proven,
});

/** Rows that the database lacks are looked for in the files: they may be moved there at any moment. */
async function* allRows(db: Db, heads: AuditHeads | null): AsyncGenerator<ChainedRow | 'unreadable'> {
  let after = 0;
  for (;;) {
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(PAGE)
      .execute();
    const before = after;
    const [first] = rows;
    if (first !== undefined && first.seq > after + 1 && heads !== null)
      try {
        for await (const row of heads.archived({ from: after + 1, before: first.seq })) {
          yield row;
          after = row.seq;
        }
      } catch (error) {
        if (!(error instanceof UnreadableArchive)) throw error;
        yield 'unreadable';
      }
    if (after > before) continue;
    yield* rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.seq;
  }
}

/**
 * The number of rows, which is the number of the last one. A number that is too high is found like any other fault.
 */
async function countRows(db: Db): Promise<number> {
  const last = await db.selectFrom('audit').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return last?.seq ?? 0;
}
