/** PACS_URL and PACS_AUTHORIZATION set the destination `default` at every start. */
import { randomUUID } from 'node:crypto';
import type { Db } from '../database/database.ts';
import { lockDestinations } from '../database/destinations-lock.ts';
import { auditDestination } from './audit-destination.ts';
import { insertDestination, listDestinations, updateDestination } from './destination.store.ts';
import type { SecretSeal } from './seal-secrets.ts';

const DEFAULT_NAME = 'default';

type Place = { readonly url: string; readonly authorization: string | null };
type Tools = { readonly db: Db; readonly seal: SecretSeal; readonly now: () => Date };

/** Writes nothing if the settings are the same as at the last start. */
export async function setDefaultDestination(
  siteId: string,
  { url, authorization }: Place,
  { db, seal, now }: Tools,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockDestinations(trx, siteId);
    const before = (await listDestinations(trx, siteId)).find(({ name }) => name === DEFAULT_NAME);
    const known = before?.sealed == null ? null : seal.open(before.id, before.sealed);
    const isSame =
      before?.from_environment === true &&
      before.url === url &&
      (before.sealed === null) === (authorization === null) &&
      (known?.authorization ?? null) === authorization;
    if (isSame) return;
    const id = before?.id ?? randomUUID();
    const authentication = { kind: authorization === null ? ('none' as const) : ('header' as const) };
    const content = {
      ...{ id, url, kind: 'dicomweb' as const, name: DEFAULT_NAME, now: now() },
      settings: { authentication, ca: null, certificate: null },
      sealed: authorization === null ? null : seal.seal(id, { authorization }),
    };
    if (before === undefined) await insertDestination(trx, siteId, content, true);
    else await updateDestination(trx, siteId, content, true);
    const change = before === undefined ? 'made' : 'changed';
    await auditDestination(trx, { ...content, site_id: siteId }, { change, by: null, now: now() });
  });
}
