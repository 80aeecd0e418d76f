/**
 * Registers the models that come with the gateway in the database. They are registered at the first start, and active
 * until an administrator changes that. If an upgrade replaces a version together with its file, its successor takes
 * over. A version whose file does not match its card is marked `model-changed` and does not answer, but the gateway
 * still starts.
 */
import { recordAudit } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import type { BuiltInModel, ModelFiles } from './model-files.ts';
import {
  activate,
  findModelVersion,
  insertVersion,
  setFailed,
  setMended,
  versionsOf,
  type Change,
} from './model.store.ts';

export async function registerBuiltIn(
  db: Db,
  { builtIn }: Pick<ModelFiles, 'builtIn'>,
  siteId: string,
  now: Date,
): Promise<void> {
  for (const model of builtIn)
    await db.transaction().execute((trx) => register(trx, model, builtIn, { siteId, by: null, now }));
}

async function register(
  trx: Trx,
  { card, digest, bytes, isWhole }: BuiltInModel,
  builtIn: readonly BuiltInModel[],
  change: Change,
): Promise<void> {
  const { siteId, now } = change;
  const known = await findModelVersion(trx, siteId, card);
  // An administrator had already added another file under this version; that one stays.
  if (known !== undefined && known.digest !== digest) return;
  const before = await versionsOf(trx, siteId, card.id);
  const isFirst = before.length === 0;
  // After an upgrade, the version that came with the gateway before no longer exists, nor does its file.
  const active = before.find(({ state }) => state === 'active');
  const isGone =
    active !== undefined && active.added_by === null && builtIn.every((one) => one.digest !== active.digest);
  // A known version keeps the card with which it has answered so far.
  if (known === undefined) await insertVersion(trx, { card, digest, bytes }, change);
  const isSuccessor = isGone && isWhole && known?.state !== 'stopped';
  if (isFirst || isSuccessor) await activate(trx, card, change);
  if (isSuccessor)
    await recordAudit(
      trx,
      siteId,
      { event: 'model-activated', model: card.id, version: card.version, by: null },
      now,
    );
  const isNews = isWhole
    ? await setMended(trx, siteId, card)
    : await setFailed(trx, siteId, card, 'model-changed');
  if (isNews)
    await recordAudit(
      trx,
      siteId,
      { event: isWhole ? 'model-mended' : 'model-failed', model: card.id, version: card.version, by: null },
      now,
    );
}
