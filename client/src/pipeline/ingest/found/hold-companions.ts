/**
 * Instances with a text that contains an identifying value found only in their companions, the other instances of the
 * study. This is discovered when the study is prepared, from all its headers. The study then waits on the page until
 * a person has seen the texts. The result depends on the policy, so changing the policy discards it.
 */
import type { NamingText } from '#shared/deid/companions.ts';
import type { Looked } from '#shared/deid/deidentify-instance.ts';
import { isForPixels } from '#shared/deid/hold-causes.ts';
import { isIrregularity } from '#shared/protocol/irregularities.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';

/** By the position (`ordinal`) of the file. */
export type NamingFiles = ReadonlyMap<number, readonly NamingText[]>;

/** Thrown when a person must look at the study first. Nothing of it is in the queue then. */
export class NamedByCompanions extends Error {
  readonly files: NamingFiles;

  constructor(files: NamingFiles) {
    super(`${files.size} instances have texts that name what their companions name`);
    this.name = 'NamedByCompanions';
    this.files = files;
  }
}

export function noteNaming(study: StudyGroup, files: NamingFiles): void {
  if (files.size === 0) return;
  study.warnings.add('named-by-companion');
  replaceFiles(study, (found) => {
    const naming = files.get(found.ordinal);
    return naming ? { ...found, naming } : found;
  });
}

export function forgetNaming(study: StudyGroup): void {
  if (!study.warnings.delete('named-by-companion')) return;
  replaceFiles(study, (found) => (found.naming.length > 0 ? { ...found, naming: [] } : found));
}

/** If `change` returns the same object for a file, the pages keep showing that object. */
export function replaceFiles(study: StudyGroup, change: (found: FoundFile) => FoundFile): void {
  study.held.length = 0;
  for (const { files } of study.series.values())
    for (const [at, found] of files.entries()) {
      const changed = change(found);
      files[at] = changed;
      if (mayBeHeld(files[at]!)) study.held.push(files[at]!);
    }
  for (const { files } of study.unticked.values())
    for (const [at, found] of files.entries()) files[at] = change(found);
  study.version += 1;
}

/** Whether some policy holds it back. */
export const mayBeHeld = ({ held, naming, unready = [] }: FoundFile): boolean =>
  held.length + naming.length + unready.length > 0;

/** Everything for which the instance is held: a person who releases it has looked at all of that. */
export function lookedAt({ held, naming }: Pick<FoundFile, 'held' | 'naming'>): readonly Looked[] {
  return [
    ...(isForPixels(held) ? (['pixels'] as const) : []),
    ...(held.some(isIrregularity) ? (['form'] as const) : []),
    ...naming,
  ];
}

/** Those of the shown files that are unchanged. In others, more may have been found since. */
export function stillAsShown(
  studies: ReadonlyMap<string, StudyGroup>,
  shown: readonly FoundFile[],
): readonly FoundFile[] {
  const wanted = new Set(shown);
  return [...studies.values()].flatMap(({ series }) =>
    [...series.values()].flatMap(({ files }) => files.filter((found) => wanted.has(found))),
  );
}

/** Whether these texts are the ones for which the file is already held. */
export function areNoted({ naming }: Pick<FoundFile, 'naming'>, texts: readonly NamingText[]): boolean {
  return (
    naming.length === texts.length &&
    naming.every(({ path, text }, at) => path === texts[at]!.path && text === texts[at]!.text)
  );
}
