/** The patient of a study as the PACS tells them, on the page of a case and where the case is read. */
import { caseWords } from './case-words.ts';
import { patientSaid, type Patient } from './say-patient.ts';

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
