/** Destinations, known by name. The one of the environment is listed without its connection. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ConfiguredDestination, SecretReference } from '#shared/protocol/configuration.ts';
import { destinationWishSchema } from '#shared/protocol/destination.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db } from '../database/database.ts';
import { auditDestination, type DestinationChange } from '../destinations/audit-destination.ts';
import { checkWish } from '../destinations/check-wish.ts';
import {
  deleteDestination,
  findDestination,
  insertDestination,
  listDestinations,
  makePrimary,
  setNeed,
  setTuning,
  setViewers,
  setWorklist,
  updateDestination,
  type DestinationRow,
} from '../destinations/destination.store.ts';
import type { Secrets, SecretSeal } from '../destinations/seal-secrets.ts';
import { tuningOf } from '../destinations/show-destination.ts';
import { placesOf } from '../http/invalid-request.ts';
import type { At, Part } from './part.ts';

type Connection = NonNullable<ConfiguredDestination['connection']>;
type References = { readonly [name in keyof Secrets]?: SecretReference };

export const destinationsPart = (seal: SecretSeal): Part<ConfiguredDestination> => ({
  name: 'destinations',
  nameOf: ({ name }) => name,
  wrong(all) {
    const primary = all.filter(({ isPrimary }) => isPrimary).length;
    return primary === 1 ? [] : [`destinations: ${primary} are primary (expected: 1)`];
  },
  read: async (db, siteId) => (await listDestinations(db, siteId)).map(toConfigured),
  async differs(at, { name, connection }) {
    if (connection === null) return false;
    const row = await rowOf(at.trx, at.siteId, name);
    const stored = (row?.sealed && seal.open(row.id, row.sealed)) ?? {};
    return Object.entries(referencesOf(connection)).some(
      ([which, reference]) =>
        !('kept' in reference) && at.secretOf(reference) !== stored[which as keyof Secrets],
    );
  },
  async put(at, wanted) {
    const row = await connect(at, wanted, seal);
    await adjust(at, row, wanted);
  },
  async remove(at, { name }) {
    const row = (await rowOf(at.trx, at.siteId, name))!;
    if (row.from_environment) throw new Problem('destination-set-by-environment');
    await deleteDestination(at.trx, row);
    await record(at, row, 'deleted');
  },
});

/** Without the counts of its studies, which take long on a large site. */
async function rowOf(db: Db, siteId: string, name: string): Promise<DestinationRow | undefined> {
  const found = await db
    .selectFrom('destination')
    .select('id')
    .where('site_id', '=', siteId)
    .where('name', '=', name)
    .executeTakeFirst();
  return found && findDestination(db, siteId, found.id);
}

const record = (at: At, row: DestinationRow, change: DestinationChange): Promise<void> =>
  auditDestination(at.trx, row, { change, by: at.by, now: at.now });

function toConfigured(row: DestinationRow): ConfiguredDestination {
  const { lagMinutes, proof } = tuningOf(row);
  return {
    name: row.name,
    connection: row.from_environment ? null : toConnection(row),
    tuning: { lagMinutes, proof },
    viewers: [...row.viewers],
    worklist: row.worklist,
    isPrimary: row.is_primary,
    need: row.need,
  };
}

/** A secret that was not set by a document is `kept`. */
function toConnection({ kind, url, settings, secret_from: from }: DestinationRow): Connection {
  const { authentication, ca, certificate, commitment } = settings;
  const named = (which: keyof Secrets): SecretReference =>
    (from as References | null)?.[which] ?? { kept: true };
  const own = (): Connection['authentication'] => {
    switch (authentication.kind) {
      case 'none':
        return authentication;
      case 'basic':
        return { ...authentication, password: named('password') };
      case 'bearer':
        return { ...authentication, token: named('token') };
      case 'oauth':
        return { ...authentication, clientSecret: named('clientSecret') };
      case 'header':
        throw new Error('only the environment sets a whole header');
      default:
        return authentication satisfies never;
    }
  };
  return {
    ...{ kind, url, authentication: own(), ca, certificate },
    ...(certificate !== null && { key: named('key') }),
    ...(commitment !== undefined && { commitment }),
  };
}

function referencesOf({ authentication, key }: Connection): References {
  const own = key === undefined ? {} : { key };
  switch (authentication.kind) {
    case 'none':
      return own;
    case 'basic':
      return { ...own, password: authentication.password };
    case 'bearer':
      return { ...own, token: authentication.token };
    case 'oauth':
      return { ...own, clientSecret: authentication.clientSecret };
    default:
      return authentication satisfies never;
  }
}

/** Undefined: it is kept. @throws Problem where a document names a variable or a file that is not there. */
function secretsOf({ secretOf }: Pick<At, 'secretOf'>, connection: Connection): Secrets {
  return Object.fromEntries(
    Object.entries(referencesOf(connection)).flatMap(([which, reference]) => {
      if ('kept' in reference) return [];
      const secret = secretOf(reference);
      if (secret === null)
        throw new Problem('configuration-wrong', `${which} (the gateway has no such variable or file)`);
      return [[which, secret]];
    }),
  );
}

