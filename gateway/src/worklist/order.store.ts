/**
 * Imported orders are stored as ciphertext under the key of their list (AES-256-GCM, NIST SP 800-38D). The key is
 * destroyed when the list expires, or when newer lists have replaced all of its orders. Days and numbers are stored as
 * keyed hashes.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { DAY_MS } from '#shared/day.ts';
import { orderSchema, ORDERS_KEPT_DAYS, type Order } from '#shared/protocol/worklist.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Trx } from '../database/database.ts';
import type { WorklistTools } from './worklist-tools.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** PostgreSQL takes at most 65 535 parameters in one statement. This many orders take 1 MB once decrypted. */
const ROWS_AT_ONCE = 1000;

/** Identifies an order: the value is the same in every list, whatever else the list says. */
export function identityOf({
  accessionNumber,
  procedureId,
  stepId,
  patientId,
  issuer,
  scheduledOn,
}: Order): string {
  const numbers = [accessionNumber, procedureId, stepId];
  const planned = numbers.every((number) => number === null) ? [scheduledOn] : [];
  return JSON.stringify([patientId, issuer, ...numbers, ...planned]);
}

type Importer = { readonly id: string; readonly siteId: string };

/** Imports all orders or none. An order that is already in an earlier list is replaced. */
export async function importOrders(
  { db, listKeys, print, now, newId }: WorklistTools,
  importer: Importer,
  orders: readonly Order[],
): Promise<void> {
  const id = newId();
  const wrapped = await listKeys.create(id);
  try {
    await db.transaction().execute(async (trx) => {
      // Without this lock, two imports with the same orders, or the clean-up of an expired list, could deadlock.
      await sql`lock table imported_order in share row exclusive mode`.execute(trx);
      const key = listKeys.unwrap(id, wrapped)!;
      const at = now();
      await trx
        .insertInto('order_list')
        .values({
          id,
          site_id: importer.siteId,
          wrapped_key: wrapped,
          imported_by: importer.id,
          imported_at: at,
          expires_at: new Date(at.getTime() + ORDERS_KEPT_DAYS * DAY_MS),
        })
        .execute();
      for (let from = 0; from < orders.length; from += ROWS_AT_ONCE)
        await insertOrders(
          trx,
          orders.slice(from, from + ROWS_AT_ONCE).map((order) => {
            const orderPrint = print(identityOf(order));
            return {
              site_id: importer.siteId,
              list_id: id,
              order_print: orderPrint,
              day_print: print(order.scheduledOn),
              sealed: sealOrder(key, orderPrint, order),
            };
          }),
        );
      const imported = { event: 'orders-imported', by: importer.id, orders: orders.length } as const;
      await recordAudit(trx, importer.siteId, imported, at);
    });
  } catch (error) {
    await listKeys.destroy(wrapped);
    throw error;
  }
}

type OrderRow = {
  site_id: string;
  list_id: string;
  order_print: string;
  day_print: string;
  sealed: Uint8Array;
};

async function insertOrders(trx: Trx, rows: readonly OrderRow[]): Promise<void> {
  await trx
    .insertInto('imported_order')
    .values([...rows])
    .onConflict((conflict) =>
      conflict.columns(['site_id', 'order_print']).doUpdateSet((column) => ({
        list_id: column.ref('excluded.list_id'),
        day_print: column.ref('excluded.day_print'),
        sealed: column.ref('excluded.sealed'),
      })),
    )
    .execute();
}

type Imported = {
  readonly days: readonly string[];
  /** Null: any patient. */
  readonly patientId: string | null;
  readonly limit: number;
};

/**
 * Imported orders of these days and this patient, at most `limit`, in any order. Patient numbers are encrypted, so a
 * search for one patient decrypts all orders of the days. An order whose key is gone is left out.
 */
export async function findImported(
  tools: WorklistTools,
  siteId: string,
  { days, patientId, limit }: Imported,
): Promise<readonly Order[]> {
  const keys = new Map<string, Uint8Array | null>();
  const found: Order[] = [];
  for (let after = ''; found.length < limit; ) {
    const rows = await importedAfter(tools, siteId, days, after);
    for (const row of rows) {
      if (!keys.has(row.id)) keys.set(row.id, tools.listKeys.unwrap(row.id, row.wrapped_key));
      const key = keys.get(row.id) ?? null;
      const order = key === null ? null : openOrder(key, row.order_print, row.sealed);
      if (order !== null && (patientId === null || order.patientId === patientId)) found.push(order);
    }
    if (rows.length < ROWS_AT_ONCE) break;
    after = rows.at(-1)!.order_print;
  }
  return found.slice(0, limit);
}

/** The next rows of these days, sorted by their keyed hashes. */
function importedAfter(
  { db, print, now }: WorklistTools,
  siteId: string,
  days: readonly string[],
  after: string,
) {
  return db
    .selectFrom('imported_order')
    .innerJoin('order_list', 'order_list.id', 'imported_order.list_id')
    .select([
      'order_list.id',
      'order_list.wrapped_key',
      'imported_order.order_print',
      'imported_order.sealed',
    ])
    .where('imported_order.site_id', '=', siteId)
    .where('imported_order.day_print', 'in', days.map(print))
    .where('imported_order.order_print', '>', after)
    .where('order_list.expires_at', '>', now())
    .orderBy('imported_order.order_print')
    .limit(ROWS_AT_ONCE)
    .execute();
}

/** Whether the site has an imported list that has not expired. */
export async function hasImported({ db, now }: WorklistTools, siteId: string): Promise<boolean> {
  const row = await db
    .selectFrom('order_list')
    .select('id')
    .where('site_id', '=', siteId)
    .where('expires_at', '>', now())
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Deletes lists that have expired or hold no orders, with their keys, and then every key that no list refers to. */
export async function forgetExpired({
  db,
  listKeys,
  now,
}: Pick<WorklistTools, 'db' | 'listKeys' | 'now'>): Promise<void> {
  const gone = await db
    .deleteFrom('order_list')
    .where((where) =>
      where.or([
        where('expires_at', '<=', now()),
        where.not(
          where.exists(
            where
              .selectFrom('imported_order')
              .select('imported_order.list_id')
              .whereRef('imported_order.list_id', '=', 'order_list.id'),
          ),
        ),
      ]),
    )
    .returning('wrapped_key')
    .execute();
  for (const { wrapped_key: wrapped } of gone) await listKeys.destroy(wrapped);
  const left = await db.selectFrom('order_list').select('wrapped_key').execute();
  await listKeys.sweep(left.map((row) => row.wrapped_key));
}

/** Encrypts an order so that it can only be decrypted together with its own keyed hash. */
function sealOrder(key: Uint8Array, print: string, order: Order): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(print));
  return Buffer.concat([
    nonce,
    cipher.update(JSON.stringify(order), 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

function openOrder(key: Uint8Array, print: string, sealed: Uint8Array): Order | null {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    }).setAAD(Buffer.from(print));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const text = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    return orderSchema.parse(JSON.parse(text.toString('utf8')));
  } catch {
    return null;
  }
}
