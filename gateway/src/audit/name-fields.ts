/**
 * Finds readable names for the ids in events: of accounts, API keys, cases, devices, destinations,
 * modalities and studies.
 */
import { sql } from 'kysely';
import { studiesIn } from '#shared/protocol/audit-events.ts';
import type { AuditNames } from '#shared/protocol/audit-page.ts';
import type { Db } from '../database/database.ts';

type Fields = Readonly<Record<string, unknown>>;

type Events = readonly { readonly fields: Fields }[];

/** The texts in fields with these names in all events, each listed once. */
const textsIn = (events: Events, ...names: readonly string[]): string[] => [
  ...new Set(
    events.flatMap(({ fields }) =>
      names.map((name) => fields[name]).filter((text) => typeof text === 'string'),
    ),
  ),
];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const isAny = (events: Events, ...names: readonly string[]) =>
  sql<boolean>`id = any(${textsIn(events, ...names).filter((text) => UUID.test(text))}::uuid[])`;

/** Returns names only for objects of this site. The id of a deleted object gets no name. */
export async function nameFields(db: Db, siteId: string, events: Events): Promise<AuditNames> {
  const [accounts, keys, cases, devices, destinations, peers, studies] = await Promise.all([
    db
      .selectFrom('account')
      .select(['id', 'username'])
      .where('site_id', '=', siteId)
      .where(isAny(events, 'by', 'accountId'))
      .execute(),
    db
      .selectFrom('api_key')
      .select(['id', 'name'])
      .where('site_id', '=', siteId)
      .where(isAny(events, 'keyId'))
      .execute(),
    db
      .selectFrom('case_record')
      .select(['id', 'number'])
      .where('site_id', '=', siteId)
      .where(isAny(events, 'caseId'))
      .execute(),
    db
      .selectFrom('device')
      .select(['id', 'name'])
      .where('site_id', '=', siteId)
      .where(isAny(events, 'deviceId'))
      .execute(),
    db
      .selectFrom('destination')
      .select(['id', 'name'])
      .where('site_id', '=', siteId)
      .where(isAny(events, 'destinationId'))
      .execute(),
    db
      .selectFrom('dimse_peer')
      .select(['id', 'name'])
      .where('site_id', '=', siteId)
      .where(isAny(events, 'peerId'))
      .execute(),
    uploadsOfStudies(db, siteId, [...new Set(events.flatMap(({ fields }) => studiesIn(fields)))]),
  ]);
  return {
    accounts: Object.fromEntries(accounts.map(({ id, username }) => [id, username])),
    keys: namesById(keys),
    cases: Object.fromEntries(cases.map(({ id, number }) => [id, number])),
    devices: Object.fromEntries(devices.flatMap(({ id, name }) => (name === null ? [] : [[id, name]]))),
    destinations: namesById(destinations),
    peers: namesById(peers),
    studies: Object.fromEntries(studies.map(({ uid, uploadId }) => [uid, uploadId])),
  };
}

const namesById = (rows: readonly { readonly id: string; readonly name: string }[]) =>
  Object.fromEntries(rows.map(({ id, name }) => [id, name]));

/** The newest upload of each study; the study's page shows it under that upload. */
function uploadsOfStudies(db: Db, siteId: string, uids: readonly string[]) {
  return db
    .selectFrom('study')
    .innerJoin('upload', 'upload.study_id', 'study.id')
    .distinctOn('study.study_instance_uid')
    .select(['study.study_instance_uid as uid', 'upload.id as uploadId'])
    .where('study.site_id', '=', siteId)
    .where('upload.account_id', 'is not', null)
    .where(sql<boolean>`study.study_instance_uid = any(${uids}::text[])`)
    .orderBy('study.study_instance_uid')
    .orderBy('upload.created_at', 'desc')
    .execute();
}
