/** Describes a study that is queued: by its title, and by the facts that may be kept longer. */
import { MODALITIES } from '#shared/dicom/defined-terms.ts';
import type { StudyAbout, StudyTitle } from '../../queue/queued-study.ts';
import type { StudyGroup } from '../found/group-studies.ts';
import { namesOf } from '../found/study-snapshots.ts';

/** The study's name in the queue, for the time when its files can no longer be read. */
export function titleOf({ description, modalities, series }: StudyGroup): StudyTitle {
  const bodyParts = new Set(
    [...series.values()].map((each) => each.description.bodyPart).filter((part) => part !== null),
  );
  return {
    ...namesOf(description),
    modalities: [...modalities].sort(),
    bodyParts: [...bodyParts],
  };
}

/** The facts that may stay on the device when the title is erased. */
export function aboutOf({ modalities, series }: StudyGroup): StudyAbout {
  return {
    modalities: [...modalities].filter((modality) => MODALITIES.has(modality)).sort(),
    series: series.size,
  };
}
