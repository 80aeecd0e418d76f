/** The thread of anonymous exports: it receives tasks and passes them to the modules that do the work. */
import { randomFillSync } from 'node:crypto';
import { serveTasks, type Ask } from '../../threads/serve-tasks.ts';
import { giving } from '../../threads/thread.ts';
import type { AnonymousTalk, GroupTask, Grouped, SearchTask, TypedOfCase } from './anonymous-thread.ts';
import { arrangeRows } from './arrange-rows.ts';
import { createTypedTextCleaner, HARMLESS_WORDS } from './clean-typed-text.ts';
import type { Cell } from './find-cell.ts';
import { createIdentityTexts, type Identity, type IdentityTexts } from './identity-texts.ts';
import { makeAnonymous } from './make-anonymous.ts';
import { LABEL_WORDS, QUASI_IDENTIFIERS, type QuasiLabels, type Subject } from './quasi-identifiers.ts';
import { createFileSearch } from './search-file.ts';

serveTasks<AnonymousTalk>(async (task, ask) => {
  if (task.kind === 'group') return giving(await group(task, ask));
  if (task.kind === 'clean') return giving(task.cases.map(clean));
  return giving(await search(task, ask));
});

async function group({ kinds, shares, k }: GroupTask, ask: Ask<AnonymousTalk>): Promise<Grouped> {
  const subjects: Subject[] = [];
  for (let page = await ask(giving('subjects')); page !== null; page = await ask(giving('subjects')))
    subjects.push(...(page as readonly Subject[]));
  const byRow = makeAnonymous(
    Array.from(kinds, (kind) => subjects[kind]!),
    k,
    shares,
  );
  const labels: QuasiLabels[] = [];
  const places = new Map<string, number>();
  const groups = new Uint32Array(subjects.length);
  for (const [row, kind] of kinds.entries()) {
    const of = byRow[row]!;
    if (of === null) continue;
    const key = QUASI_IDENTIFIERS.map((name) => of[name]).join('\n');
    const place = places.get(key) ?? labels.push(of) - 1;
    places.set(key, place);
    groups[kind] = place;
  }
  return {
    ...{ labels, groups },
    order: Uint32Array.from(arrangeRows(byRow, randomFillSync(new Uint32Array(kinds.length)))),
  };
}

function clean({ identity, texts }: TypedOfCase): readonly string[] {
  const cleanText = createTypedTextCleaner(identity);
  return texts.map((text) => cleanText(text));
}

/**
 * The texts of all cases would take hundreds of megabytes, so they are searched for in batches, and the file is read
 * again for each batch.
 */
async function search(
  { format, ordinary, textsAtOnce }: SearchTask,
  ask: Ask<AnonymousTalk>,
): Promise<Cell | null> {
  const known = [...ordinary, ...LABEL_WORDS, ...HARMLESS_WORDS];
  for (let hasMore = true; hasMore; ) {
    const texts = createIdentityTexts(known);
    hasMore = await gather(texts, textsAtOnce, ask);
    const file = createFileSearch(texts, format);
    for (let piece = await ask(giving('bytes')); piece !== null; piece = await ask(giving('bytes')))
      file.pass(piece as Uint8Array);
    const found = file.end();
    if (found !== null) return found;
  }
  return null;
}

/** Returns whether there may be more identities. */
async function gather(texts: IdentityTexts, atOnce: number, ask: Ask<AnonymousTalk>): Promise<boolean> {
  while (texts.anywhere.size + texts.whole.size < atOnce) {
    const page = await ask(giving('identities'));
    if (page === null) return false;
    for (const identity of page as readonly Identity[]) texts.add(identity);
  }
  return true;
}
