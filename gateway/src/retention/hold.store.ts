/**
 * Legal holds: what a study, a case or a patient has is not deleted while one is in force. The patient and the reason
 * are ciphertext, under a key of the gateway.
 */
import { sql } from 'kysely';
import { z } from 'zod';
import { type Holds, type NewHold, newHoldSchema } from '#shared/protocol/retention.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { CaseCipher } from '../cases/case-seal.ts';
import type { Db, Trx } from '../database/database.ts';
import { lockHolds } from '../database/holds-lock.ts';

/** How many are listed: those in force, and then the newest that have ended. */
const LIST_LIMIT = 500;
/** `seal`: of all holds, each in a place of its own. */
export type HoldTools = { readonly db: Db; readonly seal: CaseCipher };

type Setting = {
  readonly id: string;
  readonly siteId: string;
  readonly by: string;
  readonly at: Date;
  readonly prints: readonly string[];
};

const placeOf = (id: string): string => `hold ${id}`;

/** `prints`: of the patient. @throws Problem not-found: there is no such case. */
export async function setHold(
  trx: Trx,
  { seal }: Pick<HoldTools, 'seal'>,
  { id, siteId, by, at, prints, ...asked }: NewHold & Setting,
): Promise<void> {
  const { subject } = asked;
  await lockHolds(trx);
  const caseId = subject.of === 'case' ? await caseNumbered(trx, siteId, subject.number) : null;
  await trx
    .insertInto('hold')
    .values({
      ...{ id, site_id: siteId, case_id: caseId, by_account: by, at },
      study_instance_uid: subject.of === 'study' ? subject.studyInstanceUID : null,
      patient_prints: subject.of === 'patient' ? [...prints] : null,
      sealed: seal.seal(placeOf(id), JSON.stringify(asked)),
    })
    .execute();
}

async function caseNumbered(trx: Trx, siteId: string, number: number): Promise<string> {
  const found = await trx
    .selectFrom('case_record')
    .select('id')
    .where('site_id', '=', siteId)
    .where('number', '=', number)
    .executeTakeFirst();
  if (found === undefined) throw new Problem('not-found');
  return found.id;
}

/** @throws Problem not-found: there is none in force. */
export async function endHold(
  trx: Trx,
  { id, siteId, by, at }: { id: string; siteId: string; by: string; at: Date },
): Promise<void> {
  const { numUpdatedRows } = await trx
    .updateTable('hold')
    .set({ ended_by: by, ended_at: at })
    .where('id', '=', id)
    .where('site_id', '=', siteId)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new Problem('not-found');
}

export async function listHolds({ db, seal }: HoldTools, siteId: string): Promise<Holds['holds']> {
  const rows = await db
    .selectFrom('hold')
    .innerJoin('account', 'account.id', 'hold.by_account')
    .select(['hold.id', 'hold.sealed', 'hold.at', 'hold.ended_at', 'account.username'])
    .where('hold.site_id', '=', siteId)
    .orderBy(sql`hold.ended_at is not null`)
    .orderBy('hold.at', 'desc')
    .limit(LIST_LIMIT)
    .execute();
  return rows.map(({ id, sealed, at, ended_at: endedAt, username: by }) => {
    const { subject, reason } = openHold(seal, id, sealed) ?? { subject: null, reason: null };
    return {
      ...{ id, subject, reason, by, at: at.toISOString(), endedAt: endedAt?.toISOString() ?? null },
    };
  });
}

function openHold(seal: CaseCipher, id: string, sealed: Uint8Array): NewHold | null {
  const opened = seal.open(placeOf(id), sealed);
  const json = z.string().transform((text) => JSON.parse(text) as unknown);
  return opened && (json.pipe(newHoldSchema).safeParse(opened.toString()).data ?? null);
}

/** What is under hold, as far as the database knows. */
export type InForce = {
  readonly ids: readonly string[];
  readonly studies: readonly string[];
  readonly cases: readonly string[];
  readonly prints: readonly string[];
  /** Null among them: one that nobody can open. */
  readonly patients: readonly (string | null)[];
};

export async function holdsInForce(db: Db, seal: CaseCipher, siteId: string): Promise<InForce> {
  const rows = await db
    .selectFrom('hold')
    .select(['id', 'sealed', 'case_id', 'study_instance_uid', 'patient_prints'])
    .where('site_id', '=', siteId)
    .where('ended_at', 'is', null)
    .orderBy('id')
    .execute();
  const patients = rows.filter((row) => row.patient_prints !== null);
  return {
    ids: rows.map(({ id }) => id),
    studies: rows.flatMap((row) => row.study_instance_uid ?? []),
    cases: rows.flatMap((row) => row.case_id ?? []),
    prints: patients.flatMap((row) => row.patient_prints ?? []),
    patients: patients.map(({ id, sealed }) => {
      const subject = openHold(seal, id, sealed)?.subject;
      return subject?.of === 'patient' ? subject.patientId : null;
    }),
  };
}
