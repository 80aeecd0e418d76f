/**
 * The files of queued studies that were held back, for as long as the page that read them is open: a person may look
 * at them later, release them and send them. Memory alone; without it the study has to be chosen again.
 */
import { draw, phaseAtRest, type IngestState } from './ingest-state.ts';
import type { FoundFile, SeriesGroup, StudyGroup } from './group-studies.ts';
import { mayBeHeld } from './hold-companions.ts';

export function keepForDeciding(
  { undecided }: IngestState,
  id: string,
  group: StudyGroup,
  files: readonly FoundFile[],
): void {
  undecided.value = new Map(undecided.value).set(id, onlyThese(group, new Set(files)));
}

/** A study that was shown again was sent: what still stays here is kept with its new entry. */
export function forgetSent({ undecided }: IngestState, group: StudyGroup): void {
  undecided.value = new Map([...undecided.value].filter(([, kept]) => kept !== group));
}

/** Shows the held-back files of a queued study as a found one; returns its id, or null where they are gone. */
export function reopenStudy(state: IngestState, id: string): string | null {
  const { undecided, gathering, phase } = state;
  const group = undecided.value.get(id);
  if (!group) return null;
  const shown = gathering.studies.get(group.studyInstanceUID) ?? group;
  if (shown === group) gathering.put(group);
  if (phase.value === 'idle') phase.value = phaseAtRest(state);
  draw(state);
  return shown.id;
}

/** The values that all its instances name stay known. */
export function onlyThese(group: StudyGroup, files: ReadonlySet<FoundFile>): StudyGroup {
  const series = new Map<string, SeriesGroup>();
  for (const [uid, each] of group.series) {
    const left = each.files.filter((found) => files.has(found));
    if (left.length > 0) series.set(uid, { ...each, files: left, bytes: sizeOf(left) });
  }
  const all = [...series.values()].flatMap((each) => each.files);
  const uids = new Set(all.map(({ sopInstanceUID }) => sopInstanceUID));
  return {
    ...group,
    series,
    held: all.filter(mayBeHeld),
    sopInstanceUIDs: new Map([...group.sopInstanceUIDs].filter(([uid]) => uids.has(uid))),
    instances: all.length,
    bytes: sizeOf(all),
    version: group.version + 1,
  };
}

function sizeOf(files: readonly FoundFile[]): number {
  return files.reduce((sum, { file }) => sum + file.bytes, 0);
}
