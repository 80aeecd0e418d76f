/**
 * What is under hold now. The database holds no patients, so every PACS is asked which studies a patient has. A study
 * that lies only where nobody tells (a folder, a PACS over DIMSE) may be the patient's, and counts as held. Where a
 * PACS that could tell is away, nobody knows, and nothing is deleted.
 */
import { sql } from 'kysely';
import { Problem } from '#shared/protocol/problem.ts';
import type { CaseSeal } from '../cases/case-seal.ts';
import { STUDIES_LIMIT } from '../cases/find-by-patient.ts';
import { searchStudies } from '../cases/read-patients.ts';
import type { Db } from '../database/database.ts';
import { listDestinations } from '../destinations/destination.store.ts';
import type { Destinations } from '../destinations/destinations.ts';
import type { DescribedStudy } from '../ports/pacs/pacs.ts';
import { holdsInForce, type HoldTools, type InForce } from './hold.store.ts';

export type HeldTools = HoldTools & {
  readonly caseSeal: Pick<CaseSeal, 'print'>;
  readonly destinations: Pick<Destinations, 'of'>;
};

export type Held = { readonly studies: readonly string[]; readonly cases: readonly string[] };

/** What the PACSs said. `holds`: the ids of the holds that were in force. */
export type Told = {
  readonly holds: readonly string[];
  readonly studies: readonly string[];
  readonly prints: readonly string[];
  /** The destinations that were asked; null: no patient is under hold. */
  readonly asked: readonly string[] | null;
};

/** Null: a patient is under hold, and a PACS that could tell the patient's studies does not answer. */
export async function askPacsOfHeld(tools: HeldTools, siteId: string): Promise<Told | null> {
  const inForce = await holdsInForce(tools.db, tools.seal, siteId);
  const holds = inForce.ids;
  if (inForce.patients.length === 0) return { holds, studies: [], prints: [], asked: null };
  const found = await studiesOfPatients(tools, siteId, inForce.patients);
  return (
    found && {
      holds,
      studies: found.studies.map(({ studyInstanceUID }) => studyInstanceUID),
      prints: printsOf(tools, null, found.studies),
      asked: found.asked,
    }
  );
}

/** Null: somebody has set or ended a hold since the PACSs were asked. */
export async function heldNow(
  db: Db,
  { seal }: Pick<HoldTools, 'seal'>,
  siteId: string,
  told: Told,
): Promise<Held | null> {
  const inForce = await holdsInForce(db, seal, siteId);
  return inForce.ids.join() === told.holds.join() ? joined(db, siteId, inForce, told) : null;
}

/** A held case holds its studies, and a held study the cases that have it. */
async function joined(db: Db, siteId: string, inForce: InForce, told: Told): Promise<Held> {
  const prints = [...inForce.prints, ...told.prints];
  const { rows } = await sql<{ studies: string[] | null; cases: string[] | null }>`
    with held_case as (
      select id from case_record where site_id = ${siteId}::uuid and (id = any(${inForce.cases}::uuid[])
        or patient_print = any(${prints}::text[]) or expected_print = any(${prints}::text[]))),
    held_study as (
      select unnest(${[...inForce.studies, ...told.studies]}::text[]) as uid
      union select study_instance_uid from case_study where case_id in (select id from held_case)
      ${told.asked === null ? sql`` : sql`union ${untold(siteId, told.asked)}`}),
    beside as (
      select id from held_case union select case_id from case_study
      where site_id = ${siteId}::uuid and study_instance_uid in (select uid from held_study))
    select (select array_agg(uid) from held_study) as studies, (select array_agg(id::text) from beside) as cases`.execute(
    db,
  );
  return { studies: rows[0]?.studies ?? [], cases: rows[0]?.cases ?? [] };
}

/** A study without a destination of its own is at the primary one. */
const untold = (siteId: string, asked: readonly string[]) => sql`
  select s.study_instance_uid from study s
  left join destination p on p.site_id = s.site_id and p.is_primary
  where s.site_id = ${siteId}::uuid group by s.study_instance_uid
  having not bool_or(coalesce(s.destination_id, p.id) = any(${asked}::uuid[]))`;

type Found = { readonly studies: readonly DescribedStudy[]; readonly asked: readonly string[] };

/** `patients`: null among them: one that nobody can open. */
async function studiesOfPatients(
  { db, destinations }: Pick<HeldTools, 'db' | 'destinations'>,
  siteId: string,
  patients: readonly (string | null)[],
): Promise<Found | null> {
  const studies: DescribedStudy[] = [];
  const asked: string[] = [];
  for (const destination of await listDestinations(db, siteId)) {
    const pacs = destinations.of(destination);
    if (pacs.web === undefined) continue;
    for (const patientId of patients) {
      const found =
        patientId === null ? null : await searchStudies({ pacs }, { patientId }, STUDIES_LIMIT).catch(orNull);
      if (found === null || found.length >= STUDIES_LIMIT) return null;
      studies.push(...found);
    }
    asked.push(destination.id);
  }
  return { studies, asked };
}

/** The keyed hashes of a Patient ID, as cases have them: alone, and with the issuers that the PACSs name. */
export async function printsOfPatient(
  tools: HeldTools,
  siteId: string,
  patientId: string,
): Promise<string[]> {
  const found = await studiesOfPatients(tools, siteId, [patientId]);
  return printsOf(tools, patientId, found?.studies ?? []);
}

const printsOf = (
  { caseSeal }: Pick<HeldTools, 'caseSeal'>,
  patientId: string | null,
  studies: readonly DescribedStudy[],
): string[] => {
  const named = studies.flatMap((study) =>
    study.patientId === null ? [] : [caseSeal.print('patient-id', study.patientId, study.issuer)],
  );
  return [...new Set([...(patientId === null ? [] : [caseSeal.print('patient-id', patientId)]), ...named])];
};

function orNull(error: unknown): null {
  if (error instanceof Problem) return null;
  throw error;
}
