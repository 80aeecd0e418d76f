/** The patient of a study as the PACS tells them, on the page of a case and where the case is read. */
import type { CasePatients } from '#shared/protocol/cases.ts';
import { bornSaid, identitySaid, nameSaid } from '../kit/identities.ts';
import { caseWords } from './case-words.ts';

type Patient = CasePatients['studies'][number];

const prefixed = (name: string, value: string | null) => value && `${name} ${value}`;

export function PatientOf({ patient }: { readonly patient: Patient | null }) {
  const said = caseWords.patient;
  const name = nameSaid(patient?.patientName);
  const about = [
    patient?.patientId !== name && prefixed(said.id, identitySaid(patient?.patientId)),
    prefixed(said.born, bornSaid(patient?.birthDate)),
    patient?.sex && `${said.sex} ${patient.sex}`,
    prefixed(said.accession, identitySaid(patient?.accessionNumber)),
  ].filter(Boolean);
  if (name === null && about.length === 0) return <p class="quiet">{said.unknown}</p>;
  return (
    <div>
      <p class="strong kept">
        <bdi>{name ?? said.unknown}</bdi>
      </p>
      <p class="small quiet kept">
        <bdi>{about.join(caseWords.separator)}</bdi>
      </p>
    </div>
  );
}
