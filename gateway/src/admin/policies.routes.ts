/**
 * `/admin/policies`: the upload policies that an administrator makes as JSON, tries on sample studies, changes by a new
 * version and withdraws. For the role `admin`; each change is in the audit trail. The same `createRules` that carries
 * policies out decides here whether a policy is possible, and refuses it if not.
 */
import { z } from '@hono/zod-openapi';
import { chunksSource } from '#shared/dicom/byte-source.ts';
import {
  adminPolicySchema,
  policyDocumentSchema,
  policyNameSchema,
  policyTrialsSchema,
  type AdminPolicy,
  type PolicyDocument,
  type PolicyTrial,
} from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Db, Trx } from '../database/database.ts';
import { holdBody } from '../http/hold-body.ts';
import { invalidRequest } from '../http/invalid-request.ts';
import { readJson } from '../http/json-body.ts';
import { readMultipart, type MultipartLimits } from '../http/read-multipart.ts';
import {
  allow,
  type Caller,
  callerOf,
  createRouter,
  defineRoute,
  describeRoute,
  jsonBody,
  jsonResponse,
  type Router,
} from '../http/route.ts';
import { BUILT_IN_POLICIES, builtIn } from '../policies/policies.ts';
import { requirePossible } from '../policies/require-possible.ts';
import {
  insertPolicy,
  listVersions,
  replacePolicy,
  versionsOf,
  withdrawPolicy,
  type NamedVersion,
  type PolicyChange,
} from '../policies/policy.store.ts';
import type { TryPolicy } from './try-thread.ts';

const ADMIN = ['admin'] as const;
/** A policy of 1 000 attributes has 30 kB. */
const POLICY_BYTES_LIMIT = 64 * 1024;
/**
 * Limits of a dry run. Each sample is held in memory while it is tried, and a mammogram must fit. 200 instances cover
 * some studies of each device; anything larger is a transfer, for which there is the upload. A request that stalls is
 * ended.
 */
export const DRY_RUN = {
  instances: 200,
  instanceBytes: 64 * 1024 * 1024,
  bytes: 512 * 1024 * 1024,
  quietMs: 60_000,
} as const;

const shown = z.object(adminPolicySchema.shape).openapi('AdminPolicy');
const byName = z.object({ name: policyNameSchema });
const version = z.number().int().min(1);

const list = defineRoute({
  method: 'get',
  path: '/admin/policies',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'Every policy with all its versions, built in, in force or withdrawn',
  responses: {
    200: jsonResponse(z.object({ policies: z.array(shown) }), 'The built-in ones first, then by name.'),
  },
});
const read = defineRoute({
  method: 'get',
  path: '/admin/policies/{name}',
  roles: ADMIN,
  problems: ['not-found'],
  tags: ['admin'],
  summary: 'One policy with all its versions',
  request: { params: byName },
  responses: { 200: jsonResponse(shown, 'The newest version first.') },
});
const make = defineRoute({
  method: 'post',
  path: '/admin/policies',
  roles: ADMIN,
  problems: ['policy-exists', 'policy-not-possible'],
  tags: ['admin'],
  summary: 'Make a policy',
  bodyBytesLimit: POLICY_BYTES_LIMIT,
  request: { body: jsonBody(policyDocumentSchema) },
  responses: { 201: jsonResponse(shown, 'In force, as version 1.') },
});
const change = defineRoute({
  method: 'put',
  path: '/admin/policies/{name}',
  roles: ADMIN,
  tags: ['admin'],
  summary: 'Make a new version. Studies that wait on devices under an earlier one are held there',
  problems: ['not-found', 'policy-changed', 'policy-built-in', 'policy-not-possible'],
  bodyBytesLimit: POLICY_BYTES_LIMIT,
  request: {
    params: byName,
    body: jsonBody(z.strictObject({ replaces: version, policy: policyDocumentSchema })),
  },
  responses: {
    200: jsonResponse(shown, 'In force, as the next version; also where it was withdrawn before.'),
  },
});
const withdraw = defineRoute({
  method: 'post',
  path: '/admin/policies/{name}/withdraw',
  roles: ADMIN,
  problems: ['not-found', 'policy-changed', 'policy-built-in'],
  tags: ['admin'],
  summary: 'Take nothing more under this policy. Repeatable',
  request: { params: byName, body: jsonBody(z.strictObject({ version })) },
  responses: {
    200: jsonResponse(
      shown,
      'Withdrawn; what has arrived under it continues by the rules that were promised.',
    ),
  },
});

