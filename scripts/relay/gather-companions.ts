/**
 * Reads the headers of all files before the first of them is de-identified: what the instances of a study name
 * (deid/companions.ts), in this process's memory. A file that cannot be read names nothing here; it is told of when
 * its turn comes.
 */
import { noteNamed, type NamedValue, type StudyNames } from '#shared/deid/text/named-value.ts';
import type { Collected, CollectedFile } from '../../client/src/pipeline/ingest/choose/collect-files.ts';
import { summariseFile } from '#shared/ingest/ingest-file.ts';
import { refusingUnreadable } from '#shared/ingest/refusing-unreadable.ts';
import { forEachInParallel } from '../../client/src/pipeline/ingest/workers/run-in-parallel.ts';

/** Reading waits for the disk more than for a core. */
const FILES_AT_ONCE = 4;
/** Names of files that wait in memory. */
const BATCH_FILES = 256;

/** By Study Instance UID; the same list for each instance of a study. */
export type CompanionsOf = (studyInstanceUID: string) => readonly NamedValue[];

export async function gatherCompanions(
  found: AsyncIterable<Collected> | Iterable<Collected>,
  open: (file: CollectedFile) => Promise<Blob>,
  signal: AbortSignal,
): Promise<CompanionsOf> {
  const studies = new Map<string, StudyNames>();
  const note = async (file: CollectedFile): Promise<void> => {
    const said = await refusingUnreadable(signal, async () =>
      summariseFile(await open(file), file.inFolder, 'deidentified', signal),
    );
    if (said.kind !== 'summary') return;
    const { studyInstanceUID } = said.identifiers;
    const names = studies.get(studyInstanceUID) ?? new Map();
    studies.set(studyInstanceUID, names);
    noteNamed(names, said.named);
  };
  let batch: CollectedFile[] = [];
  for await (const each of found) {
    if (each.kind === 'file') batch.push(each);
    if (batch.length < BATCH_FILES) continue;
    await forEachInParallel(batch, FILES_AT_ONCE, note);
    batch = [];
  }
  await forEachInParallel(batch, FILES_AT_ONCE, note);
  const lists = new Map([...studies].map(([study, names]) => [study, [...names.values()]]));
  return (studyInstanceUID) => lists.get(studyInstanceUID) ?? [];
}
