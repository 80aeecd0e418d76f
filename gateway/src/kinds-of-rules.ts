/** The kinds of rules: what each may name, and what follows from it. */
import type { RuleKind } from '#shared/protocol/rule.ts';
import { casesBy, checkCaseRules, whyNoCase } from './cases/case-rules.ts';
import { appliedInference, checkInference, inferenceBy } from './inference/inference-rules.ts';
import { checkForwarding, forwardingBy } from './rules/forwarding-rules.ts';
import type { KindOfRules } from './rules/rules.routes.ts';

export const KINDS_OF_RULES: Readonly<Record<RuleKind, KindOfRules>> = {
  forwarding: {
    which: 'first',
    check: checkForwarding,
    applied: (rule) => rule,
    follow: (db, siteId, [taker]) => forwardingBy(db, siteId, taker),
  },
  inference: { which: 'every', check: checkInference, applied: appliedInference, follow: inferenceBy },
  cases: {
    which: 'every',
    check: checkCaseRules,
    applied: (rule) => rule,
    follow: casesBy,
    alsoAsks: whyNoCase,
  },
};
