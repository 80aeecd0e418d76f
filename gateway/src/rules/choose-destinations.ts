/**
 * Chooses the further destinations of a study by the rules when an upload first promises it. Each upload is judged only
 * by what it promises itself, so nobody can redirect or block another sender's study by promising its UID first.
 */
import type { Manifest } from '#shared/protocol/manifest.ts';
import type { ForwardingRule } from '#shared/protocol/rule.ts';
import type { Db } from '../database/database.ts';
import { judgeRules } from './match-rule.ts';
import { forwardingRules } from './rule.store.ts';
import { attributesOfPromise, type SentBy } from './study-attributes.ts';

/** `rule`: the rule that takes the study; null: no rule takes it, so each destination's own need applies. */
type Choice = { readonly rule: string | null; readonly to: ForwardingRule['to'] };

/** Whether any rule is switched on. */
export async function hasRules(db: Db, siteId: string): Promise<boolean> {
  return (await forwardingRules(db, siteId)).some(({ enabled }) => enabled);
}

/** The destinations besides the primary one that such a study would get now, by a rule or by their own need. */
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
