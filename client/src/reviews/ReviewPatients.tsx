/** The patient whose images are read, as the PACS tells them; nobody is asked while names are hidden on this device. */
import { useEffect, useState } from 'preact/hooks';
import { casePatientsSchema, type CasePatients } from '#shared/protocol/cases.ts';
import { caseWords } from '../cases/case-words.ts';
import { PatientOf } from '../cases/PatientOf.tsx';
import { HideNames } from '../kit/HideNames.tsx';
import { namesHidden } from '../kit/identities.ts';
import { useApi } from '../net/net-context.ts';

const words = caseWords.patient;
type Patient = CasePatients['studies'][number];
type Asked = readonly Patient[] | 'failed' | null;

/** Null: not asked, or not answered yet. */
function usePatients(caseId: string): readonly [Asked, () => void] {
  const api = useApi();
  const [patients, setPatients] = useState<Asked>(null);
  const [attempt, setAttempt] = useState(1);
  const isHidden = namesHidden.value;
  useEffect(() => {
    setPatients(null);
    if (isHidden) return;
    const closed = new AbortController();
    api
      .json(`/cases/${caseId}/patients`, casePatientsSchema, { signal: closed.signal })
      .then(({ studies }) => setPatients(studies))
      .catch(() => !closed.signal.aborted && setPatients('failed'));
    return () => closed.abort();
  }, [caseId, isHidden, attempt]);
  return [patients, () => setAttempt(attempt + 1)];
}

export function ReviewPatients({ caseId }: { readonly caseId: string }) {
  const [patients, again] = usePatients(caseId);
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

/** The studies of a case are of one patient; where the PACS says otherwise, all of them are shown. */
function eachOnce(patients: readonly Patient[]): readonly Patient[] {
  const samePerson = (one: Patient, other: Patient): boolean =>
    (['patientName', 'patientId', 'issuer', 'birthDate', 'sex'] as const).every(
      (field) => one[field] === other[field],
    );
  return patients.filter((one, at) => patients.findIndex((other) => samePerson(one, other)) === at);
}
