/** Forwarding rules: which destinations they may name, and where they send a study. */
import { attributesOf } from '#shared/protocol/coercion.ts';
import type { Need } from '#shared/protocol/forms.ts';
import type { DryRun, ForwardingRule, Rule } from '#shared/protocol/rule.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { Db } from '../database/database.ts';
import { listDestinations } from '../destinations/destination.store.ts';

const isForwarding = (rule: Rule): rule is ForwardingRule => 'to' in rule;

/** @throws Problem invalid-request where a rule names a destination that does not exist. */
export async function checkForwarding(db: Db, siteId: string, rules: readonly Rule[]): Promise<void> {
  const known = new Set((await listDestinations(db, siteId)).map(({ id }) => id));
  const named = rules.filter(isForwarding).flatMap(({ to }) => to);
  if (named.some(({ destination }) => !known.has(destination)))
    throw new Problem('invalid-request', 'Invalid: a rule names a destination that is not there.');
}

/**
 * Destinations with the primary one, which gets every study, first. `taker` undefined: each destination's own need
 * applies.
 */
export async function forwardingBy(
  db: Db,
  siteId: string,
  taker: Rule | undefined,
): Promise<Pick<DryRun, 'forwarding'>> {
  const rule = taker !== undefined && isForwarding(taker) ? taker : null;
  const all = await listDestinations(db, siteId);
  const destinations = all.flatMap(({ id, name, need: own, is_primary: isPrimary }) => {
    const chosen = rule?.to.find(({ destination }) => destination === id);
    const need = rule === null ? own : chosen?.need;
    const coerced = chosen?.coerce === undefined ? {} : { coerced: [...attributesOf(chosen.coerce)] };
    const shown: Need | 'primary' | null | undefined = isPrimary ? 'primary' : need;
    return shown ? [{ name, need: shown, ...(isPrimary ? {} : coerced) }] : [];
  });
  return { forwarding: { byRule: rule !== null, destinations } };
}
