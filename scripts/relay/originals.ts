/**
 * The instances of a choice as their files name them, in this process's memory: what the index of a disc may be
 * compared with, and whether one study names several patients. Pseudonyms say neither.
 */
import { patientKeyOf, type PatientDomain } from '#shared/deid/patient-key.ts';
import type { Original } from '#shared/ingest/original.ts';
import { keyOfPerson } from '../../client/src/pipeline/ingest/found/group-studies.ts';

/** A study, and the files of each patient whom its instances name. */
export interface MixedStudy {
  readonly studyInstanceUID: string;
  readonly patients: readonly (readonly string[])[];
}

export interface Originals {
  note(path: string, original: Original): void;
  has(sopInstanceUID: string): boolean;
  /** Studies with more than one patient: another name or Patient ID, as on the upload page. */
  mixed(domain: PatientDomain): readonly MixedStudy[];
}

export function createOriginals(): Originals {
  const instances = new Set<string>();
  const studies = new Map<string, Map<string, { readonly original: Original; readonly paths: string[] }>>();
  return {
    note(path, original) {
      instances.add(original.sopInstanceUID);
      const { person, patient, studyInstanceUID } = original;
      const parts = studies.get(studyInstanceUID) ?? new Map();
      studies.set(studyInstanceUID, parts);
      const key = [keyOfPerson(person), patient.issuer].join('\n');
      const part = parts.get(key) ?? { original, paths: [] };
      parts.set(key, part);
      part.paths.push(path);
    },
    has: (sopInstanceUID) => instances.has(sopInstanceUID),
    mixed: (domain) =>
      [...studies].flatMap(([studyInstanceUID, parts]) => {
        const patients = Map.groupBy(parts.values(), ({ original: { person, patient } }) =>
          [keyOfPerson(person), patientKeyOf(patient, domain)].join('\n'),
        );
        if (patients.size < 2) return [];
        const paths = [...patients.values()].map((same) => same.flatMap((part) => part.paths).sort());
        return [{ studyInstanceUID, patients: paths }];
      }),
  };
}
