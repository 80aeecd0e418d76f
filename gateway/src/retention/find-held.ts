/**
 * What is under hold now. The database holds no patients, so every PACS is asked which studies a patient has; where one
 * does not tell, nobody knows, and nothing is deleted.
 */
import { Problem } from '#shared/protocol/problem.ts';
import type { CaseSeal } from '../cases/case-seal.ts';
import { STUDIES_LIMIT } from '../cases/find-by-patient.ts';
import { searchStudies } from '../cases/read-patients.ts';
import { listDestinations } from '../destinations/destination.store.ts';
import type { Destinations } from '../destinations/destinations.ts';
import type { DescribedStudy } from '../ports/pacs/pacs.ts';
import { holdsInForce, type HoldTools, type InForce } from './hold.store.ts';

export type HeldTools = HoldTools & {
  readonly caseSeal: Pick<CaseSeal, 'print'>;
  readonly destinations: Pick<Destinations, 'of'>;
};

/** `holds`: the ids of the holds that it follows from. */
export type Held = {
  readonly holds: readonly string[];
  readonly studies: readonly string[];
  readonly cases: readonly string[];
};

/** Null: a patient is under hold, and a PACS does not tell the patient's studies. */
export async function findHeld(tools: HeldTools, siteId: string): Promise<Held | null> {
  const { db, seal, caseSeal } = tools;
  const inForce = await holdsInForce(db, seal, siteId);
  if (inForce.patients.includes(null)) return null;
  const found = await studiesOfPatients(tools, siteId, inForce.patients as readonly string[]);
  if (found === null) return null;
  const prints = [
    ...(inForce.patients as readonly string[]).map((id) => caseSeal.print('patient-id', id)),
    ...found.flatMap(({ patientId, issuer }) =>
      patientId === null ? [] : [caseSeal.print('patient-id', patientId, issuer)],
    ),
  ];
  return joined(tools, siteId, { inForce, prints, found: found.map((one) => one.studyInstanceUID) });
}

type Known = {
  readonly inForce: InForce;
  readonly prints: readonly string[];
  readonly found: readonly string[];
};

/** A held case holds its studies, and a held study the cases that have it. */
async function joined({ db }: HeldTools, siteId: string, { inForce, prints, found }: Known): Promise<Held> {
  const ofPatients = await db
    .selectFrom('case_record')
    .select('id')
    .where('site_id', '=', siteId)
    .where((where) =>
      where.or([
        where('patient_print', '=', where.fn.any(where.val([...prints]))),
        where('expected_print', '=', where.fn.any(where.val([...prints]))),
      ]),
    )
    .execute();
  const cases = new Set([...inForce.cases, ...ofPatients.map(({ id }) => id)]);
  const studies = new Set([...inForce.studies, ...found]);
  const links = db.selectFrom('case_study').select(['case_id', 'study_instance_uid']);
  for (const { study_instance_uid: uid } of await links
    .where('case_id', '=', (of) => of.fn.any(of.val([...cases])))
    .execute())
    studies.add(uid);
  for (const { case_id: id } of await links
    .where('site_id', '=', siteId)
    .where('study_instance_uid', '=', (of) => of.fn.any(of.val([...studies])))
    .execute())
    cases.add(id);
  return { holds: inForce.ids, studies: [...studies], cases: [...cases] };
}

async function studiesOfPatients(
  { db, destinations }: HeldTools,
  siteId: string,
  patients: readonly string[],
): Promise<readonly DescribedStudy[] | null> {
  const found: DescribedStudy[] = [];
  if (patients.length === 0) return found;
  for (const destination of await listDestinations(db, siteId)) {
    // Nobody searches in a folder, and no study is proven to be in it.
    if (destination.kind === 'folder') continue;
    const pacs = destinations.of(destination);
    if (pacs.web === undefined) return null;
    for (const patientId of patients) {
      const studies = await searchStudies({ pacs }, { patientId }, STUDIES_LIMIT).catch(orNull);
      if (studies === null || studies.length >= STUDIES_LIMIT) return null;
      found.push(...studies);
    }
  }
  return found;
}

function orNull(error: unknown): null {
  if (error instanceof Problem) return null;
  throw error;
}
