/** The journal of a run: a line a world, from which an interrupted run resumes. */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '#testing/sha256.ts';
import { readSources } from '../../../scripts/check/source-files.ts';
import type { Tally } from './judge-receipts.ts';

export type Journal = {
  readonly known: ReadonlyMap<number, Tally>;
  append(nth: number, tally: Tally): Promise<void>;
};

type Line = { readonly nth: number; readonly tally: Tally };

/** Changed sources are another run. */
export async function openJournal(run: string): Promise<Journal> {
  const sources = (await readSources()).map(({ path, text }) => `${path}\n${text}`).sort();
  const version = sha256(Buffer.from(sources.join('\n'))).slice(0, 12);
  const folder = join(tmpdir(), 'relay-lying-pacs');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${version}-${run}.jsonl`);
  const text = await readFile(file, 'utf8').catch(() => '');
  return {
    known: new Map(
      text
        .split('\n')
        .flatMap(parseLine)
        .map(({ nth, tally }) => [nth, tally]),
    ),
    // Begins with a line break: a line that an interruption cut short must not spoil the next one.
    append: (nth, tally) => appendFile(file, `\n${JSON.stringify({ nth, tally } satisfies Line)}\n`),
  };
}

function parseLine(line: string): readonly Line[] {
  try {
    return [JSON.parse(line) as Line];
  } catch {
    return [];
  }
}
