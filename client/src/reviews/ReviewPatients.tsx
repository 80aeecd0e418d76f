/** The patient whose images are read, as the PACS tells them; nobody is asked while names are hidden on this device. */
import { caseWords } from '../cases/case-words.ts';
import { PatientOf } from '../cases/PatientOf.tsx';
import { eachOnce } from '../cases/say-patient.ts';
import type { Asked } from '../cases/use-patients.ts';
import { HideNames } from '../kit/HideNames.tsx';
import { namesHidden } from '../kit/identities.ts';

const words = caseWords.patient;

export type ReviewPatientsProps = { readonly patients: Asked; readonly again: () => void };

export function ReviewPatients({ patients, again }: ReviewPatientsProps) {
  return (
    <section class="stack-tight" aria-label={words.title} aria-busy={patients === null && !namesHidden.value}>
      {patients === 'failed' ? (
        <div class="row">
          <p class="small">{words.failed}</p>
          <button type="button" class="button" onClick={again}>
            {words.again}
          </button>
        </div>
      ) : (
        patients !== null && eachOnce(patients).map((patient, at) => <PatientOf key={at} patient={patient} />)
      )}
      <HideNames />
    </section>
  );
}
