/**
 * The carriers of an upload. A carrier is an account that brings the upload for the device that made it, and has shown
 * the device's ticket (a study saved to a file, for a USB stick). A carrier brings only the parcels that the ticket
 * names, under the seals that it names, and follows the upload to its receipt; it decides nothing. It may no longer
 * bring anything once the device's right has ended.
 */
import { sql } from 'kysely';
import { DAY_MS } from '#shared/day.ts';
import { UNUSED_DAYS } from '#shared/protocol/limits.ts';
import { SENDERS } from '#shared/protocol/policy.ts';
import type { Trx, Db } from '../../database/database.ts';
import type { UploadOwner } from './upload-owner.ts';

/** The parcels as the device sealed them, by the device's id for each. */
type CarriedParcels = Readonly<
  Record<string, { readonly bytes: number; readonly keyId: string; readonly enc: string }>
>;

type Carrying = {
  readonly uploadId: string;
  readonly accountId: string;
  readonly parcels: CarriedParcels;
};

/** Tickets kept for one upload and carrier. A file that was saved again has a ticket of its own. */
const TICKETS_KEPT = 4;

/** False: the same account has shown the same ticket before. Only an account's newest tickets are kept. */
export async function noteCarrier(
  trx: Trx,
  { uploadId, accountId, parcels }: Carrying,
  ticketId: string,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('upload_carrier')
    .values({
      upload_id: uploadId,
      account_id: accountId,
      ticket_id: ticketId,
      parcels: JSON.stringify(parcels),
    })
    .onConflict((conflict) => conflict.columns(['upload_id', 'account_id', 'ticket_id']).doNothing())
    .executeTakeFirst();
  const isNew = (numInsertedOrUpdatedRows ?? 0n) > 0n;
  if (isNew) await forgetOlder(trx, uploadId, accountId);
  return isNew;
}

async function forgetOlder(trx: Trx, uploadId: string, accountId: string): Promise<void> {
  const ofBoth = { upload_id: uploadId, account_id: accountId };
  await trx
    .deleteFrom('upload_carrier')
    .where(({ eb, and, not, selectFrom }) =>
      and([
        and(ofBoth),
        not(
          eb(
            'ticket_id',
            'in',
            selectFrom('upload_carrier')
              .select('ticket_id')
              .where((inner) => inner.and(ofBoth))
              .orderBy('created_at', 'desc')
              .limit(TICKETS_KEPT),
          ),
        ),
      ]),
    )
    .execute();
}

/** Call it when the study is closed: its parcels are gone, and nothing is left for a carrier to bring. */
export async function forgetCarriedParcels(trx: Trx, studyId: string): Promise<void> {
  await trx
    .updateTable('upload_carrier')
    .set({ parcels: '{}' })
    .where('upload_id', 'in', (of) => of.selectFrom('upload').select('id').where('study_id', '=', studyId))
    .execute();
}

/** The database, and the clock against which rights are checked. */
type Tools = { readonly db: Db; readonly now: () => Date };

/** Whether this caller (a signed-in person, not a device) may bring the upload now. */
export async function isCarrier(
  tools: Tools,
  { accountId, deviceId }: UploadOwner,
  uploadId: string,
): Promise<boolean> {
  if (deviceId !== null) return false;
  return (await carrying(tools, accountId, uploadId).executeTakeFirst()) !== undefined;
}

type NamedParcel = {
  readonly id: string;
  readonly bytes: number;
  /** Null: the parcel is sent in the clear. */
  readonly seal: { readonly keyId: string; readonly enc: string } | null;
};

/** Whether a ticket that this carrier has shown names exactly this parcel. */
export async function isCarried(
  tools: Tools,
  { accountId }: UploadOwner,
  uploadId: string,
  { id, bytes, seal }: NamedParcel,
): Promise<boolean> {
  if (seal === null) return false;
  const rows = await carrying(tools, accountId, uploadId)
    .select(sql<CarriedParcels[string] | null>`upload_carrier.parcels -> ${id}::text`.as('named'))
    .execute();
  return rows.some(
    ({ named }) => named?.bytes === bytes && named.keyId === seal.keyId && named.enc === seal.enc,
  );
}

function carrying(tools: Tools, accountId: string, uploadId: string) {
  return carriedUploads(tools, accountId).where('upload_carrier.upload_id', '=', uploadId);
}

/**
 * The ids of the uploads that this account may bring now. Uploads of a device are left out if its right has ended or
 * would end with the next look (auth/device-right.ts), or if its account may no longer send.
 */
export function carriedUploads({ db, now }: Tools, accountId: string) {
  const unusedSince = new Date(now().getTime() - UNUSED_DAYS * DAY_MS);
  return db
    .selectFrom('upload_carrier')
    .innerJoin('upload', 'upload.id', 'upload_carrier.upload_id')
    .innerJoin('account', 'account.id', 'upload.account_id')
    .innerJoin('device', 'device.id', 'upload.device_id')
    .select('upload_carrier.upload_id')
    .where('upload_carrier.account_id', '=', accountId)
    .where('account.disabled_at', 'is', null)
    .where(sql<boolean>`account.roles && ${[...SENDERS]}::text[]`)
    .where('device.revoked_at', 'is', null)
    .where('device.last_seen_at', '>=', unusedSince);
}
