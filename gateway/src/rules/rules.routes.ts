/**
 * `/admin/rules/{kind}`: the rules by which studies are forwarded, models are asked, and cases are opened. For the role
 * `admin`. A list is read and replaced as a whole, so that its order is never in doubt. Each change is in the audit
 * trail.
 */
import { z } from '@hono/zod-openapi';
import { Problem } from '#shared/protocol/problem.ts';
import {
  CONDITIONS,
  dryRunSchema,
  dryRunWishSchema,
  RULE_KINDS,
  rulesSchema,
  rulesWishSchema,
  type DryRun,
  type DryRunWish,
  type Rule,
  type RuleKind,
  type Verdict,
} from '#shared/protocol/rule.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import { lockDestinations } from '../database/destinations-lock.ts';
import { readJudged } from '../http/json-body.ts';
import {
  allow,
  callerOf,
  createRouter,
  defineRoute,
  describeRoute,
  jsonBody,
  jsonResponse,
  paramsOf,
  type Router,
} from '../http/route.ts';
import { RULES } from './parse-rules.ts';
import { PacsUnreachable, type Pacs } from '../ports/pacs/pacs.ts';
import { judgeRules, NO_ATTRIBUTES, type Attributes } from './match-rule.ts';
import { replaceRules, rulesOf, namesOfChanged, versionOf } from './rule.store.ts';
import { attributesOfSent, modalitiesOf } from './study-attributes.ts';

const ADMIN = ['admin'] as const;
/** Room for the largest number of rules, with all the values that they may have. */
const BODY_LIMIT = 1024 * 1024;
/** A working PACS answers within a second, and a person is waiting. */
const PACS_ANSWER_MS = 5_000;

const byKind = z.object({ kind: z.enum(RULE_KINDS) });
const shown = z.object(rulesSchema.shape);

const read = defineRoute({
  method: 'get',
  path: '/admin/rules/{kind}',
  operationId: 'getRules',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'The rules by which studies are forwarded, models look at them, or cases are opened',
  request: { params: byKind },
  responses: { 200: jsonResponse(shown, 'In their order') },
});
const REPLACE = {
  method: 'put',
  path: '/admin/rules/{kind}',
  operationId: 'setRules',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['rules-changed', 'model-not-found', 'model-not-usable'],
  summary: 'Set all rules of a kind',
  request: { params: byKind, body: jsonBody(rulesWishSchema) },
  responses: {
    200: jsonResponse(shown, 'For studies that are promised, or receipted, from now on'),
  },
} satisfies Parameters<typeof describeRoute>[1];
const dryRun = defineRoute({
  method: 'post',
  path: '/admin/rules/{kind}/dry-run',
  operationId: 'dryRunRules',
  roles: ADMIN,
  tags: ['admin'],
  problems: ['study-not-found'],
  summary: 'Say which rules take a study, why the others do not, and what follows. Changes nothing',
  request: { params: byKind, body: jsonBody(dryRunWishSchema) },
  responses: { 200: jsonResponse(dryRunSchema, 'As if the study came now') },
});

/** What differs between the kinds of rules. */
export type KindOfRules = {
  readonly which: 'first' | 'every';
  /** Throws a Problem where a rule names something that does not exist. */
  readonly check: (db: Db | Trx, siteId: string, rules: readonly Rule[]) => Promise<void>;
  /** Completes a rule with the defaults that apply where it leaves something out. */
  readonly applied: (rule: Rule) => Rule;
  /** The destinations, models or cases that follow for a study taken by these rules. */
  readonly follow: (db: Db, siteId: string, takers: readonly Rule[]) => Promise<Followed>;
  /** Rules that are not in the list, and apply to a known study after all others. */
  readonly builtIn?: (siteId: string, studyInstanceUID: string) => Promise<readonly Rule[]>;
  /** Why a rule does not take a known study although it meets the conditions; null: the rule takes it. */
  readonly alsoAsks?: (
    db: Db,
    siteId: string,
    asked: { readonly studyInstanceUID: string; readonly rule: Rule },
  ) => Promise<Verdict['because']>;
};
type Followed = Partial<Pick<DryRun, 'forwarding' | 'models' | 'cases'>>;

type RuleRouteTools = {
  readonly db: Db;
  readonly pacs: Pick<Pacs, 'describeStudy'>;
  readonly now: () => Date;
};

