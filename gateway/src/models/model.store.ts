/**
 * Versions of models in the database: which exist, which one answers, and which answered before it. Nothing is cached
 * here. Several gateways share the database, and a version that one activates or stops is active or stopped for all
 * from the next question on.
 */
import { isDeepStrictEqual } from 'node:util';
import { sql, type Selectable } from 'kysely';
import { modelCardSchema, type ModelCard } from '#shared/models/card.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db, Trx } from '../database/database.ts';
import type { ModelVersionTable } from '../database/inference-tables.ts';

export type ModelVersion = Omit<Selectable<ModelVersionTable>, 'card'> & { readonly card: ModelCard };
export type ModelName = { readonly id: string; readonly version: string };
export type Change = {
  readonly siteId: string /** null: the gateway itself. */;
  readonly by: string | null;
  readonly now: Date;
};

const toVersion = (row: Selectable<ModelVersionTable>): ModelVersion => ({
  ...row,
  card: modelCardSchema.parse(row.card),
});

/** All versions of the site or of one model, the newest first. */
export async function versionsOf(db: Db, siteId: string, modelId?: string): Promise<ModelVersion[]> {
  const all = db
    .selectFrom('model_version')
    .selectAll()
    .where('site_id', '=', siteId)
    .orderBy('model_id')
    .orderBy('added_at', 'desc')
    .orderBy('version', 'desc');
  return (await (modelId === undefined ? all : all.where('model_id', '=', modelId)).execute()).map(toVersion);
}

export async function fallbacksOf(db: Db, siteId: string): Promise<ReadonlyMap<string, ModelName>> {
  const rows = await db.selectFrom('model_fallback').selectAll().where('site_id', '=', siteId).execute();
  return new Map(
    rows.map(({ model_id, fallback_id: id, fallback_version: version }) => [model_id, { id, version }]),
  );
}

/** Whether any version of any model has this file. */
export async function isKnown(db: Db, digest: string): Promise<boolean> {
  return (
    (await db
      .selectFrom('model_version')
      .select('version')
      .where('digest', '=', digest)
      .limit(1)
      .executeTakeFirst()) !== undefined
  );
}

