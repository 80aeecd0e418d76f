/** The thread of read-csv.ts: only message glue. */
import { serveTasks, type Ask } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import { CsvBroken, type CsvRow } from './csv.ts';
import { parseCsv } from './parse-csv.ts';
import type { CsvTalk } from './read-csv.ts';

/** The receiving side processes a batch within a few milliseconds. */
const BATCH = { rows: 200, characters: 64 * 1024 };

serveTasks<CsvTalk>(async ({ rows: limit }, ask) => {
  let batch: CsvRow[] = [];
  let characters = 0;
  let count = 0;
  const give = async (): Promise<void> => {
    if (batch.length > 0) await ask(giving({ kind: 'rows', rows: batch }));
    batch = [];
    characters = 0;
  };
  try {
    for await (const row of parseCsv(piecesBy(ask))) {
      batch.push(row);
      count += 1;
      characters += row.cells.reduce((sum, { length }) => sum + length, 0);
      if (count === limit) break;
      if (batch.length === BATCH.rows || characters >= BATCH.characters) await give();
    }
  } catch (error) {
    if (!(error instanceof CsvBroken)) throw error;
    await give();
    return giving({ row: error.row, fault: error.fault });
  }
  await give();
  return giving(null);
});

async function* piecesBy(ask: Ask<CsvTalk>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const piece = await ask(giving({ kind: 'more' }));
    if (piece === null) return;
    yield piece;
  }
}
