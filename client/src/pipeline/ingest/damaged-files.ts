/**
 * Refused files that contain the beginning of an instance. Without them their study is incomplete, and must not look
 * complete.
 */
import { computed, type ReadonlySignal } from '@preact/signals';
import { isCutOrDamaged } from '#shared/protocol/reason-kinds.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { damagedBy, kindOf, type NamedFile } from './choose/disc-files.ts';
import type { ChosenDisc } from './choose/disc-view.ts';
import type { IngestStore, RejectedFile } from './found/found-study.ts';
import type { StudyGroup } from './found/group-studies.ts';
import type { IngestState } from './ingest-state.ts';

type Known = Pick<StudyGroup, 'studyInstanceUID' | 'sopInstanceUIDs'>;

export function begunIn({ studyInstanceUID }: Known, refused: readonly RejectedFile[]): RejectedFile[] {
  return refused.filter(({ begun }) => begun?.studyInstanceUID === studyInstanceUID);
}

/**
 * The damaged instances of which no good copy was chosen. Each is listed once, however many damaged copies there are.
 */
export function damagedIn(study: Known, refused: readonly RejectedFile[]): readonly string[] {
  const uids = new Set(begunIn(study, refused).map(({ begun }) => begun!.sopInstanceUID));
  return [...uids].filter((uid) => !study.sopInstanceUIDs.has(uid));
}

/** Instances of the study whose files are named in the index of a chosen disc but were not chosen. */
export function missingIn(study: Known, missing: readonly NamedFile[]): readonly string[] {
  const uids = missing
    .filter((file) => file.study?.studyInstanceUID === study.studyInstanceUID)
    .map(({ sopInstanceUID }) => sopInstanceUID);
  return [...new Set(uids)].filter((uid) => uid !== '' && !study.sopInstanceUIDs.has(uid));
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);
const foldersOf = (study: StudyGroup | undefined): ReadonlySet<string> =>
  new Set(
    [...(study?.series.values() ?? []), ...(study?.unticked.values() ?? [])].flatMap(({ files }) =>
      files.map(({ file }) => folderOf(file.path)),
    ),
  );

const NOBODY: ReadonlyMap<string, readonly RejectedFile[]> = new Map();

/**
 * For each Study Instance UID, the damaged files that may belong to the study: those in a folder with a file of this
 * study, and those in a folder without a file of any study.
 */
export function perhapsOf({
  studies,
  rejected,
  gathering,
}: Pick<IngestState, 'studies' | 'rejected' | 'gathering'>): IngestStore['perhapsDamaged'] {
  return computed(() => {
    const unknown = rejected.value.filter(({ reason, begun }) => mayBeImage(reason) && begun === undefined);
    if (unknown.length === 0) return NOBODY;
    const folders = new Map(
      studies.value.map(({ studyInstanceUID: uid }) => [uid, foldersOf(gathering.studies.get(uid))]),
    );
    const isAlone = ({ path }: RejectedFile): boolean =>
      ![...folders.values()].some((own) => own.has(folderOf(path)));
    return new Map(
      [...folders].map(([uid, own]) => [
        uid,
        unknown.filter((file) => own.has(folderOf(file.path)) || isAlone(file)),
      ]),
    );
  });
}

/**
 * Called once a choice was read. Unreadable files that the disc's index names as instances count as damaged instances
 * of their studies. Unreadable files that are named like the choice's images count as damaged instances of some
 * study. A file's own UIDs take precedence over those of the index.
 */
export function countToStudies({ notSent }: Pick<IngestState, 'notSent'>, disc: ChosenDisc): void {
  if (disc.rejected.size === 0) return;
  const files = [...notSent.refused, ...notSent.skipped].map((file) =>
    disc.rejected.has(file) ? countToStudy(file, disc) : file,
  );
  notSent.refused = files.filter(({ state }) => state === 'refused');
  notSent.skipped = files.filter(({ state }) => state === 'skipped');
}

/** Reasons for files that lack even the beginning of an image, because they were emptied, cut or overwritten. */
const UNREADABLE: Partial<Record<ReasonCode, ReasonCode>> = {
  'empty-file': 'empty-file',
  'not-dicom': 'not-parseable',
};

/** A file, or an entry of an archive, whose content is lost. */
const LOST: readonly ReasonCode[] = ['empty-file', 'archive-damaged', 'archive-expansion-limit'];

/** Whether a refused file may be the remains of an image. */
export const mayBeImage = (reason: ReasonCode): boolean => isCutOrDamaged(reason) || LOST.includes(reason);

function countToStudy(file: RejectedFile, { files, kinds }: ChosenDisc): RejectedFile {
  const unreadable = kinds.has(kindOf(file.path)) && UNREADABLE[file.reason];
  const named = file.begun === undefined ? files.named(file.path) : null;
  const reason = damagedBy(named, file.reason);
  if (reason === null) return unreadable ? { ...file, state: 'refused', reason: unreadable } : file;
  const { sopInstanceUID, study } = named!;
  const begun = study?.studyInstanceUID && { studyInstanceUID: study.studyInstanceUID, sopInstanceUID };
  return { ...file, state: 'refused', reason, begun: begun || undefined };
}

const NONE: ReadonlyMap<string, number> = new Map();

/** Counts damaged instances by Study Instance UID, for the studies on the page. */
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