/** Two people who change one model at once, perhaps at two gateways, wait for each other. */
async function lockModel(trx: Trx, siteId: string, modelId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext(${`model ${siteId} ${modelId}`}))`.execute(trx);
}

export async function findModelVersion(
  db: Db,
  siteId: string,
  { id, version }: ModelName,
): Promise<ModelVersion | undefined> {
  const found = db
    .selectFrom('model_version')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('model_id', '=', id)
    .where('version', '=', version);
  const row = await found.executeTakeFirst();
  return row && toVersion(row);
}

/** The card as it would come back from the database. */
const asKept = (card: ModelCard): ModelCard => modelCardSchema.parse(JSON.parse(JSON.stringify(card)));

type NewVersion = { readonly card: ModelCard; readonly digest: string; readonly bytes: number };

/**
 * False: the version already exists with the same file and card. @throws Problem model-exists: this version exists
 * with another file or card.
 */
export async function insertVersion(
  trx: Trx,
  { card, digest, bytes }: NewVersion,
  { siteId, by, now }: Change,
): Promise<boolean> {
  await lockModel(trx, siteId, card.id);
  const known = await findModelVersion(trx, siteId, card);
  if (known !== undefined) {
    if (known.digest !== digest || !isDeepStrictEqual(known.card, asKept(card)))
      throw new Problem('model-exists');
    return false;
  }
  await trx
    .insertInto('model_version')
    .values({
      site_id: siteId,
      model_id: card.id,
      version: card.version,
      digest,
      card: JSON.stringify(card),
      bytes,
      state: 'available',
      because: null,
      added_at: now,
      added_by: by,
      activated_at: null,
    })
    .execute();
  return true;
}

/**
 * Makes a version answer from now on; the version before it stays available. False: it already answered. @throws
 * Problem not-found.
 */
export async function activate(trx: Trx, name: ModelName, change: Change): Promise<boolean> {
  await lockModel(trx, change.siteId, name.id);
  const version = await findModelVersion(trx, change.siteId, name);
  if (version === undefined) throw new Problem('not-found');
  if (version.state === 'active') return false;
  await putInCharge(trx, name, change);
  const { siteId: site_id, by, now } = change;
  await trx
    .insertInto('model_activation')
    .values({ site_id, model_id: name.id, version: name.version, at: now, by_account: by })
    .execute();
  return true;
}

async function putInCharge(trx: Trx, { id, version }: ModelName, { siteId, now }: Change): Promise<void> {
  const ofModel = trx.updateTable('model_version').where('site_id', '=', siteId).where('model_id', '=', id);
  await ofModel.set({ state: 'available' }).where('state', '=', 'active').execute();
  await ofModel
    .set({ state: 'active', because: null, activated_at: now })
    .where('version', '=', version)
    .execute();
}

/**
 * Returns from this version, which was activated last, to the one that was active before it. Activations form a
 * stack, and this removes the top. Returns the version that is active afterwards.
 * @throws Problem not-found, model-not-active, nothing-before.
 */
export async function rollBack(trx: Trx, { id, version }: ModelName, change: Change): Promise<string> {
  const { siteId } = change;
  await lockModel(trx, siteId, id);
  const pile = await trx
    .selectFrom('model_activation')
    .select(['id', 'version'])
    .where('site_id', '=', siteId)
    .where('model_id', '=', id)
    .orderBy('id', 'desc')
    .execute();
  if ((await findModelVersion(trx, siteId, { id, version })) === undefined) throw new Problem('not-found');
  if (pile[0]?.version !== version) throw new Problem('model-not-active');
  const usable = new Set(
    (await versionsOf(trx, siteId, id))
      .filter(({ state }) => state === 'available')
      .map((one) => one.version),
  );
  const before = pile.find((one) => one.version !== version && usable.has(one.version));
  if (before === undefined) throw new Problem('nothing-before');
  await trx
    .deleteFrom('model_activation')
    .where('site_id', '=', siteId)
    .where('model_id', '=', id)
    .where('id', '>', before.id)
    .execute();
  await putInCharge(trx, { id, version: before.version }, change);
  return before.version;
}

/** Stops the version, so that it no longer answers. False: it was already stopped. @throws Problem not-found. */
export async function stop(trx: Trx, name: ModelName, { siteId }: Change): Promise<boolean> {
  await lockModel(trx, siteId, name.id);
  const version = await findModelVersion(trx, siteId, name);
  if (version === undefined) throw new Problem('not-found');
  if (version.state === 'stopped') return false;
  await setState(trx, siteId, name, { state: 'stopped' });
  return true;
}

/** Marks a version as failed after loading it showed a fault. True: it was not marked before. */
export async function setFailed(
  trx: Trx,
  siteId: string,
  name: ModelName,
  because: string,
): Promise<boolean> {
  await lockModel(trx, siteId, name.id);
  const version = await findModelVersion(trx, siteId, name);
  if (version === undefined || (version.state === 'failed' && version.because === because)) return false;
  await setState(trx, siteId, name, { state: 'failed', because });
  return true;
}

/**
 * Records that the version's file is intact again. The version may then answer; it does if it answered before and no
 * other version does now. True: it was marked as failed until now.
 */
export async function setMended(trx: Trx, siteId: string, name: ModelName): Promise<boolean> {
  await lockModel(trx, siteId, name.id);
  const known = await versionsOf(trx, siteId, name.id);
  if (known.find(({ version }) => version === name.version)?.state !== 'failed') return false;
  const pile = trx
    .selectFrom('model_activation')
    .select('version')
    .where('site_id', '=', siteId)
    .where('model_id', '=', name.id)
    .orderBy('id', 'desc')
    .limit(1);
  const wasLast = (await pile.executeTakeFirst())?.version === name.version;
  const isFree = known.every(({ state }) => state !== 'active');
  await setState(trx, siteId, name, { state: wasLast && isFree ? 'active' : 'available' });
  return true;
}

async function setState(
  trx: Trx,
  siteId: string,
  { id, version }: ModelName,
  { state, because = null }: { readonly state: ModelVersion['state']; readonly because?: string | null },
): Promise<void> {
  await trx
    .updateTable('model_version')
    .set({ state, because })
    .where('site_id', '=', siteId)
    .where('model_id', '=', id)
    .where('version', '=', version)
    .execute();
}

/**
 * Makes `fallback` answer if no version of the model can; null: no fallback. @throws Problem not-found,
 * model-not-usable.
 */
export async function setFallback(
  trx: Trx,
  modelId: string,
  fallback: ModelName | null,
  { siteId }: Change,
): Promise<void> {
  await lockModel(trx, siteId, modelId);
  const [own] = await versionsOf(trx, siteId, modelId);
  if (own === undefined) throw new Problem('not-found');
  await trx
    .deleteFrom('model_fallback')
    .where('site_id', '=', siteId)
    .where('model_id', '=', modelId)
    .execute();
  if (fallback === null) return;
  const target = await findModelVersion(trx, siteId, fallback);
  if (target === undefined || target.card.task !== own.card.task) throw new Problem('model-not-usable');
  await trx
    .insertInto('model_fallback')
    .values({
      site_id: siteId,
      model_id: modelId,
      fallback_id: fallback.id,
      fallback_version: fallback.version,
    })
    .execute();
}

type Answering = {
  readonly version: ModelVersion;
  /** The requested version, if this is its fallback. */
  readonly insteadOf: ModelName | null;
};

/**
 * Finds the version that answers: the requested one, the active one, or the fallback of the model.
 * @throws Problem model-not-found: the model, or this version of it, does not exist; model-unavailable: no version of
 * it can answer. Neither is thrown if a fallback answers.
 */
export async function answering(
  db: Db,
  siteId: string,
  modelId: string,
  version?: string | null,
): Promise<Answering> {
  const known = await versionsOf(db, siteId, modelId);
  if (known.length === 0) throw new Problem('model-not-found');
  const asked = version
    ? known.find((one) => one.version === version)
    : known.find(({ state }) => state === 'active');
  if (asked !== undefined && isUsable(asked)) return { version: asked, insteadOf: null };
  const fallback = (await fallbacksOf(db, siteId)).get(modelId);
  const other = fallback && (await findModelVersion(db, siteId, fallback));
  if (other === undefined || !isUsable(other)) {
    if (version && asked === undefined) throw new Problem('model-not-found');
    const failed = asked ?? known.find(({ state }) => state === 'failed');
    throw new Problem(
      'model-unavailable',
      failed?.because ? `Version ${failed.version} has failed: ${failed.because}.` : undefined,
    );
  }
  return {
    version: other,
    insteadOf: { id: modelId, version: version ?? asked?.version ?? lastActive(known) },
  };
}

const isUsable = ({ state }: ModelVersion): boolean => state === 'active' || state === 'available';

/** The version of a stopped model that was active last. */
function lastActive(known: readonly ModelVersion[]): string {
  const at = (version: ModelVersion): number => version.activated_at?.getTime() ?? 0;
  return known.reduce((last, version) => (at(version) > at(last) ? version : last)).version;
}
