/** The rules of a site: one ordered list for each kind. A list is replaced as a whole. */
import { createHash } from 'node:crypto';
import {
  caseRuleSchema,
  forwardingRuleSchema,
  inferenceRuleSchema,
  type CaseRule,
  type ForwardingRule,
  type InferenceRule,
  type Rule,
  type RuleKind,
} from '#shared/protocol/rule.ts';
import type { Db, Trx } from '../database/database.ts';

async function readRules(db: Db, siteId: string, kind: RuleKind): Promise<unknown[]> {
  const rows = await db
    .selectFrom('rule')
    .select('rule')
    .where('site_id', '=', siteId)
    .where('kind', '=', kind)
    .orderBy('position')
    .execute();
  return rows.map(({ rule }) => rule);
}

export async function forwardingRules(db: Db, siteId: string): Promise<ForwardingRule[]> {
  return (await readRules(db, siteId, 'forwarding')).map((rule) => forwardingRuleSchema.parse(rule));
}

export async function inferenceRules(db: Db, siteId: string): Promise<InferenceRule[]> {
  return (await readRules(db, siteId, 'inference')).map((rule) => inferenceRuleSchema.parse(rule));
}

/** The case rules, each with the administrator who saved it. */
export async function caseRules(
  db: Db,
  siteId: string,
): Promise<{ readonly rule: CaseRule; readonly by: string }[]> {
  const rows = await db
    .selectFrom('rule')
    .select(['rule', 'made_by'])
    .where('site_id', '=', siteId)
    .where('kind', '=', 'cases')
    .orderBy('position')
    .execute();
  return rows.map(({ rule, made_by: by }) => ({ rule: caseRuleSchema.parse(rule), by }));
}

const READERS: Readonly<Record<RuleKind, (db: Db, siteId: string) => Promise<Rule[]>>> = {
  forwarding: forwardingRules,
  inference: inferenceRules,
  cases: async (db, siteId) => (await caseRules(db, siteId)).map(({ rule }) => rule),
};

export const rulesOf = (db: Db, siteId: string, kind: RuleKind): Promise<Rule[]> => READERS[kind](db, siteId);

/** A digest that identifies the list: it changes with the rules and with their order. `rules`: as they were parsed. */
export const versionOf = (rules: readonly Rule[]): string =>
  createHash('sha256').update(JSON.stringify(rules)).digest('hex');

/** The most names of rules in an event. */
const NAMES_LIMIT = 20;

/** The names of the rules that were added, changed or removed; none: only their order changed. */
export function namesOfChanged(before: readonly Rule[], after: readonly Rule[]): string[] {
  const versionsOf = (rules: readonly Rule[]) => new Map(rules.map((rule) => [rule.name, versionOf([rule])]));
  const old = versionsOf(before);
  const now = versionsOf(after);
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].filter((name) => old.get(name) !== now.get(name)).slice(0, NAMES_LIMIT);
}

/** Replaces all rules of the kind. */
export async function replaceRules(
  trx: Trx,
  siteId: string,
  { kind, rules, by }: { readonly kind: RuleKind; readonly rules: readonly Rule[]; readonly by: string },
): Promise<void> {
  await trx.deleteFrom('rule').where('site_id', '=', siteId).where('kind', '=', kind).execute();
  if (rules.length === 0) return;
  const rows = rules.map((rule, position) => ({
    ...{ site_id: siteId, kind, position, rule: JSON.stringify(rule), made_by: by },
  }));
  await trx.insertInto('rule').values(rows).execute();
}
