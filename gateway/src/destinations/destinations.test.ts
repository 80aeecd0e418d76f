/** Each study goes to the destination that it was promised to. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Database } from '../database/database.ts';
import type { PacsConnection } from '../ports/pacs/connection.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openDestinations } from './destinations.ts';
import { insertDestination } from './destination.store.ts';
import { createSecretSeal } from './seal-secrets.ts';

const test = suite('the destination of a study');
const UID = '1.2.3';
const NOW = new Date('2026-01-01T00:00:00Z');
let database: Database;
test.before(async () => {
  database = await openTestDatabase();
});
test.after(() => database.close());

/** A site with two destinations; the first one is primary. */
async function openSite() {
  const { db } = database;
  const site = await db.insertInto('site').values({ name: 's' }).returning('id').executeTakeFirstOrThrow();
  const ids = [randomUUID(), randomUUID()] as const;
  await db.transaction().execute(async (trx) => {
    for (const [at, id] of ids.entries())
      await insertDestination(trx, site.id, {
        ...{
          id,
          kind: 'dicomweb',
          name: `pacs-${at}`,
          url: `http://pacs-${at}.test`,
          sealed: null,
          now: NOW,
        },
        settings: { authentication: { kind: 'none' }, ca: null, certificate: null },
      });
  });
  const opened = new Map<Pacs, string>();
  const open = (connection: PacsConnection): Pacs => {
    const pacs = openTestPacs();
    opened.set(pacs, connection.kind === 'folder' ? connection.folder : connection.url);
    return pacs;
  };
  const destinations = openDestinations({ db, seal: createSecretSeal(new Uint8Array(32)), open });
  const promise = (destinationId: string | null) =>
    db
      .insertInto('study')
      .values({
        ...{ site_id: site.id, study_instance_uid: UID, destination_id: destinationId, updated_at: NOW },
        ...{ state: 'receiving', revision: 1, policy_name: 'identified', policy_version: 1 },
        ...{ account_id: null, wrapped_key: null, waiting_because: null, waiting_since: null },
      })
      .execute();
  const addressOf = async (destination_id: string | null): Promise<string | undefined> =>
    opened.get(await destinations.ofStudy({ site_id: site.id, study_instance_uid: UID, destination_id }));
  return { ids, promise, addressOf };
}

test('is the one that the study was promised to, also where another upload names another one', async () => {
  const { ids, promise, addressOf } = await openSite();
  await promise(ids[1]);
  await promise(ids[0]);
  assert.is(await addressOf(ids[0]), 'http://pacs-0.test');
  assert.is(await addressOf(ids[1]), 'http://pacs-1.test');
  assert.is(await addressOf(null), 'http://pacs-1.test', 'by its UID: where it went first');
});

test('is the primary one where nothing of the study was promised', async () => {
  const { addressOf } = await openSite();
  assert.is(await addressOf(null), 'http://pacs-0.test');
});
test.run();