const DRY_RUN_PATH = '/admin/policies/dry-run';
function describeDryRun(router: Router): void {
  describeRoute(router, {
    method: 'post',
    path: DRY_RUN_PATH,
    operationId: 'dryRunPolicy',
    roles: ADMIN,
    tags: ['admin'],
    summary: 'Try a policy on sample instances. Nothing is kept',
    description: `\`multipart/form-data\`: first the field \`policy\` (JSON), then up to ${DRY_RUN.instances} files (Part 10). It streams: one instance is looked at while the next one travels.`,
    requestBody: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: {
            type: 'object',
            properties: { policy: { type: 'string' }, file: { type: 'string', format: 'binary' } },
          },
        },
      },
    },
    problems: [
      'bad-request',
      'invalid-request',
      'body-too-large',
      'unsupported-media-type',
      'policy-not-possible',
    ],
    responses: {
      200: jsonResponse(
        policyTrialsSchema,
        'The outcome for each instance, in their order: tags and codes, no values.',
      ),
    },
  });
}

type PolicyRouteTools = { readonly db: Db; readonly now: () => Date; readonly tryPolicy: TryPolicy };

function toShown(name: string, versions: readonly NamedVersion[]): AdminPolicy {
  const [newest] = versions;
  return {
    name,
    builtIn: false,
    inForce: newest === undefined || newest.withdrawnAt !== null ? null : newest.version,
    versions: versions.map(({ version: number, madeBy, madeAt, withdrawnAt, document }) => ({
      version: number,
      madeBy,
      madeAt: madeAt.toISOString(),
      withdrawnAt: withdrawnAt?.toISOString() ?? null,
      policy: document,
    })),
  };
}

const OWN: readonly AdminPolicy[] = BUILT_IN_POLICIES.map(({ name, version: inForce }) => ({
  name,
  builtIn: true,
  inForce,
  versions: [],
}));

async function policyAt(trx: Trx, siteId: string, name: string): Promise<AdminPolicy> {
  const versions = await versionsOf(trx, siteId, name);
  if (versions.length === 0) throw new Problem('not-found');
  return toShown(name, versions);
}

type Recorded = {
  readonly event: 'policy-made' | 'policy-changed' | 'policy-withdrawn';
  readonly policy: string;
  readonly version: number;
};

/** Validation hook of the routes that take a policy. */
const sayWhere = (result: {
  readonly success: boolean;
  readonly error?: { readonly issues: readonly z.core.$ZodIssue[] };
}): undefined => {
  if (result.error !== undefined) throw invalidPolicy(result.error.issues);
};

export function policyRoutes(tools: PolicyRouteTools): Router {
  const router = createRouter();
  serveReading(router, tools);
  serveWriting(router, tools);
  serveWithdrawing(router, tools);
  serveDryRun(router, tools);
  return router;
}

/**
 * Makes the change, writes its audit row and returns the policy afterwards. `work` returns null where nothing changed.
 */
async function changing(
  { db, now }: PolicyRouteTools,
  caller: Caller,
  name: string,
  work: (trx: Trx, change: PolicyChange) => Promise<Recorded | null>,
): Promise<AdminPolicy> {
  const by = { siteId: caller.siteId, by: caller.id, now: now() };
  return db.transaction().execute(async (trx) => {
    const recorded = await work(trx, by);
    const policy = await policyAt(trx, caller.siteId, name);
    if (recorded !== null) await recordAudit(trx, caller.siteId, { ...recorded, by: caller.id }, by.now);
    return policy;
  });
}

function serveReading(router: Router, { db }: PolicyRouteTools): void {
  router.openapi(list, async (c) => {
    const versions = await listVersions(db, callerOf(c).siteId);
    const made = [...Map.groupBy(versions, ({ name }) => name)].map(([name, own]) => toShown(name, own));
    return c.json({ policies: [...OWN, ...made] }, 200);
  });
  router.openapi(read, async (c) => {
    const { name } = c.req.valid('param');
    const { siteId } = callerOf(c);
    const own = OWN.find((policy) => policy.name === name);
    return c.json(own ?? (await db.transaction().execute((trx) => policyAt(trx, siteId, name))), 200);
  });
}

