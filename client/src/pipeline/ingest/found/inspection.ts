/**
 * Shows single instances of a found study before Send: the data set before and after the policy in force, and the
 * picture. The pool does the work. Results go to the caller and are not stored.
 */
import type { Comparison } from '../../compare/comparison.ts';
import type { DevicePicture, PolicyForTask, WantedPicture } from '../workers/device-tasks.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import type { Released } from '#shared/ingest/cover-file.ts';
import { areNoted, lookedAt, type NamingFiles } from './hold-companions.ts';
import { filesIn } from './patients-of-study.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';

export interface InspectedSeries {
  readonly seriesInstanceUID: string;
  readonly description: string;
  readonly modality: string;
  /** In the order of Instance Number. */
  readonly files: readonly FoundFile[];
}

/** A file of a found study. */
export interface InspectedFile {
  readonly studyInstanceUID: string;
  readonly found: FoundFile;
}

export interface Inspection {
  /**
   * The series of a found study in the order of its card, each with its files; empty if the study is no longer here.
   */
  seriesOf(studyInstanceUID: string): readonly InspectedSeries[];
  /** The same files in no particular order, because sorting ten thousand takes long. */
  filesOf(studyInstanceUID: string): readonly FoundFile[];
  /**
   * Throws TaskFault, NotPrepared, or the signal's reason. Null if the gateway has not yet said which policy is in
   * force.
   */
  compare(shown: InspectedFile, signal: AbortSignal): Promise<Comparison | null>;
  /** For functions that are rarely needed and loaded on demand. */
  readonly tools: Pick<InspectionTools, 'pool' | 'policy' | 'released'>;
  /** Null if the picture cannot be drawn here, or cannot be covered. */
  picture(found: FoundFile, wanted: WantedPicture, signal: AbortSignal): Promise<DevicePicture | null>;
}

interface InspectionTools {
  readonly pool: WorkerPool;
  readonly studies: ReadonlyMap<string, StudyGroup>;
  /**
   * The policy as Send would apply it, or the one with this name if given. Throws NotPrepared. Null if the gateway
   * has not yet said which policy is in force.
   */
  readonly policy: (
    shown: InspectedFile,
    signal: AbortSignal,
    name?: string,
  ) => Promise<PolicyForTask | null>;
  readonly released: () => Released;
  /** Called when texts were found in an instance that contain identifying values of other instances. */
  readonly onNaming: (study: StudyGroup, files: NamingFiles) => void;
}

export function createInspection(tools: InspectionTools): Inspection {
  const { pool, studies } = tools;
  return {
    tools,
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
    filesOf: (studyInstanceUID) => filesIn(studies.get(studyInstanceUID)?.series ?? new Map()),
    compare: (shown, signal) => compare(tools, shown, signal),
    async picture({ file }, wanted, signal) {
      const made = await pool.run({ ...wanted, kind: 'thumbnail', ref: file.ref }, signal);
      return typeof made === 'string' ? null : made;
    },
  };
}

async function compare(
  { pool, studies, policy, released, onNaming }: InspectionTools,
  shown: InspectedFile,
  signal: AbortSignal,
): Promise<Comparison | null> {
  const { found, studyInstanceUID } = shown;
  const asked = await policy(shown, signal);
  const study = studies.get(studyInstanceUID);
  if (asked === null || study === undefined) return null;
  const boxes = released().get(found.ordinal);
  const compared = await pool.run(
    {
      kind: 'compare',
      ref: found.file.ref,
      policy: asked,
      looked: boxes ? lookedAt(found) : [],
      boxes: boxes ?? [],
      companions: [...study.names.values()],
    },
    signal,
  );
  if (compared.kind === 'quarantined' && compared.texts !== undefined && !areNoted(found, compared.texts))
    onNaming(study, new Map([[found.ordinal, compared.texts]]));
  return compared;
}
