/** Refused files that began to be an instance of a study: the study is not whole without them, and must not look so. */
import { computed, type ReadonlySignal } from '@preact/signals';
import { isCutOrDamaged } from '#shared/protocol/reason-kinds.ts';
import type { RejectedFile } from './found-study.ts';
import type { StudyGroup } from './group-studies.ts';
import type { IngestState } from './ingest-state.ts';
import { filesIn } from './patients-of-study.ts';

type Known = Pick<StudyGroup, 'studyInstanceUID' | 'sopInstanceUIDs' | 'leftOut'>;

export function begunIn({ studyInstanceUID }: Known, refused: readonly RejectedFile[]): RejectedFile[] {
  return refused.filter(({ begun }) => begun?.studyInstanceUID === studyInstanceUID);
}

/** The instances among them of which no good copy was chosen: each once, however many copies are damaged. */
export function damagedIn(study: Known, refused: readonly RejectedFile[]): readonly string[] {
  const uids = new Set(begunIn(study, refused).map(({ begun }) => begun!.sopInstanceUID));
  for (const { sopInstanceUID } of filesIn(study.leftOut)) uids.delete(sopInstanceUID);
  return [...uids].filter((uid) => !study.sopInstanceUIDs.has(uid));
}

/** Nobody can tell which study they are missing from. */
export function ofUnknownStudy(refused: readonly RejectedFile[]): RejectedFile[] {
  return refused.filter(({ reason, begun }) => isCutOrDamaged(reason) && begun === undefined);
}

const NONE: ReadonlyMap<string, number> = new Map();

/** By Study Instance UID, of the studies on the page. */
export function damagedOn({
  studies,
  rejected,
  gathering,
}: Pick<IngestState, 'studies' | 'rejected' | 'gathering'>): ReadonlySignal<ReadonlyMap<string, number>> {
  return computed(() => {
    const refused = rejected.value.filter(({ begun }) => begun !== undefined);
    const counts = studies.value.flatMap(({ studyInstanceUID }) => {
      const group = refused.length > 0 && gathering.studies.get(studyInstanceUID);
      const count = group ? damagedIn(group, refused).length : 0;
      return count > 0 ? [[studyInstanceUID, count] as const] : [];
    });
    return counts.length > 0 ? new Map(counts) : NONE;
  });
}
