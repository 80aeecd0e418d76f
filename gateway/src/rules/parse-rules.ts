/** Parses the body of `PUT /admin/rules/{kind}`. The largest list allowed has some ten thousand values. */
import { z } from 'zod';
import { Problem } from '#shared/protocol/problem.ts';
import {
  caseRuleSchema,
  forwardingRuleSchema,
  inferenceRuleSchema,
  rulesWishSchema,
  type Rule,
  type RuleKind,
} from '#shared/protocol/rule.ts';
import { judgeJson } from '../http/json-body.ts';
import { parserIn } from '../threads/parse-apart.ts';

const SCHEMAS: Readonly<Record<RuleKind, z.ZodType<Rule>>> = {
  forwarding: forwardingRuleSchema,
  inference: inferenceRuleSchema,
  cases: caseRuleSchema,
};

/** `version`: the version of the list that is replaced. */
type RulesWish = { readonly rules: Rule[]; readonly version: string | undefined };

/** @throws Problem invalid-request, also for a rule of another kind or two rules with one name. */
export function parseRules(bytes: Uint8Array, kind: RuleKind): RulesWish {
  const { rules, version } = judgeJson(rulesWishSchema, bytes);
  const parsed = z.array(SCHEMAS[kind]).safeParse(rules);
  if (!parsed.success) throw new Problem('invalid-request', `Invalid: a rule is not one of ${kind}.`);
  if (new Set(parsed.data.map(({ name }) => name)).size < rules.length)
    throw new Problem('invalid-request', 'Invalid: two rules have one name.');
  return { rules: parsed.data, version };
}

export const RULES = parserIn(import.meta.url, parseRules);
