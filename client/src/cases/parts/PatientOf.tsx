/** The patient of a study as the PACS names them: on the page of a case, during reading, and when a case is opened. */
import { useEffect, useMemo } from 'preact/hooks';
import { namesHidden } from '../../kit/identities.ts';
import type { Known } from '../../kit/resource.ts';
import { WhenKnown } from '../../kit/WhenKnown.tsx';
import { caseWords } from './case-words.ts';
import { useManyPatients } from './PatientLine.tsx';
import { patientSaid, type Patient } from './say-patient.ts';
import { createPatients } from './use-patients.ts';

type PatientOfProps = { readonly patient: Patient | null; readonly known: Known };

export function PatientOf({ patient, known }: PatientOfProps) {
  const { name, about } = patientSaid(patient);
  if (name === null && about.length === 0) return <p class="quiet">{caseWords.patient.unknown(known)}</p>;
  return (
    <div>
      <p class="strong kept">
        <bdi>{name ?? caseWords.patient.unknown(known)}</bdi>
      </p>
      <p class="small quiet kept">
        <bdi>{about.join(caseWords.separator)}</bdi>
      </p>
    </div>
  );
}

/** For a study without a case. The PACS is not asked while names are hidden on this device. */
export function PatientOfStudy({ studyInstanceUID: id }: { readonly studyInstanceUID: string }) {
  const many = useManyPatients();
  const patients = useMemo(createPatients, [id]);
  const isHidden = namesHidden.value;
  useEffect(() => {
    if (!isHidden) void patients.ask(() => many.of({ kind: 'studies', id }));
    return patients.forget;
  }, [patients, isHidden]);
  if (isHidden) return null;
  return (
    <section aria-label={caseWords.patient.title} aria-busy={patients.isAsking.value}>
      <WhenKnown of={patients} loading={caseWords.patient.loading}>
        {([patient = null], known) => <PatientOf {...{ patient, known }} />}
      </WhenKnown>
    </section>
  );
}
