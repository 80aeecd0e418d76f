/**
 * Requests the patients for the rows of a list together: rows that become visible at the same time share one request.
 */
import {
  manyPatientsSchema,
  PATIENTS_AT_ONCE,
  type CasePatients,
  type ManyPatients as Answer,
} from '#shared/protocol/cases.ts';
import type { ApiClient } from '../../net/api-client.ts';

/** A case, or a study without one. */
export type Subject = { readonly kind: 'cases' | 'studies'; readonly id: string };
type Patients = CasePatients['studies'];

export interface ManyPatients {
  /** Throws ApiProblem, Unreachable. */
  of(subject: Subject): Promise<Patients>;
}

/** The time for gathering rows. Rows of one list become visible within a frame or two, so the delay is not noticed. */
const GATHER_MS = 40;

type Waiting = Subject & {
  readonly told: (patients: Patients) => void;
  readonly failed: (error: unknown) => void;
};

export function createManyPatients(api: Pick<ApiClient, 'json'>): ManyPatients {
  let waiting: Waiting[] = [];
  const ask = () => {
    const asked = waiting;
    waiting = [];
    for (let from = 0; from < asked.length; from += PATIENTS_AT_ONCE)
      void answer(api, asked.slice(from, from + PATIENTS_AT_ONCE));
  };
  return {
    of: (subject) =>
      new Promise((told, failed) => {
        if (waiting.length === 0) setTimeout(ask, GATHER_MS);
        waiting.push({ ...subject, told, failed });
      }),
  };
}

/** Never throws: errors are passed to each waiting row. */
async function answer(api: Pick<ApiClient, 'json'>, asked: readonly Waiting[]): Promise<void> {
  const idsOf = (kind: Subject['kind']) => asked.filter((one) => one.kind === kind).map(({ id }) => id);
  const body = { cases: idsOf('cases'), studies: idsOf('studies') };
  try {
    const told = await api.json('/cases/patients', manyPatientsSchema, { method: 'POST', body });
    const later = asked.filter(({ id }) => told.later.includes(id));
    for (const one of asked) if (!later.includes(one)) one.told(patientsIn(told, one));
    if (later.length > 0) await answer(api, later);
  } catch (error) {
    for (const one of asked) one.failed(error);
  }
}

const patientsIn = ({ cases, studies }: Answer, { kind, id }: Subject): Patients =>
  kind === 'cases'
    ? (cases.find((one) => one.id === id)?.studies ?? [])
    : studies.filter(({ studyInstanceUID }) => studyInstanceUID === id);
