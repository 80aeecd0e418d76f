/** The patients of cases and studies as the PACS describes them: for one case, or for all rows of a list. */
import { z } from '@hono/zod-openapi';
import { sql } from 'kysely';
import {
  askedPatientsSchema,
  CASE_STUDIES,
  casePatientsSchema,
  manyPatientsSchema,
  type CasePatients,
  type ManyPatients,
} from '#shared/protocol/cases.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { callerOf, createRouter, defineRoute, jsonBody, jsonResponse, type Router } from '../http/route.ts';
import { createTurns, type Turns } from '../http/take-turns.ts';
import { anonymise, refuseAnonymous } from './anonymise.ts';
import { studiesOf } from './case-facts.ts';
import { isVisible, knownStudies, type CaseReader } from '../findings/case-rights.ts';
import { findCase, type CaseRow } from './case.store.ts';
import type { CaseTools } from './case-tools.ts';
import { readPatients } from './read-patients.ts';
import { recordCaseReading, recordPatientsRead } from './record-case-reading.ts';

const byId = z.object({ id: z.uuid() });
const patients = defineRoute({
  method: 'get',
  path: '/cases/{id}/patients',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  problems: ['not-found', 'pacs-unreachable'],
  summary: 'Who the patient is, read from the PACS for this answer',
  request: { params: byId, query: z.object({ anonymise }) },
  responses: { 200: jsonResponse(casePatientsSchema, 'For each study of the case.') },
});
/** This changes nothing, but uses POST because fifty names would make the address too long. */
const many = defineRoute({
  method: 'post',
  path: '/cases/patients',
  operationId: 'readPatients',
  roles: CASE_KEEPERS,
  tags: ['cases'],
  problems: ['pacs-unreachable', 'called-off'],
  summary: 'Who the patients of cases and studies are, read from the PACS for this answer',
  request: { body: jsonBody(askedPatientsSchema) },
  responses: { 200: jsonResponse(manyPatientsSchema, 'For each case and study that you see.') },
});

/** The number of requests to the PACS at a time for all lists together, since others use the PACS too. */
const QUESTIONS_AT_ONCE = 6;
/**
 * The most studies that one request reads. It may name 25 cases of 20 studies; the device asks again for the cases left
 * over.
 */
const STUDIES_AT_ONCE = 100;

export function casePatientRoutes(tools: CaseTools): Router {
  const { db } = tools;
  const router = createRouter();
  const inTurn = createTurns(QUESTIONS_AT_ONCE);
  router.openapi(patients, async (c) => {
    const caller = callerOf(c);
    refuseAnonymous(c.req.valid('query').anonymise);
    const row = await findCase(db, caller, c.req.valid('param').id);
    await recordCaseReading(tools, caller, row.id, 'case-patients-read');
    const studies = await readPatients(
      tools,
      (await studiesInCases(tools, caller, [row.id])).get(row.id) ?? [],
    );
    await learnPatient(tools, row, studies);
    return c.json({ studies }, 200);
  });
  router.openapi(many, async (c) => {
    const asked = c.req.valid('json');
    const read = (uids: readonly string[]) => readInTurn(tools, inTurn, uids, c.req.raw.signal);
    return c.json(await manyPatients({ ...tools, read }, callerOf(c), asked), 200);
  });
  return router;
}

type Asked = z.infer<typeof askedPatientsSchema>;

type ManyTools = CaseTools & {
  readonly read: (studyInstanceUIDs: readonly string[]) => Promise<ReadonlyMap<string, Told[number]>>;
};

/** Reads the patients of many cases. A single audit event names all their studies. */
async function manyPatients(tools: ManyTools, reader: CaseReader, asked: Asked): Promise<ManyPatients> {
  const cases = await tools.db
    .selectFrom('case_record')
    .select(['id', 'patient_print'])
    .where(sql<boolean>`id = any(${asked.cases}::uuid[])`)
    .where(await isVisible(tools.db, reader))
    .execute();
  const known = await knownStudies(tools.db, reader.siteId, asked.studies);
  const ofCases = await studiesInCases(
    tools,
    reader,
    cases.map(({ id }) => id),
  );
  const uids = new Set(known);
  const later = new Set<string>();
  for (const { id } of cases)
    if (uids.size + CASE_STUDIES > STUDIES_AT_ONCE) later.add(id);
    else for (const uid of ofCases.get(id) ?? []) uids.add(uid);
  await recordPatientsRead(tools, reader, [...uids]);
  const told = await tools.read([...uids]);
  const patientsIn = (some: Iterable<string>) => [...some].map((uid) => told.get(uid)!);
  const answer = cases
    .filter(({ id }) => !later.has(id))
    .map((row) => ({ row, studies: patientsIn(ofCases.get(row.id) ?? []) }));
  for (const { row, studies } of answer) await learnPatient(tools, row, studies);
  return {
    cases: answer.map(({ row, studies }) => ({ id: row.id, studies })),
    studies: patientsIn(known),
    later: [...later],
  };
}

/**
 * Once the PACS has failed one request, or the caller has left, the waiting requests are not sent.
 * @throws Problem pacs-unreachable, called-off.
 */
async function readInTurn(
  tools: CaseTools,
  inTurn: Turns,
  studyInstanceUIDs: readonly string[],
  left: AbortSignal,
): Promise<ReadonlyMap<string, Told[number]>> {
  const failed = new AbortController();
  const signal = AbortSignal.any([left, failed.signal]);
  const read = async (uid: string) => [uid, (await readPatients(tools, [uid]))[0]!] as const;
  const ask = (uid: string) =>
    inTurn('', signal, () =>
      read(uid).catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
  try {
    return new Map(await Promise.all(studyInstanceUIDs.map(ask)));
  } catch (error) {
    throw left.aborted && !(error instanceof Problem) ? new Problem('called-off') : error;
  }
}

/** Returns the Study Instance UIDs of each case. */
async function studiesInCases({ db }: CaseTools, reader: CaseReader, caseIds: readonly string[]) {
  const found = await studiesOf(db, reader, caseIds);
  return new Map([...found].map(([id, of]) => [id, of.map(({ studyInstanceUID }) => studyInstanceUID)]));
}

type Told = CasePatients['studies'];

/** A case opened while the PACS was away has no patient yet. This stores the keyed hash of the Patient ID. */
async function learnPatient(
  { db, seal }: CaseTools,
  { id, patient_print }: Pick<CaseRow, 'id' | 'patient_print'>,
  studies: Told,
): Promise<void> {
  const named = studies.find(({ patientId }) => patientId !== null);
  if (patient_print !== null || named === undefined) return;
  await db
    .updateTable('case_record')
    .set({ patient_print: seal.print('patient-id', named.patientId!, named.issuer) })
    .where('id', '=', id)
    .execute();
}
