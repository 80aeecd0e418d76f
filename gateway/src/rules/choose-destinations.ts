/**
 * The further destinations of a study by the rules, when an upload first promises it. Each upload is judged by what it
 * promises itself: nobody leads another's study elsewhere, or keeps it from anywhere, by promising its UID first.
 */
import type { Manifest } from '#shared/protocol/manifest.ts';
import type { ForwardingRule } from '#shared/protocol/rule.ts';
import type { Db } from '../database/database.ts';
import { judgeRules } from './match-rule.ts';
import { forwardingRules } from './rule.store.ts';
import { attributesOfPromise, type SentBy } from './study-attributes.ts';

/** `rule`: the one that takes the study; null: none does, and each destination's own need holds. */
type Choice = { readonly rule: string | null; readonly to: ForwardingRule['to'] };

/** Whether any is switched on. */
export async function hasRules(db: Db, siteId: string): Promise<boolean> {
  return (await forwardingRules(db, siteId)).some(({ enabled }) => enabled);
}

/** Destinations that such a study gets now besides the primary one, by a rule or by their own need. */
export async function wantedDestinations(
  db: Db,
  siteId: string,
  manifest: Manifest,
  sender: SentBy,
): Promise<ForwardingRule['to']> {
  return (await chooseDestinations(db, siteId, manifest, sender))?.to ?? byOwnNeed(db, siteId);
}

/** Null: no rule is switched on. */
export async function chooseDestinations(
  db: Db,
  siteId: string,
  manifest: Manifest,
  sender: SentBy,
): Promise<Choice | null> {
  const rules = await forwardingRules(db, siteId);
  if (!rules.some(({ enabled }) => enabled)) return null;
  const verdicts = judgeRules(rules, await attributesOfPromise(db, manifest, sender), 'first');
  const taker = rules[verdicts.findIndex(({ takes }) => takes)];
  return taker === undefined
    ? { rule: null, to: await byOwnNeed(db, siteId) }
    : { rule: taker.name, to: taker.to };
}

async function byOwnNeed(db: Db, siteId: string): Promise<ForwardingRule['to']> {
  const rows = await db
    .selectFrom('destination')
    .select(['id', 'need'])
    .where('site_id', '=', siteId)
    .execute();
  return rows.flatMap(({ id, need }) => (need === null ? [] : [{ destination: id, need }]));
}
