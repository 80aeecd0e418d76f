/** The patient whose images are read, as the PACS tells them; nobody is asked while names are hidden on this device. */
import { caseWords } from '../cases/parts/case-words.ts';
import { PatientOf } from '../cases/parts/PatientOf.tsx';
import { eachOnce } from '../cases/parts/say-patient.ts';
import type { Patients } from '../cases/parts/use-patients.ts';
import { HideNames } from '../kit/HideNames.tsx';
import { namesHidden } from '../kit/identities.ts';
import { WhenKnown } from '../kit/WhenKnown.tsx';

const words = caseWords.patient;

export function ReviewPatients({ patients }: { readonly patients: Patients }) {
  return (
    <section class="stack-tight" aria-label={words.title} aria-busy={patients.isAsking.value}>
      {!namesHidden.value && (
        <WhenKnown of={patients} loading={words.loading}>
          {(told, known) =>
            eachOnce(told).map((patient, at) => <PatientOf key={at} {...{ patient, known }} />)
          }
        </WhenKnown>
      )}
      <HideNames />
    </section>
  );
}
