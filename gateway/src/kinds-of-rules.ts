/** The kinds of rules: what each kind may name, and what follows from it. */
import type { RuleKind } from '#shared/protocol/rule.ts';
import { casesBy, checkCaseRules, whyNoCase } from './reviews/case-rules.ts';
import { appliedInference, checkInference, inferenceBy } from './inference/inference-rules.ts';
import { builtInRules } from './inference/is-sample.ts';
import { checkForwarding, forwardingBy } from './rules/forwarding-rules.ts';
import type { KindOfRules } from './rules/rules.routes.ts';

export const kindsOfRules = (
  tools: Parameters<typeof builtInRules>[0],
): Readonly<Record<RuleKind, KindOfRules>> => ({
  forwarding: {
    which: 'first',
    check: checkForwarding,
    applied: (rule) => rule,
    follow: (db, siteId, [taker]) => forwardingBy(db, siteId, taker),
  },
  inference: {
    which: 'every',
    check: checkInference,
    applied: appliedInference,
    follow: inferenceBy,
    builtIn: (siteId, uid) => builtInRules(tools, siteId, uid),
  },
  cases: {
    which: 'every',
    check: checkCaseRules,
    applied: (rule) => rule,
    follow: casesBy,
    alsoAsks: whyNoCase,
  },
});