/**
 * A named secret goes to the receiver that its owner named, and to no other: else whoever may write a configuration
 * could have it sent to a server of their own. @throws Problem.
 */
function requireReceiver(connection: Connection, receiverOf: At['receiverOf']): void {
  const { url, authentication } = connection;
  const goesTo = [url, ...(authentication.kind === 'oauth' ? [authentication.tokenUrl] : [])].map(originOf);
  for (const [which, reference] of Object.entries(referencesOf(connection))) {
    const receivers = receiverOf(reference)?.split(/\s+/) ?? [];
    if (!('kept' in reference) && which !== 'key' && !goesTo.every((origin) => receivers.includes(origin)))
      throw new Problem('configuration-wrong', `${which} (its owner has not named this receiver)`);
  }
}

/** Of a web address; the whole address of another kind. */
const originOf = (url: string): string =>
  /^https?:/.test(url) && URL.canParse(url) ? new URL(url).origin : url;

/** Makes it, or changes its connection where that differs. */
async function connect(at: At, wanted: ConfiguredDestination, seal: SecretSeal): Promise<DestinationRow> {
  const { trx, siteId, now } = at;
  const { name, connection } = wanted;
  const before = (await rowOf(trx, siteId, name)) ?? null;
  if ((connection === null) !== (before?.from_environment ?? false))
    throw new Problem(
      'configuration-wrong',
      connection === null
        ? 'connection (only PACS_URL makes it null)'
        : 'connection (PACS_URL sets it: null)',
    );
  if (connection === null) return before!;
  const secrets = secretsOf(at, connection);
  const { authentication, key: _, ...rest } = connection;
  const wish = destinationWishSchema.safeParse({
    ...{ name, ...rest },
    authentication: withSecret(authentication, secrets),
    ...(secrets.key !== undefined && { key: secrets.key }),
  });
  if (!wish.success)
    throw new Problem(
      'configuration-wrong',
      placesOf(wish.error.issues, '')
        .map((words) => `connection.${words}`)
        .join(', '),
    );
  requireReceiver(connection, at.receiverOf);
  const id = before?.id ?? randomUUID();
  const checked = checkWish(wish.data, { id, before }, seal);
  const stored = (before?.sealed && seal.open(before.id, before.sealed)) ?? {};
  const isSame =
    before !== null &&
    isDeepStrictEqual(
      [before.kind, before.url, before.settings, stored],
      [checked.kind, checked.url, checked.settings, { ...stored, ...secrets }],
    );
  if (!isSame) {
    const change = before === null ? insertDestination : updateDestination;
    await change(trx, siteId, { id, ...checked, now });
  }
  const from = Object.fromEntries(
    Object.entries(referencesOf(connection)).filter(([, reference]) => !('kept' in reference)),
  );
  await trx
    .updateTable('destination')
    .set({ secret_from: Object.keys(from).length === 0 ? null : JSON.stringify(from) })
    .where('id', '=', id)
    .execute();
  const row = (await rowOf(trx, siteId, name))!;
  if (!isSame) await record(at, row, before === null ? 'made' : 'changed');
  return row;
}

function withSecret(authentication: Connection['authentication'], secrets: Secrets): object {
  const { kind } = authentication;
  const shown = Object.entries(authentication).filter(
    ([name]) => !['password', 'token', 'clientSecret'].includes(name),
  );
  const { key: _, ...own } = secrets;
  return { kind, ...Object.fromEntries(shown), ...own };
}

/** Everything besides the connection, where it differs. */
async function adjust(at: At, row: DestinationRow, wanted: ConfiguredDestination): Promise<void> {
  const { trx, siteId, now } = at;
  const { id } = row;
  const is = toConfigured(row);
  const isOther = (which: 'tuning' | 'viewers' | 'worklist'): boolean =>
    JSON.stringify(is[which]) !== JSON.stringify(wanted[which]);
  if (isOther('tuning')) {
    const tuning = { ...tuningOf(row), ...wanted.tuning };
    await setTuning(trx, id, { ...tuning, now });
    await auditDestination(trx, row, { change: 'tuned', by: at.by, now, tuning });
  }
  if (isOther('viewers')) {
    await setViewers(trx, id, { viewers: wanted.viewers, now });
    await record(at, row, 'changed');
  }
  if (isOther('worklist')) {
    await setWorklist(trx, id, { worklist: wanted.worklist, now });
    await record(at, row, 'worklist');
  }
  if (wanted.isPrimary && (await makePrimary(trx, siteId, id))) await record(at, row, 'primary');
  if (wanted.need !== is.need && (await setNeed(trx, id, wanted.need)))
    await record(at, row, wanted.need ?? 'left');
}