export function ruleRoutes(tools: RuleRouteTools, kinds: Readonly<Record<RuleKind, KindOfRules>>): Router {
  const router = createRouter();
  const { db, now } = tools;
  router.openapi(read, async (c) => {
    const rules = await rulesOf(db, callerOf(c).siteId, c.req.valid('param').kind);
    return c.json({ rules, version: versionOf(rules) }, 200);
  });
  describeRoute(router, REPLACE);
  router.put('/admin/rules/:kind', allow(ADMIN), async (c) => {
    const { siteId, id: by } = callerOf(c);
    const { kind } = paramsOf(byKind, c);
    const body = { request: c.req.raw, from: by, bytesLimit: BODY_LIMIT };
    const { rules, version: replaced } = await readJudged(body, RULES, kind);
    const version = versionOf(rules);
    await db.transaction().execute(async (trx) => {
      // The lock keeps a destination from being deleted while a rule that names it is saved.
      await lockDestinations(trx, siteId);
      const known = await rulesOf(trx, siteId, kind);
      const before = versionOf(known);
      if (replaced !== undefined && replaced !== before) throw new Problem('rules-changed');
      await kinds[kind].check(trx, siteId, rules);
      await replaceRules(trx, siteId, { kind, rules, by });
      const enabled = rules.filter((rule) => rule.enabled).length;
      const event = { event: 'rules-changed' as const, kind, rules: rules.length, enabled, version, by };
      const changed = namesOfChanged(known, rules);
      if (version !== before) await recordAudit(trx, siteId, { ...event, changed }, now());
    });
    return c.json({ rules, version }, 200);
  });
  router.openapi(dryRun, async (c) => {
    const { kind } = c.req.valid('param');
    const { siteId } = callerOf(c);
    const of = kinds[kind];
    const wish = c.req.valid('json');
    const { studyInstanceUID } = wish;
    const attributes = await attributesFor(tools, siteId, wish, c.req.raw.signal);
    const builtIn = studyInstanceUID === undefined ? [] : await of.builtIn?.(siteId, studyInstanceUID);
    const rules = [...(await rulesOf(db, siteId, kind)), ...(builtIn ?? [])].map(of.applied);
    const verdicts = await asking(judgeRules(rules, attributes, of.which), async (at) =>
      of.alsoAsks && studyInstanceUID !== undefined
        ? of.alsoAsks(db, siteId, { studyInstanceUID, rule: rules[at]! })
        : null,
    );
    const takers = rules.filter((_, at) => verdicts[at]?.takes);
    const followed = await of.follow(db, siteId, takers);
    const shownAttributes = Object.fromEntries(CONDITIONS.map((one) => [one, [...attributes[one]]]));
    const none = { forwarding: null, models: null, cases: null };
    return c.json(dryRunSchema.parse({ attributes: shownAttributes, verdicts, ...none, ...followed }), 200);
  });
  return router;
}

/** Applies `also` to the rules that fit. */
const asking = (
  verdicts: readonly Verdict[],
  also: (at: number) => Promise<Verdict['because']>,
): Promise<Verdict[]> =>
  Promise.all(
    verdicts.map(async (verdict, at) => {
      const because = verdict.takes ? await also(at) : verdict.because;
      return { ...verdict, takes: because === null, because };
    }),
  );

/** Values that the caller gives override those that are known. @throws Problem study-not-found. */
async function attributesFor(
  { db, pacs }: RuleRouteTools,
  siteId: string,
  { studyInstanceUID, attributes = {} }: DryRunWish,
  signal: AbortSignal,
): Promise<Attributes> {
  const given = Object.fromEntries(Object.entries(attributes).filter(([, values]) => values !== undefined));
  if (studyInstanceUID === undefined) return { ...NO_ATTRIBUTES, ...given };
  const sent = await attributesOfSent(db, siteId, studyInstanceUID);
  if (sent === undefined) throw new Problem('study-not-found');
  const modality = given.modality ?? (await modalitiesInTime(pacs, studyInstanceUID, signal));
  return { ...NO_ATTRIBUTES, ...sent, modality, ...given };
}

/** Empty where the PACS does not answer in time. */
async function modalitiesInTime(
  pacs: RuleRouteTools['pacs'],
  studyInstanceUID: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const late = AbortSignal.timeout(PACS_ANSWER_MS);
  try {
    return await modalitiesOf(pacs, studyInstanceUID, AbortSignal.any([signal, late]));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PacsUnreachable || late.aborted) return [];
    throw error;
  }
}
