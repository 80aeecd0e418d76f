/** The patient of a study as the PACS tells them: on the page of a case, where it is read, and where it is opened. */
import { useEffect, useState } from 'preact/hooks';
import { namesHidden } from '../kit/identities.ts';
import { caseWords } from './case-words.ts';
import { useManyPatients } from './PatientLine.tsx';
import { patientSaid, type Patient } from './say-patient.ts';
import type { Asked } from './use-patients.ts';

export function PatientOf({ patient }: { readonly patient: Patient | null }) {
  const { name, about } = patientSaid(patient);
  if (name === null && about.length === 0) return <p class="quiet">{caseWords.patient.unknown}</p>;
  return (
    <div>
      <p class="strong kept">
        <bdi>{name ?? caseWords.patient.unknown}</bdi>
      </p>
      <p class="small quiet kept">
        <bdi>{about.join(caseWords.separator)}</bdi>
      </p>
    </div>
  );
}

/** Before there is a case; nobody is asked while names are hidden on this device. */
export function PatientOfStudy({ studyInstanceUID }: { readonly studyInstanceUID: string }) {
  const many = useManyPatients();
  const [patients, setPatients] = useState<Asked>(null);
  const isHidden = namesHidden.value;
  useEffect(() => {
    if (isHidden) return;
    many.of({ kind: 'studies', id: studyInstanceUID }).then(setPatients, () => setPatients('failed'));
  }, [studyInstanceUID, isHidden]);
  if (isHidden) return null;
  return (
    <section aria-label={caseWords.patient.title} aria-busy={patients === null}>
      {patients === null && <p class="quiet">{caseWords.patient.loading}</p>}
      {patients === 'failed' && <p class="small">{caseWords.patient.failed}</p>}
      {Array.isArray(patients) && <PatientOf patient={patients[0] ?? null} />}
    </section>
  );
}
