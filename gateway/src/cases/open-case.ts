/**
 * Opens a case. If it has several studies, the PACS must confirm that they are of one patient. A case that names a
 * number instead gets the studies that the PACS has under it, or waits for the first one (link-arrivals.ts).
 */
import { CASE_PRIORITIES, type NewCase } from '#shared/protocol/cases.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { DescribedStudy } from '../ports/pacs/pacs.ts';
import type { Trx } from '../database/database.ts';
import { knownStudies, type CaseReader } from '../findings/case-rights.ts';
import { addStudies, requireAssignee } from './case.store.ts';
import type { CaseTools } from './case-tools.ts';
import { lookAgain } from './look-again.ts';
import { isOnePatient, ofOnePatient, searchStudies } from './read-patients.ts';
import { isSampleAccount } from './sample-mark.ts';
import { TEXT_PLACE, type CaseText } from './show-cases.ts';

export type Found = {
  readonly studies: readonly string[];
  readonly patientPrint: string | null;
  readonly expects: 'accession-number' | 'patient-id' | null;
  readonly expectedPrint: string | null;
};

/**
 * Returns the id of the new case. @throws Problem study-not-found, case-of-several-patients, pacs-unreachable, and
 * invalid-request for an assignee who works on no cases.
 */
export async function openCase(tools: CaseTools, keeper: CaseReader, asked: NewCase): Promise<string> {
  const { db, now, newId } = tools;
  // Taken before the PACS is asked, so that a study arriving meanwhile is newer than the case.
  const at = now();
  const found = await findFor(tools, keeper, asked);
  const id = newId();
  await db.transaction().execute(async (trx) => {
    const ofSample = await isSampleAccount(trx, keeper.id);
    await requireAssignee(trx, { siteId: keeper.siteId, ofSample }, asked.assigneeId);
    await insertCase(trx, tools, { ...asked, id, keeper, found, at });
  });
  return id;
}

type ToInsert = Pick<NewCase, 'title' | 'tags' | 'priority' | 'dueOn' | 'assigneeId'> & {
  readonly id: string;
  readonly keeper: Pick<CaseReader, 'id' | 'siteId'>;
  readonly found: Found;
  readonly at: Date;
  /** The name of the rule that opens the case; absent if a person opens it. */
  readonly rule?: string;
};

/** Inserts a case and creates its key, which is on disk before the row is written. */
export async function insertCase(
  trx: Trx,
  { seal }: Pick<CaseTools, 'seal'>,
  { id, keeper, found, at, rule, ...asked }: ToInsert,
): Promise<void> {
  const wrapped = await seal.create(id);
  const text: CaseText = { title: asked.title, tags: [...new Set(asked.tags)] };
  await trx
    .insertInto('case_record')
    .values({
      id,
      site_id: keeper.siteId,
      status: 'open',
      priority: CASE_PRIORITIES.indexOf(asked.priority),
      due_on: asked.dueOn,
      assignee_id: asked.assigneeId,
      sealed: seal.cipherOf(id, wrapped)!.seal(TEXT_PLACE, JSON.stringify(text)),
      wrapped_key: wrapped,
      patient_print: found.patientPrint,
      expects: found.expects,
      expected_print: found.expectedPrint,
      created_by: keeper.id,
      created_at: at,
      changed_at: at,
      closed_at: null,
    })
    .execute();
  if (found.expects !== null) await lookAgain(trx, keeper.siteId, at);
  await addStudies(trx, found.studies, { siteId: keeper.siteId, caseId: id, now: at });
  const event = {
    event: 'case-opened',
    caseId: id,
    by: keeper.id,
    ...(rule !== undefined && { rule }),
  } as const;
  await recordAudit(trx, keeper.siteId, { ...event, studies: [...found.studies] }, at);
}

/**
 * Finds the studies of a new case, or hashes the number for which it waits. @throws Problem study-not-found,
 * case-of-several-patients, pacs-unreachable.
 */
export async function findFor(
  tools: CaseTools,
  keeper: CaseReader,
  { studies, expected }: Pick<NewCase, 'studies' | 'expected'>,
): Promise<Found> {
  return studies === undefined
    ? findExpected(tools, keeper, expected!)
    : findStudies(tools, keeper, [...new Set(studies)]);
}

/**
 * The gateway must know every study. A single study opens a case whatever the PACS says. If the PACS lists it under
 * several patients, as an Orthanc does once images with another Patient ID were sent, the case has no patient.
 */
async function findStudies(
  tools: CaseTools,
  { siteId }: CaseReader,
  uids: readonly string[],
): Promise<Found> {
  const known = await knownStudies(tools.db, siteId, uids);
  if (uids.some((uid) => !known.has(uid))) throw new Problem('study-not-found');
  const described = await Promise.all(
    uids.map(async (studyInstanceUID) => {
      try {
        return await searchStudies(tools, { studyInstanceUID });
      } catch (error) {
        if (uids.length === 1 && error instanceof Problem) return [];
        throw error;
      }
    }),
  );
  const told = described.flat();
  const isOne = isOnePatient(told) && described.every((rows) => rows.length > 0);
  if (uids.length > 1 && !isOne) throw new Problem('case-of-several-patients');
  return { ...noneExpected(tools, isOne ? told : []), studies: uids };
}

/**
 * Finds the studies under a number: only those that came through this gateway and belong to one patient. A case that
 * waits for a number gets the same kind of studies (link-arrivals.ts).
 */
async function findExpected(
  tools: CaseTools,
  { siteId }: CaseReader,
  expected: NonNullable<NewCase['expected']>,
): Promise<Found> {
  const there = await searchStudies(tools, expected);
  const known = await knownStudies(
    tools.db,
    siteId,
    there.map((study) => study.studyInstanceUID),
  );
  const found = await ofOnePatientEach(
    tools,
    there.flatMap(({ studyInstanceUID: uid }) => (known.has(uid) ? uid : [])),
  );
  if (found.length > 1 && !isOnePatient(found)) throw new Problem('case-of-several-patients');
  if (found.length > 0)
    return { ...noneExpected(tools, found), studies: found.map((study) => study.studyInstanceUID) };
  const [kind, value] =
    'patientId' in expected
      ? (['patient-id', expected.patientId] as const)
      : (['accession-number', expected.accessionNumber] as const);
  const print = tools.seal.print(kind, value);
  return {
    studies: [],
    patientPrint: kind === 'patient-id' ? print : null,
    expects: kind,
    expectedPrint: print,
  };
}

/**
 * A search by number shows a study under one patient even if the PACS lists it under others too, so each study is
 * searched for again by its UID.
 */
async function ofOnePatientEach(tools: CaseTools, uids: readonly string[]): Promise<DescribedStudy[]> {
  const described = await Promise.all(
    [...new Set(uids)].map(async (studyInstanceUID) =>
      ofOnePatient(await searchStudies(tools, { studyInstanceUID })),
    ),
  );
  return described.filter((study) => study !== undefined);
}

function noneExpected({ seal }: CaseTools, described: readonly DescribedStudy[]) {
  const { patientId = null, issuer = null } = described[0] ?? {};
  return {
    patientPrint: patientId === null ? null : seal.print('patient-id', patientId, issuer),
    expects: null,
    expectedPrint: null,
  };
}
