/**
 * The held-back files of queued studies, for as long as the page that read them is open. A person may look at them
 * later, release them and send them. They are only in memory; after that, the study has to be chosen again.
 */
import { draw, phaseAtRest, type IngestState } from './ingest-state.ts';
import type { FoundFile, StudyGroup } from './found/group-studies.ts';
import { onlyThese } from './found/regroup-study.ts';

export function keepForDeciding(
  { undecided, tools }: IngestState,
  id: string,
  group: StudyGroup,
  files: readonly FoundFile[],
): void {
  // Instances that were left out are counted with the queued study.
  const kept = onlyThese({ ...group, leftOut: new Map(), unticked: new Map() }, new Set(files));
  // An id of its own: the parts of other patients are kept too, and a decision makes a new group of it.
  undecided.value = new Map(undecided.value).set(id, { ...kept, id: tools.createId() });
}

/** Called when a study that was shown again was sent: what still stays here is kept with its new entry. */
export function forgetSent({ undecided }: IngestState, group: StudyGroup): void {
  undecided.value = new Map([...undecided.value].filter(([, kept]) => kept.id !== group.id));
}

/** Shows the held-back files of a queued study as a found study. Returns its id, or null if the files are gone. */
export function reopenStudy(state: IngestState, id: string): string | null {
  const { undecided, gathering, phase } = state;
  const group = undecided.value.get(id);
  if (!group) return null;
  const before = gathering.studies.get(group.studyInstanceUID);
  // A shown part of the same study with another patient is replaced, and can be shown again later.
  const isOther =
    before?.id !== group.id && [...undecided.value.values()].some(({ id }) => id === before?.id);
  const shown = before === undefined || isOther ? group : before;
  if (shown !== before) gathering.replace(shown);
  if (phase.value === 'idle') phase.value = phaseAtRest(state);
  draw(state);
  return shown.id;
}
