/**
 * Records a person's decisions about the patients and the series of a found study, and splits the study by patient at
 * Send. Loaded when it is first needed.
 */
import type { PatientDomain } from '#shared/deid/patient-key.ts';
import type { FoundFile, SeriesGroup, StudyGroup } from './group-studies.ts';
import { filesIn, partKeyOf, patientsOfFile } from './patients-of-study.ts';
import { regroup } from './regroup-study.ts';

/** Returns the study itself if all its instances are of one patient, which is nearly always the case. */
export function splitByPatient(study: StudyGroup, domain: PatientDomain): readonly StudyGroup[] {
  const ofPatient = (file: FoundFile) => patientsOfFile(file, domain, study)[0]!;
  const patients = [...new Set(filesIn(study.series).map(ofPatient))];
  if (patients.length <= 1) return [study];
  return patients.map((patient) =>
    regroup(
      study,
      pick(study.series, (file) => ofPatient(file) === patient),
    ),
  );
}

/** Records that the parts with these keys are sent, each under its own patient. */
export const settlePatients = (study: StudyGroup, keys: readonly string[]): StudyGroup => ({
  ...study,
  settled: new Set([...study.settled, ...keys]),
  version: study.version + 1,
});

/** Returns the study without the parts with these keys, or the study itself if nothing would be left. */
export function leaveOutPatients(study: StudyGroup, keys: readonly string[]): StudyGroup {
  const out = new Set(keys);
  const left = pick(study.series, (file) => !out.has(partKeyOf(file)));
  if (left.size === 0) return study;
  const leftOut = join(
    study.leftOut,
    pick(study.series, (file) => out.has(partKeyOf(file))),
  );
  return regroup(study, left, { leftOut });
}

/** Undoes every decision about the study's patients. */
export function askPatientsAgain(study: StudyGroup): StudyGroup {
  const joined = regroup(study, join(study.series, study.leftOut), { leftOut: new Map() });
  // A left-out patient's files of a series that is not ticked follow that series.
  const all = [...study.unticked.keys()].reduce((some, uid) => tickSeries(some, uid, false), joined);
  return { ...all, settled: new Set() };
}

/**
 * Takes a series out of what Send takes, or puts it back. Returns the study itself if nothing would be left: the study
 * has a tick of its own.
 */
export function tickSeries(study: StudyGroup, seriesInstanceUID: string, isTicked: boolean): StudyGroup {
  const from = isTicked ? study.unticked : study.series;
  const moved = [...from].filter(([uid]) => uid === seriesInstanceUID);
  const rest = new Map([...from].filter(([uid]) => uid !== seriesInstanceUID));
  const joined = join(isTicked ? study.series : study.unticked, new Map(moved));
  const [series, unticked] = isTicked ? [joined, rest] : [rest, joined];
  return moved.length === 0 || series.size === 0 ? study : regroup(study, series, { unticked });
}

export function pick(
  series: ReadonlyMap<string, SeriesGroup>,
  isMeant: (file: FoundFile) => boolean,
): Map<string, SeriesGroup> {
  const some = [...series].map(
    ([uid, each]) => [uid, { ...each, files: each.files.filter(isMeant) }] as const,
  );
  return new Map(some.filter(([, { files }]) => files.length > 0));
}

function join(
  some: ReadonlyMap<string, SeriesGroup>,
  more: ReadonlyMap<string, SeriesGroup>,
): Map<string, SeriesGroup> {
  const all = new Map(some);
  for (const [uid, each] of more)
    all.set(uid, { ...each, files: [...(some.get(uid)?.files ?? []), ...each.files] });
  return all;
}
