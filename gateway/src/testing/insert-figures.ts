/** Uploads and results as figures count them, straight into the tables. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { SOP_CLASSES } from '#shared/dicom/registry.ts';
import type { AgeBand, Sex } from '#shared/protocol/analytics.ts';
import { BUILT_IN_TYPES } from '../reviews/built-in-types.ts';
import { insertAccountOf } from './add-account.ts';
import type { Db } from '../database/database.ts';

export async function siteOf(db: Db): Promise<string> {
  return (await db.selectFrom('site').select('id').executeTakeFirstOrThrow()).id;
}

export async function insertTestAccount(db: Db, username: string): Promise<string> {
  return insertAccountOf(db, await siteOf(db), username);
}

export type TestUpload = {
  readonly study: string;
  readonly account: string;
  readonly device?: string;
  readonly at: string;
  /** Milliseconds to the receipt; undefined: none yet. */
  readonly toPacsMs?: number;
  readonly instances: readonly {
    readonly class?: keyof typeof SOP_CLASSES;
    readonly bytes?: number;
    readonly refused?: string;
    readonly state?: 'promised' | 'left-out';
  }[];
  /** Events of its study. */
  readonly events?: readonly { readonly event: string; readonly because?: string }[];
};

type Id = { readonly id: string };
let seq = 1000;

export async function insertTestUpload(db: Db, upload: TestUpload): Promise<void> {
  const site = await siteOf(db);
  const { study, account, device = null, at, toPacsMs, instances, events = [] } = upload;
  const { rows } = await sql<Id>`insert into study (site_id, account_id, study_instance_uid, state,
      revision, policy_name, policy_version, updated_at)
    values (${site}, ${account}, ${study}, 'closed', 1, 'identified', 1, ${at}) returning id`.execute(db);
  const studyId = rows[0]!.id;
  const id = randomUUID();
  await sql`insert into upload (id, site_id, study_id, account_id, device_id, created_at)
    values (${id}, ${site}, ${studyId}, ${account}, ${device}, ${at})`.execute(db);
  for (const [number, one] of instances.entries()) {
    const { class: name = 'DX', bytes = 100, refused = null, state = 'stored' } = one;
    await sql`insert into instance (site_id, study_id, sop_instance_uid, sop_class_uid, series_instance_uid,
        transfer_syntax_uid, digest, policy_name, policy_version, bytes, state, reason, revision, updated_at)
      values (${site}, ${studyId}, ${`${study}.${number}`}, ${SOP_CLASSES[name]}, ${study}, '1.2', ${`${number}`},
        'identified', 1, ${bytes}, ${refused === null ? state : 'refused'}, ${refused}, 1, ${at})`.execute(
      db,
    );
  }
  if (toPacsMs !== undefined)
    await sql`insert into receipt (id, site_id, study_id, upload_id, revision, jws, issued_at)
      values (${randomUUID()}, ${site}, ${studyId}, ${id}, 1, '', ${new Date(Date.parse(at) + toPacsMs)})`.execute(
      db,
    );
  for (const fields of events) {
    seq += 1;
    await sql`insert into audit (seq, site_id, at, event, fields, previous_hash, hash)
      values (${seq}, ${site}, ${at}, ${fields.event}, ${JSON.stringify({ studyId, because: fields.because })}, '',
        ${randomUUID()})`.execute(db);
  }
}

export async function insertTestDevice(db: Db, account: string): Promise<string> {
  const { rows } =
    await sql<Id>`insert into device (site_id, account_id, thumbprint, public_key, last_seen_at)
    values (${await siteOf(db)}, ${account}, ${randomUUID()}, '{}', now()) returning id`.execute(db);
  return rows[0]!.id;
}

export type TestScored = {
  readonly study: string | null;
  readonly at: string;
  readonly score?: number | null;
  readonly threshold?: number;
  readonly version?: string;
  readonly verdict?: 'agree' | 'correct';
  readonly correctedTo?: string;
  readonly differs?: boolean;
  readonly class?: keyof typeof SOP_CLASSES;
  readonly model?: string;
  /** The image kind, in the gate's words. */
  readonly kind?: string;
  readonly patient?: { readonly sex: Sex | null; readonly ageBand: AgeBand | null };
};

export async function insertTestScored(db: Db, scored: TestScored): Promise<string> {
  const site = await siteOf(db);
  const { study, at, score = null, threshold = 0.5, version = '1.0.0', verdict = null, patient } = scored;
  const id = randomUUID();
  const finding = {
    ...{ score, threshold, positive: score === null ? null : score >= threshold, probabilities: null },
    input: { sopClassUID: SOP_CLASSES[scored.class ?? 'DX'] },
    ...{ image: { kind: scored.kind ?? 'CXR' }, population: 'inside', film: [], warnings: [] },
  };
  const disagreement = scored.differs === true ? JSON.stringify({ device: 0.1 }) : null;
  await sql`insert into inference_result (id, site_id, cache_key, model_id, version, model_digest, input_digest,
      study_instance_uid, finding, models, disagreement, verdict, verified_finding, verified_at, created_at)
    values (${id}, ${site}, ${id}, ${scored.model ?? 'pneumonia'}, ${version}, 'd', 'i', ${study}, ${JSON.stringify(finding)}, '[]',
      ${disagreement}, ${verdict}, ${scored.correctedTo ?? null}, ${verdict && at}, ${at})`.execute(db);
  if (study !== null && patient !== undefined)
    await sql`insert into study_cohort values (${site}, ${study}, ${patient.sex}, ${patient.ageBand})
      on conflict do nothing`.execute(db);
  return id;
}

export type TestReview = {
  readonly caseId: string;
  readonly openedBy: string;
  readonly openedAt: Date;
  /** Null: it is being read. */
  readonly settledAt: Date | null;
  /** The reader of the only place, signed as the review was settled; without one there is no place. */
  readonly reader?: string;
};

/** Inserts a review of the first built-in type. */
export async function insertTestReview(
  db: Db,
  { caseId, openedBy, openedAt, settledAt, reader }: TestReview,
) {
  const [{ name, definition }] = BUILT_IN_TYPES as [(typeof BUILT_IN_TYPES)[number]];
  const id = randomUUID();
  await sql`insert into review (id, site_id, case_id, type_name, type_version, hides_finding, opened_at, opened_by,
      final_place, definition, settled_at, state)
    values (${id}, ${await siteOf(db)}, ${caseId}, ${name}, 1, false, ${openedAt}, ${openedBy}, 1,
      ${JSON.stringify(definition)}, ${settledAt}, ${settledAt === null ? 'reading' : 'settled'})`.execute(
    db,
  );
  if (reader === undefined) return;
  await sql`insert into review_place (review_id, place, version, account_id, assigned_at, state, signed_at)
    values (${id}, 1, 1, ${reader}, ${openedAt}, ${settledAt === null ? 'assigned' : 'signed'},
      ${settledAt})`.execute(db);
}
