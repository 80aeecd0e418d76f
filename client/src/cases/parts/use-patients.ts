/** The patients of a case, from the PACS. The PACS is not asked while names are hidden on this device. */
import { useEffect, useMemo } from 'preact/hooks';
import { casePatientsSchema, type CasePatients } from '#shared/protocol/cases.ts';
import { mistakeOf, type Trouble } from '../../kit/trouble.ts';
import { namesHidden } from '../../kit/identities.ts';
import { createResource, type Resource } from '../../kit/resource.ts';
import type { ApiClient } from '../../net/api-client.ts';
import { useApi } from '../../net/net-context.ts';
import { caseWords } from './case-words.ts';

export type Patients = Resource<CasePatients['studies'], Trouble>;

export const createPatients = (): Patients => createResource(() => mistakeOf(caseWords.patient.failed));

export const askPatients = (
  patients: Patients,
  api: Pick<ApiClient, 'json'>,
  caseId: string,
): Promise<void> =>
  patients.ask(
    async (signal) => (await api.json(`/cases/${caseId}/patients`, casePatientsSchema, { signal })).studies,
  );

export function usePatients(caseId: string): Patients {
  const api = useApi();
  const patients = useMemo(createPatients, [caseId]);
  const isAsked = !namesHidden.value;
  useEffect(() => {
    if (isAsked) void askPatients(patients, api, caseId);
    return patients.forget;
  }, [patients, isAsked]);
  return patients;
}
