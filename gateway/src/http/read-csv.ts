/**
 * Reads a CSV file in a thread as it streams in. Rows come in small batches, each in its own turn of the event loop.
 */
import { givenPieces } from '../threads/given-pieces.ts';
import { giving, keepThread, toOwn, type Reply } from '../threads/thread.ts';
import { CsvBroken, type CsvRow } from './csv.ts';

export type CsvTalk = {
  /** The most rows that are read. */
  readonly task: { readonly rows: number };
  readonly question: { readonly kind: 'more' } | { readonly kind: 'rows'; readonly rows: readonly CsvRow[] };
  /** The next piece; null: there is none, or the rows were received. */
  readonly reply: Uint8Array<ArrayBuffer> | null;
  /** Null: the file was read to its end, or to the last row that is wanted. */
  readonly answer: Pick<CsvBroken, 'row' | 'fault'> | null;
};

const thread = keepThread<CsvTalk>(new URL('./csv.worker.ts', import.meta.url));

/**
 * Rows as from `parseCsv` (parse-csv.ts), at most `rows`; the rest is not read.
 * @throws CsvBroken, the signal's reason, and what `pieces` throws.
 */
export async function* readCsv(
  pieces: AsyncIterable<Uint8Array>,
  rows: number,
  signal: AbortSignal,
): AsyncGenerator<CsvRow> {
  const source = pieces[Symbol.asyncIterator]();
  const batches = givenPieces<readonly CsvRow[], CsvTalk['answer']>((give, over) => {
    const reply: Reply<CsvTalk> = async (question) => {
      if (question.kind === 'rows') {
        await give(question.rows);
        return giving(null);
      }
      const { done, value } = await source.next();
      if (done === true) return giving(null);
      const piece = toOwn(value);
      return giving(piece, piece.buffer);
    };
    return thread.do(giving({ rows }), reply, over);
  }, signal);
  try {
    for (;;) {
      const { done, value } = await batches.next();
      if (done !== true) yield* value;
      else if (value === null) return;
      else throw new CsvBroken(value.row, value.fault);
    }
  } finally {
    await batches.return(null);
  }
}
