/**
 * Shows single instances of a found study before Send: the data set before and after the policy in force, and
 * the picture. The pool does the work; results go to the caller and are kept nowhere.
 */
import type { Comparison } from '../deid/comparison.ts';
import type { PolicyForTask } from './device-tasks.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface InspectedSeries {
  readonly seriesInstanceUID: string;
  readonly description: string;
  readonly modality: string;
  /** In the order of Instance Number. */
  readonly files: readonly FoundFile[];
}

export interface Inspection {
  /**
   * The series of a found study in the order of its card, each with its files; empty where the study is no
   * longer here.
   */
  seriesOf(studyInstanceUID: string): readonly InspectedSeries[];
  /**
   * Throws TaskFault, or the signal's reason; null where the gateway has not said yet which policy is in
   * force.
   */
  compare(found: FoundFile, signal: AbortSignal): Promise<Comparison | null>;
  /** `frame`: counted from 0. Null where it is not drawn here. */
  picture(found: FoundFile, frame: number, maxSide: number, signal: AbortSignal): Promise<Thumbnail | null>;
}

export interface InspectionTools {
  readonly pool: WorkerPool;
  readonly studies: ReadonlyMap<string, StudyGroup>;
  /** As Send would take it. */
  readonly policy: () => PolicyForTask | null;
  readonly released: () => ReadonlySet<number>;
}

export function createInspection({ pool, studies, policy, released }: InspectionTools): Inspection {
  return {
    seriesOf: (studyInstanceUID) =>
      [...(studies.get(studyInstanceUID)?.series.values() ?? [])]
        .sort((a, b) => (a.description.seriesNumber ?? Infinity) - (b.description.seriesNumber ?? Infinity))
        .map(({ seriesInstanceUID, description, files }) => ({
          seriesInstanceUID,
          description: description.seriesDescription ?? '',
          modality: description.modality ?? '',
          files: files.toSorted(
            (a, b) => (a.instanceNumber ?? 0) - (b.instanceNumber ?? 0) || a.ordinal - b.ordinal,
          ),
        })),
    async compare({ file, ordinal }, signal) {
      const asked = policy();
      return (
        asked &&
        pool.run({ kind: 'compare', ref: file.ref, policy: asked, released: released().has(ordinal) }, signal)
      );
    },
    picture: ({ file }, frame, maxSide, signal) =>
      pool.run({ kind: 'thumbnail', ref: file.ref, maxSide, frame }, signal),
  };
}
