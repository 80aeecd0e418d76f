/** The rules of each kind, as one list whose order counts. In a document, forwarding rules name their destinations. */
import type { ConfiguredRules } from '#shared/protocol/configuration.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { RULE_KINDS, type Rule, type RuleKind } from '#shared/protocol/rule.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db } from '../database/database.ts';
import { forwardingRules, namesOfChanged, replaceRules, rulesOf, versionOf } from '../rules/rule.store.ts';
import type { KindOfRules } from '../rules/rules.routes.ts';
import type { Part } from './part.ts';

export const rulesPart = (
  kinds: Readonly<Record<RuleKind, Pick<KindOfRules, 'check'>>>,
): Part<ConfiguredRules> => ({
  name: 'rules',
  nameOf: ({ kind }) => kind,
  read: async (db, siteId) => {
    const names = new Map((await destinationsOf(db, siteId)).map(({ id, name }) => [id, name]));
    const forwarding = (await forwardingRules(db, siteId)).map((rule) => ({
      ...rule,
      to: rule.to.map((one) => ({ ...one, destination: names.get(one.destination)! })),
    }));
    const read: ConfiguredRules[] = [{ kind: 'forwarding', rules: forwarding }];
    for (const kind of RULE_KINDS)
      if (kind !== 'forwarding')
        read.push({ kind, rules: await rulesOf(db, siteId, kind) } as ConfiguredRules);
    return read;
  },
  async put({ trx, siteId, by, now }, configured) {
    const { kind } = configured;
    const rules = await toRules(trx, siteId, configured);
    await kinds[kind].check(trx, siteId, rules);
    const before = await rulesOf(trx, siteId, kind);
    await replaceRules(trx, siteId, { kind, rules, by });
    const enabled = rules.filter((rule) => rule.enabled).length;
    const version = versionOf(await rulesOf(trx, siteId, kind));
    const changed = namesOfChanged(before, rules);
    const said = { kind, rules: rules.length, enabled, version, changed, by };
    await recordAudit(trx, siteId, { event: 'rules-changed', ...said }, now);
  },
});

const destinationsOf = (db: Db, siteId: string) =>
  db.selectFrom('destination').select(['id', 'name']).where('site_id', '=', siteId).execute();

/** @throws Problem where a destination is unknown, or stands there twice. */
async function toRules(db: Db, siteId: string, configured: ConfiguredRules): Promise<readonly Rule[]> {
  if (configured.kind !== 'forwarding') return configured.rules;
  const ids = new Map((await destinationsOf(db, siteId)).map(({ id, name }) => [name, id]));
  return configured.rules.map((rule, nth) => {
    if (new Set(rule.to.map(({ destination }) => destination)).size < rule.to.length)
      throw new Problem('configuration-wrong', `rules.${nth}.to: a destination stands there twice.`);
    return {
      ...rule,
      to: rule.to.map((one) => {
        const destination = ids.get(one.destination);
        if (destination === undefined)
          throw new Problem('configuration-wrong', `rules.${nth}.to: there is no such destination.`);
        return { ...one, destination };
      }),
    };
  });
}
