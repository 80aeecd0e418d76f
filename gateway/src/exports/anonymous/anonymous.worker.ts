/** The thread of anonymous exports: message glue. */
import { randomFillSync } from 'node:crypto';
import { serveTasks, type Ask } from '../../threads/serve-tasks.ts';
import { giving } from '../../threads/thread.ts';
import type { AnonymousTalk, GroupTask, Grouped, SearchTask, TypedOfCase } from './anonymous-thread.ts';
import { arrangeRows } from './arrange-rows.ts';
import { createTypedTextCleaner, HARMLESS_WORDS } from './clean-typed-text.ts';
import type { Cell } from './find-cell.ts';
import { createIdentityTexts, type Identity } from './identity-texts.ts';
import { makeAnonymous } from './make-anonymous.ts';
import { LABEL_WORDS } from './quasi-identifiers.ts';
import { createFileSearch } from './search-file.ts';

serveTasks<AnonymousTalk>(async (task, ask) => {
  if (task.kind === 'group') return giving(group(task));
  if (task.kind === 'clean') return giving(task.cases.map(clean));
  return giving(await search(task, ask));
});

function group({ subjects, kinds, shares, k }: GroupTask): Grouped {
  const byRow = makeAnonymous(
    Array.from(kinds, (kind) => subjects[kind]!),
    k,
    shares,
  );
  const labels: Grouped['labels'][number][] = subjects.map(() => null);
  for (const [row, kind] of kinds.entries()) labels[kind] = byRow[row]!;
  return {
    labels,
    order: Uint32Array.from(arrangeRows(byRow, randomFillSync(new Uint32Array(kinds.length)))),
  };
}

function clean({ identity, texts }: TypedOfCase): readonly string[] {
  const cleanText = createTypedTextCleaner(identity);
  return texts.map((text) => cleanText(text));
}

async function search({ format, ordinary }: SearchTask, ask: Ask<AnonymousTalk>): Promise<Cell | null> {
  const texts = createIdentityTexts([...ordinary, ...LABEL_WORDS, ...HARMLESS_WORDS]);
  for (let page = await ask(giving('identities')); page !== null; page = await ask(giving('identities')))
    for (const identity of page as readonly Identity[]) texts.add(identity);
  const file = createFileSearch(texts, format);
  for (let piece = await ask(giving('bytes')); piece !== null; piece = await ask(giving('bytes')))
    file.pass(piece as Uint8Array);
  return file.end();
}
