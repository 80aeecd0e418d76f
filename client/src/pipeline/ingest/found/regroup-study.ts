/** Makes a found study from some of its files: every description then covers only these files and their patient. */
import { mayShowFace } from '#shared/deid/recognizable-features.ts';
import { MANIFEST_INSTANCE_LIMIT } from '#shared/protocol/limits.ts';
import {
  keyOfPerson,
  textCauseOf,
  type FoundFile,
  type SeriesGroup,
  type StudyGroup,
  type StudyWarning,
} from './group-studies.ts';
import { mayBeHeld } from './hold-companions.ts';

/**
 * `series`: at least one series, each with its remaining files. The identifying values of all instances of the study
 * stay known, and so do the warnings about its files.
 */
export function regroup(
  study: StudyGroup,
  series: ReadonlyMap<string, SeriesGroup>,
  others: Partial<Pick<StudyGroup, 'leftOut' | 'unticked'>> = {},
): StudyGroup {
  const { leftOut, unticked } = { ...study, ...others };
  const sized = [...series].map(([uid, each]): [string, SeriesGroup] => [
    uid,
    { ...each, bytes: sizeOf(each.files) },
  ]);
  const files = sized.flatMap(([, each]) => each.files);
  const known = [...files, ...[...leftOut.values(), ...unticked.values()].flatMap((each) => each.files)];
  const people = new Map(files.map(({ person }) => [keyOfPerson(person), person]));
  const [patient, first] = [...people][0] ?? [study.patient, study];
  const warnings = new Set(study.warnings);
  note('patients-differ', people.size > 1);
  note('too-many-instances', files.length > MANIFEST_INSTANCE_LIMIT);
  const causes = new Set(files.map(textCauseOf));
  for (const cause of ['burned-in', 'undeclared-text'] as const) note(cause, causes.has(cause));
  if (sized.some(([, { description }]) => mayShowFace(description))) note('face', true);
  return {
    ...study,
    description: first.description,
    patient,
    people,
    warnings,
    series: new Map(sized),
    modalities: new Set(sized.flatMap(([, { description }]) => description.modality ?? [])),
    held: files.filter(mayBeHeld),
    leftOut,
    unticked,
    // The first file with each UID, including files that are left out, so that a file chosen again is recognised.
    sopInstanceUIDs: new Map(known.toReversed().map(({ sopInstanceUID, file }) => [sopInstanceUID, file])),
    instances: files.length,
    bytes: sizeOf(files),
    version: study.version + 1,
  };

  function note(warning: StudyWarning, is: boolean): void {
    if (is) warnings.add(warning);
    else warnings.delete(warning);
  }
}

export function onlyThese(study: StudyGroup, wanted: ReadonlySet<FoundFile>): StudyGroup {
  const series = [...study.series].map(([uid, each]): [string, SeriesGroup] => [
    uid,
    { ...each, files: each.files.filter((found) => wanted.has(found)) },
  ]);
  return regroup(study, new Map(series.filter(([, { files }]) => files.length > 0)));
}

function sizeOf(files: readonly FoundFile[]): number {
  return files.reduce((sum, { file }) => sum + file.bytes, 0);
}
