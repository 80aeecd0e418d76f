/** The destinations that a rule chooses for a study when it is first promised. */
import type { Kysely } from 'kysely';
import type { Manifest } from '#shared/protocol/manifest.ts';
import type { ForwardingRule } from '#shared/protocol/rule.ts';
import type { Tables } from '../database/tables.ts';
import { judgeRules } from './match-rule.ts';
import { forwardingRules } from './rule.store.ts';
import { attributesOfPromise, type SentBy } from './study-attributes.ts';

/** The rule that takes the study; null: none does, and each destination's own need holds. */
export async function chooseDestinations(
  db: Kysely<Tables>,
  siteId: string,
  manifest: Manifest,
  sender: SentBy,
): Promise<ForwardingRule | null> {
  const rules = await forwardingRules(db, siteId);
  if (!rules.some(({ enabled }) => enabled)) return null;
  const verdicts = judgeRules(rules, await attributesOfPromise(db, manifest, sender), 'first');
  return rules[verdicts.findIndex(({ takes }) => takes)] ?? null;
}
