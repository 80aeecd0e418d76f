/** In the decision about a study that names several patients: each patient with a picture, files, and *Leave out*. */
import { kitWords } from '../kit/kit-words.ts';
import { useIngest } from '../pipeline/ingest/found/ingest-context.ts';
import { bornOf, FileNames, PATIENTS_SHOWN, personOf } from '../pipeline/ingest/card/MixedPatients.tsx';
import { chosenWords } from '../pipeline/ingest/found/chosen-words.ts';
import { ThumbnailPicture } from '../pipeline/ingest/card/ThumbnailPicture.tsx';
import { leaveOutPatient, type Place } from './carry-out.ts';
import type { Decision } from './list-decisions.ts';
import { needsWords as words } from './needs-words.ts';

type PatientsOfStudyProps = {
  readonly decision: Decision;
  readonly onDecided: (place: Place | null) => void;
};

export function PatientsOfStudy({ decision, onDecided }: PatientsOfStudyProps) {
  const ingest = useIngest();
  const parts = ingest.mixed.value.get(decision.found?.studyInstanceUID ?? '')?.parts ?? [];
  const { patients } = decision;
  if (patients.length === 0) return null;
  return (
    <ul class="needs-patients">
      {patients.slice(0, PATIENTS_SHOWN).map((patient, nth) => {
        const part = parts[nth];
        if (!part) return null;
        const { instances } = patient;
        return (
          <li key={patient.keys.join()}>
            <span aria-hidden="true">
              <ThumbnailPicture series={part.picture} />
            </span>
            <div class="needs-who">
              <p class="strong kept">
                <bdi>{personOf(part)}</bdi>
              </p>
              <p class="small quiet kept numbers">
                {[bornOf(part), words.of(instances)].filter(Boolean).join(kitWords.separator)}
              </p>
              <p class="small quiet kept">
                <FileNames part={part} />
              </p>
            </div>
            <button
              type="button"
              class="button"
              aria-label={words.answerOf(words.leaveOutPatient(instances), personOf(part))}
              onClick={() => void leaveOutPatient({ ingest }, decision, patient).then(onDecided)}
            >
              {words.leaveOutPatient(instances)}
            </button>
          </li>
        );
      })}
      {patients.length > PATIENTS_SHOWN && (
        <li>{chosenWords.morePeople(patients.length - PATIENTS_SHOWN)}</li>
      )}
    </ul>
  );
}