function serveWriting(router: Router, tools: PolicyRouteTools): void {
  router.openapi(
    make,
    async (c) => {
      const document = c.req.valid('json');
      requirePossible(document);
      const made = await changing(tools, callerOf(c), document.name, async (trx, by) => {
        await insertPolicy(trx, document, by);
        return { event: 'policy-made', policy: document.name, version: 1 };
      });
      return c.json(made, 201);
    },
    sayWhere,
  );
  router.openapi(
    change,
    async (c) => {
      const { name } = c.req.valid('param');
      if (builtIn(name) !== undefined) throw new Problem('policy-built-in');
      const { replaces, policy } = c.req.valid('json');
      if (policy.name !== name) throw new Problem('invalid-request', 'Invalid: policy.name.');
      requirePossible(policy);
      const changed = await changing(tools, callerOf(c), name, async (trx, by) => {
        await replacePolicy(trx, policy, replaces, by);
        return { event: 'policy-changed', policy: name, version: replaces + 1 };
      });
      return c.json(changed, 200);
    },
    sayWhere,
  );
}

function serveWithdrawing(router: Router, tools: PolicyRouteTools): void {
  router.openapi(withdraw, async (c) => {
    const { name } = c.req.valid('param');
    if (builtIn(name) !== undefined) throw new Problem('policy-built-in');
    const withdrawn = c.req.valid('json').version;
    const policy = await changing(tools, callerOf(c), name, async (trx, by) =>
      (await withdrawPolicy(trx, name, withdrawn, by))
        ? { event: 'policy-withdrawn', policy: name, version: withdrawn }
        : null,
    );
    return c.json(policy, 200);
  });
}

function serveDryRun(router: Router, { tryPolicy }: PolicyRouteTools): void {
  describeDryRun(router);
  router.post(DRY_RUN_PATH, allow(ADMIN), async (c) =>
    c.json({ instances: await dryRun(c.req.raw, callerOf(c).id, tryPolicy) }, 200),
  );
}

/** Reads the policy, then the instances. Each instance is tried and dropped before the next one is read. */
async function dryRun(request: Request, from: string, tryPolicy: TryPolicy): Promise<PolicyTrial[]> {
  const { headers, signal } = request;
  const limits: MultipartLimits = {
    parts: DRY_RUN.instances + 1,
    bytes: DRY_RUN.bytes,
    quietMs: DRY_RUN.quietMs,
    partBytes: (at) => (at === 0 ? POLICY_BYTES_LIMIT : DRY_RUN.instanceBytes),
  };
  return holdBody({ request, from, heldBytes: DRY_RUN.instanceBytes }, async (pieces) => {
    let policy: PolicyDocument | null = null;
    const trials: PolicyTrial[] = [];
    for await (const { field, chunks } of readMultipart(headers.get('content-type') ?? '', pieces, limits)) {
      if (policy !== null) trials.push(await tryPolicy(chunksSource(chunks), policy, signal));
      else if (field === 'policy') {
        policy = judgePolicy(await readJson({ bytes: Buffer.concat(chunks), from, signal }));
        requirePossible(policy);
      } else break;
    }
    if (policy === null) throw new Problem('invalid-request', 'Invalid: policy.');
    return trials;
  });
}

/** @throws Problem bad-request, invalid-request. */
function judgePolicy(values: unknown): PolicyDocument {
  const parsed = policyDocumentSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw invalidPolicy(parsed.error.issues);
}

const TAG = /^[0-9a-f]{8}$/;

/**
 * Names the paths of the mistakes, as everywhere. A key under `attributes` that is not a tag may be any text, so it is
 * not repeated.
 */
function invalidPolicy(issues: readonly z.core.$ZodIssue[]): Problem {
  return invalidRequest(
    issues.map((issue) => {
      const key = issue.path.indexOf('attributes') + 1;
      const isRepeated = key === 0 || key === issue.path.length || TAG.test(String(issue.path[key]));
      return isRepeated ? issue : { ...issue, path: issue.path.slice(0, key) };
    }),
    'policy',
  );
}
