/**
 * Links cases that were opened before their study arrived. Once a study has arrived, the PACS is asked for its numbers,
 * and these are compared, as keyed hashes, with the numbers that cases wait for. Each study is checked once after each
 * change, and only while a case waits.
 */
import { sql } from 'kysely';
import { recordAudit } from '../audit/audit.ts';
import { PacsUnreachable, type DescribedStudy } from '../ports/pacs/pacs.ts';
import type { CaseTools } from './case-tools.ts';
import { addStudies, updateCase } from './case.store.ts';
import { FOUND_LIMIT, isOnePatient, ofOnePatient } from './read-patients.ts';

/** Studies checked per run of the clock; each needs a search at the PACS. */
const AT_ONCE = 50;

type Arrival = { readonly siteId: string; readonly studyInstanceUID: string; readonly changedAt: Date };

export async function linkArrivals(tools: CaseTools, signal: AbortSignal): Promise<void> {
  const { db, pacs } = tools;
  // No case waits, so there is no need to remember which studies were checked.
  await sql`delete from case_arrival a where not exists (select 1 from case_record c
    where c.site_id = a.site_id and c.expects is not null and c.status <> 'closed')`.execute(db);
  const failed: unknown[] = [];
  for (const arrival of await newArrivals(tools)) {
    if (signal.aborted) return;
    try {
      const key = { studyInstanceUID: arrival.studyInstanceUID };
      const rows = await pacs.searchStudies(key, FOUND_LIMIT, signal);
      await compare(tools, arrival, { study: ofOnePatient(rows), signal });
    } catch (error) {
      // The PACS did not answer at all. The other studies would fail too, and the next run asks again.
      if (error instanceof PacsUnreachable && error.status === null) return;
      // A failed answer about this study must not delay the others.
      failed.push(error);
    }
  }
  const other = failed.find((error) => !(error instanceof PacsUnreachable));
  if (other !== undefined) throw other;
}

async function newArrivals({ db }: CaseTools): Promise<readonly Arrival[]> {
  const { rows } = await sql<Arrival>`
    with waiting as materialized (select site_id, min(created_at) as since from case_record
      where expects is not null and status <> 'closed' group by site_id)
    select s.site_id as "siteId", s.study_instance_uid as "studyInstanceUID", max(s.updated_at) as "changedAt"
    from waiting w join study s on s.site_id = w.site_id and s.updated_at >= w.since
    left join case_arrival a on a.site_id = s.site_id and a.study_instance_uid = s.study_instance_uid
    where s.state = 'closed' and s.account_id is not null and (a.looked_at is null or a.looked_at < s.updated_at)
    group by 1, 2 order by 3 limit ${AT_ONCE}`.execute(db);
  return rows;
}

/**
 * `study` undefined: the PACS does not show the study, or lists it under several patients. The study was confirmed, so
 * this will not change, and it is only checked again when more of it arrives.
 */
async function compare(
  tools: CaseTools,
  { siteId, studyInstanceUID, changedAt }: Arrival,
  { study, signal }: { readonly study: DescribedStudy | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const { db, seal, now } = tools;
  const at = now();
  const patient = study?.patientId ? seal.print('patient-id', study.patientId, study.issuer) : null;
  const accession = study?.accessionNumber ? seal.print('accession-number', study.accessionNumber) : null;
  const typed = study && (await typedNumber(tools, siteId, { study, signal }));
  await db.transaction().execute(async (trx) => {
    await trx
      .insertInto('case_arrival')
      .values({
        site_id: siteId,
        study_instance_uid: studyInstanceUID,
        looked_at: changedAt,
        compared_at: at,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['site_id', 'study_instance_uid'])
          .doUpdateSet({ looked_at: changedAt, compared_at: at }),
      )
      .execute();
    const waiting = await trx
      .selectFrom('case_record')
      .selectAll()
      .where('site_id', '=', siteId)
      .where('status', '<>', 'closed')
      .where('expects', 'is not', null)
      .where('expected_print', 'in', [typed ?? '', accession ?? ''])
      .orderBy('id')
      .forUpdate()
      .execute();
    for (const row of waiting) {
      await addStudies(trx, [studyInstanceUID], { siteId, caseId: row.id, now: at });
      const changes = { expects: null, expected_print: null, patient_print: patient ?? row.patient_print };
      await updateCase(trx, row, changes, at);
    }
    for (const { id: caseId } of waiting)
      await recordAudit(
        trx,
        siteId,
        { event: 'case-linked', caseId, by: null, studies: [studyInstanceUID] },
        at,
      );
  });
}

/**
 * The keyed hash of the Patient ID as people type it, without its issuer. Null: the PACS has other patients with that
 * ID, so it is unclear which of them a waiting case means.
 */
async function typedNumber(
  { db, seal, pacs }: CaseTools,
  siteId: string,
  { study, signal }: { readonly study: DescribedStudy; readonly signal: AbortSignal },
): Promise<string | null> {
  if (!study.patientId) return null;
  const print = seal.print('patient-id', study.patientId);
  const waits = db.selectFrom('case_record').select('id').where('site_id', '=', siteId);
  const first = await waits
    .where('expected_print', '=', print)
    .where('expects', 'is not', null)
    .executeTakeFirst();
  if (first === undefined) return null;
  const there = await pacs.searchStudies({ patientId: study.patientId }, FOUND_LIMIT, signal);
  return isOnePatient([study, ...there]) ? print : null;
}
