/**
 * The routes of an upload: policy, manifest, status, completion, receipt, decisions. The rules are in files of their
 * own. The parcels are received by the pipeline's intake (tus.routes.ts). Long, because it
 * lists every route of an upload.
 */
import { z } from '@hono/zod-openapi';
import { compress } from 'hono/compress';
import {
  completeAnswerSchema,
  decisionSchema,
  fileReceiptsSchema,
  fileStatusSchema,
  policyAnswerSchema,
  policyQuerySchema,
  uploadListSchema,
  uploadStatusSchema,
  type Role,
  type SealingKey,
} from '#shared/protocol/api.ts';
import { manifestAnswerSchema, manifestSchema } from '#shared/protocol/manifest.ts';
import { SENDERS } from '#shared/protocol/policy.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { feedsVault } from '#shared/protocol/feeds-vault.ts';
import { invalidRequest } from '../http/invalid-request.ts';
import {
  allow,
  callerOf,
  createRouter,
  defineRoute,
  describeRoute,
  jsonBody,
  jsonResponse,
  readsAsRoles,
  type Caller,
  type Router,
} from '../http/route.ts';
import { createTurns } from '../http/take-turns.ts';
import {
  begunParcels,
  findUpload,
  unfinishedParcels,
  type UploadRow,
} from '../pipeline/stores/parcel.store.ts';
import { isCarrier } from '../pipeline/stores/carrier.store.ts';
import { findFile, type SentFile } from '../pipeline/stores/sent-file.store.ts';
import { recordReading } from '../audit/record-reading.ts';
import { findReceipt } from '../pipeline/stores/receipt.store.ts';
import { ownerOf, senderOf } from '../pipeline/stores/upload-owner.ts';
import { quotaUse } from '../policies/quota.store.ts';
import { policiesFor, requireOptions, requirePolicy, requireReason } from '../policies/policies.ts';
import { openVault } from '../vault/vault.store.ts';
import type { UploadTools } from './upload-tools.ts';
import { uploadIds, uploadStatus, uploadStatuses } from './upload-status.ts';
import { createCompletion, type Arrivals } from './complete-upload.ts';
import { decide } from './decide.ts';
import { fileReceipts, fileStatus } from './file-status.ts';
import { askPacs, openUpload } from './open-upload.ts';
import { pseudonymKeysFor } from './pseudonyms.routes.ts';
import type { ReadPosted } from './read-posted.ts';
import { takeBack, takeBackInstances } from './take-back.ts';
import { withhold } from './withhold.ts';

/** Roles that may see uploads of others. What they see contains only UIDs and codes. */
const WATCHERS: readonly Role[] = ['auditor', 'admin'];
const READERS: readonly Role[] = [...SENDERS, 'auditor'];

type UploadRouteTools = {
  readonly tools: UploadTools;
  readonly parcels: Arrivals;
  readonly defaultPolicy: string;
  /** How long devices may keep the local label of a study, in hours; 0: not at all. */
  readonly labelHours: number;
  /** After how long without input a device signs the person out, in minutes; 0: it never does. */
  readonly lockMinutes: number;
  /** The public key to which devices seal. */
  readonly sealingKey: SealingKey;
  readonly readPosted: ReadPosted;
};

const uploadParams = z.object({
  id: z.uuid().openapi({ description: 'The upload, from `POST /upload/init`.' }),
});
/** How many of the newest uploads a list shows. */
const LIST_LIMIT = 200;
/** API keys with these scopes may follow an upload. Only people and their devices may take back and decide. */
const FOLLOWED_BY = ['upload', 'read'] as const;

const routes = {
  policy: defineRoute({
    method: 'get',
    path: '/upload/policy',
    roles: READERS,
    tags: ['upload'],
    summary: 'The policies that you may send under, and what de-identifying needs',
    request: { query: policyQuerySchema },
    responses: {
      200: jsonResponse(
        policyAnswerSchema,
        'The policies, the default, and the keys of their pseudonyms, secret ones wrapped to the device’s own',
      ),
    },
  }),
  list: defineRoute({
    method: 'get',
    path: '/uploads',
    roles: READERS,
    keys: ['read'],
    tags: ['upload'],
    summary: 'The newest uploads: your own, or with `all=1` (auditor, admin) everybody’s',
    request: { query: z.object({ all: z.enum(['1']).optional() }) },
    responses: { 200: jsonResponse(uploadListSchema, 'Newest first') },
  }),
  status: defineRoute({
    method: 'get',
    path: '/upload/{id}/status',
    roles: READERS,
    uploadRight: true,
    keys: FOLLOWED_BY,
    tags: ['upload'],
    summary: 'The status of the study',
    problems: ['upload-not-found'],
    request: { params: uploadParams, query: z.object({ instances: z.enum(['1']).optional() }) },
    responses: {
      200: jsonResponse(
        z.union([fileStatusSchema, uploadStatusSchema]),
        'The state; with `instances=1` of each instance. Of a file that was sent as it is: of all its studies',
      ),
    },
  }),
  complete: defineRoute({
    method: 'post',
    path: '/upload/{id}/complete',
    roles: SENDERS,
    uploadRight: true,
    keys: ['upload'],
    tags: ['upload'],
    summary: 'Everything was sent. Repeatable',
    problems: ['upload-not-found'],
    request: { params: uploadParams },
    responses: { 200: jsonResponse(completeAnswerSchema, 'The missing instances, if any') },
  }),
  receipt: defineRoute({
    method: 'get',
    path: '/upload/{id}/receipt',
    roles: READERS,
    uploadRight: true,
    keys: FOLLOWED_BY,
    tags: ['upload'],
    summary: 'The signed receipt of the newest revision',
    problems: ['upload-not-found', 'no-receipt-yet', 'receipt-deleted'],
    request: { params: uploadParams },
    responses: {
      200: {
        description:
          'One compact JWS (RFC 7515, EdDSA, keys at `/.well-known/jwks.json`), whose payload is a `Receipt`; of a file with several studies, those of all',
        content: {
          'application/jose': { schema: z.string() },
          'application/json': { schema: fileReceiptsSchema },
        },
      },
    },
  }),
  takeBack: defineRoute({
    method: 'delete',
    path: '/upload/{id}',
    roles: SENDERS,
    uploadRight: true,
    tags: ['upload'],
    summary: 'Take back what was not begun; an administrator takes back any upload, at any time',
    problems: ['upload-not-found', 'upload-in-progress'],
    request: { params: uploadParams },
    responses: { 204: { description: 'Taken back' } },
  }),
};

/** The routes with large bodies: read-posted.ts checks these against their schemas. */
const INIT = {
  method: 'post',
  path: '/upload/init',
  roles: SENDERS,
  uploadRight: true,
  keys: ['upload'],
  tags: ['upload'],
  summary: 'Say what one study will contain; be told what to send. Repeatable',
  problems: [
    'policy-not-allowed',
    'policy-withdrawn',
    'reason-missing',
    'too-many-instances',
    'quota-exceeded',
  ],
  request: { body: jsonBody(manifestSchema) },
  responses: {
    200: jsonResponse(
      manifestAnswerSchema,
      'The instances that are here, those to send, and those that conflict',
    ),
  },
} satisfies Parameters<typeof describeRoute>[1];
const DECISIONS = {
  method: 'post',
  path: '/upload/{id}/decisions',
  operationId: 'decideUpload',
  roles: SENDERS,
  uploadRight: true,
  tags: ['upload'],
  summary:
    'Leave instances out, try them again, take back what was promised and not sent, or say what is withheld now',
  problems: ['upload-not-found', 'decision-not-possible', 'pacs-unreachable'],
  request: { params: uploadParams, body: jsonBody(decisionSchema) },
  responses: { 200: jsonResponse(uploadStatusSchema, 'The current status of the study') },
} satisfies Parameters<typeof describeRoute>[1];

/**
 * The upload, if this caller may see it. Throws `upload-not-found` also for an upload of another, so that its existence
 * is not revealed.
 */
async function visibleUpload(
  tools: Pick<UploadTools, 'db' | 'now'>,
  id: string,
  caller: Caller,
): Promise<UploadRow> {
  const upload =
    (await findUpload(tools.db, id, watchesAll(caller) ? null : ownerOf(caller))) ??
    (await carriedUpload(tools, id, caller));
  if (upload === undefined || upload.site_id !== caller.siteId) throw new Problem('upload-not-found');
  return upload;
}

/** The file that another client sent, if this caller may see it. */
async function visibleFile(
  tools: Pick<UploadTools, 'db'>,
  id: string,
  caller: Caller,
): Promise<SentFile | undefined> {
  const file = await findFile(tools.db, id, watchesAll(caller) ? null : ownerOf(caller));
  return file?.site_id === caller.siteId ? file : undefined;
}

/** A device only sends: it may not see uploads of others, whatever its user may do when signed in. */
const watchesAll = (caller: Caller): boolean =>
  readsAsRoles(caller) && caller.roles.some((role) => WATCHERS.includes(role));

/** The upload of another's device, if this caller is its carrier. */
async function carriedUpload(
  tools: Pick<UploadTools, 'db' | 'now'>,
  id: string,
  caller: Caller,
): Promise<UploadRow | undefined> {
  return (await isCarrier(tools, ownerOf(caller), id)) ? findUpload(tools.db, id, null) : undefined;
}

/** The upload, if this caller made it. */
async function ownUpload(tools: Pick<UploadTools, 'db'>, id: string, caller: Caller): Promise<UploadRow> {
  const upload = await findUpload(tools.db, id, ownerOf(caller));
  if (upload === undefined) throw new Problem('upload-not-found');
  return upload;
}

export function uploadRoutes(all: UploadRouteTools): Router {
  const router = createRouter();
  addPolicy(router, all);
  addInit(router, all);
  addWatching(router, all);
  addEnding(router, all);
  addDecisions(router, all);
  return router;
}

function addPolicy(router: Router, all: UploadRouteTools): void {
  const { tools, defaultPolicy, labelHours, lockMinutes, sealingKey } = all;
  router.openapi(routes.policy, async (c) => {
    const caller = callerOf(c);
    const policies = await policiesFor(tools.db, caller.siteId, caller.roles);
    const { deviceKey } = c.req.valid('query');
    const who = { roles: caller.roles, deviceKey };
    const pseudonymKeys = await pseudonymKeysFor(policies, who, tools.policyKey);
    const chosen = policies.some(({ name }) => name === defaultPolicy)
      ? defaultPolicy
      : (policies[0]?.name ?? defaultPolicy);
    const vault = await openVault(tools.db, caller.siteId);
    const times = { labelHours, lockMinutes };
    const answer = { policies: [...policies], default: chosen, pseudonymKeys, ...times, sealingKey };
    return c.json(vault === null ? answer : { ...answer, vault }, 200);
  });
}

function addInit(router: Router, { tools, readPosted }: UploadRouteTools): void {
  // Two manifests of one account at once would only wait for each other in the database.
  const turns = createTurns(1);
  describeRoute(router, INIT);
  router.post(
    INIT.path,
    allow(SENDERS, { uploadRight: true, keys: ['upload'] }),
    compress({ encoding: 'gzip' }),
    async (c) => {
      const caller = callerOf(c);
      // A device only sends: it reads nothing, whatever its user may do when signed in.
      const roles = readsAsRoles(caller) ? caller.roles : [];
      const sender = { ...senderOf(caller), siteId: caller.siteId, roles };
      const { signal } = c.req.raw;
      const answer = await readPosted('manifest', c.req.raw, caller.id, async (manifest) => {
        const policy = await requirePolicy(tools.db, caller.siteId, manifest.policy, caller.roles);
        requireOptions(policy, manifest.deidentification);
        requireReason(policy, manifest.policy.reason);
        // Nothing is kept in the vault for a policy that does not feed it, whatever a device sends.
        const { vault, ...rest } = manifest;
        const said = vault !== undefined && feedsVault(policy) ? { ...rest, vault } : rest;
        const asked = await askPacs(tools, said, sender, signal);
        return turns(caller.id, signal, () => openUpload(tools, said, sender, { asked }));
      });
      const begun = await begunParcels(tools.db, answer.uploadId);
      return c.json(begun.length === 0 ? answer : { ...answer, begun: [...begun] }, 200);
    },
  );
}

/** The routes that read: list, status, receipt. */
function addWatching(router: Router, { tools }: UploadRouteTools): void {
  router.openapi(routes.list, async (c) => {
    const caller = callerOf(c);
    const all = c.req.valid('query').all === '1' && caller.roles.some((role) => WATCHERS.includes(role));
    const where = all ? { siteId: caller.siteId } : { owner: ownerOf(caller) };
    const uploads = await uploadStatuses(tools.db, await uploadIds(tools, where, LIST_LIMIT));
    const own = all ? undefined : await quotaUse(tools.db, caller.id, tools.now());
    return c.json(
      own === undefined ? { uploads } : { uploads, own: { quota: own.quota, used: own.used } },
      200,
    );
  });

  router.openapi(routes.status, async (c) => {
    const file = await visibleFile(tools, c.req.valid('param').id, callerOf(c));
    if (file !== undefined) return c.json(await fileStatus(tools.db, file), 200);
    const { id } = await visibleUpload(tools, c.req.valid('param').id, callerOf(c));
    const status = await uploadStatus(tools.db, id, c.req.valid('query').instances === '1');
    if (status === null) throw new Problem('upload-not-found');
    return c.json(status, 200);
  });

  router.openapi(routes.receipt, async (c) => {
    const file = await visibleFile(tools, c.req.valid('param').id, callerOf(c));
    if (file !== undefined) {
      const receipts = await fileReceipts(tools.db, file);
      if (receipts.length === 0) throw new Problem('no-receipt-yet');
      for (const { studyInstanceUID } of receipts)
        await recordReceiptRead(tools, callerOf(c), file, studyInstanceUID);
      if (receipts.length > 1) return c.json({ receipts: [...receipts] }, 200);
      return c.body(receipts[0]!.jws, 200, { 'Content-Type': 'application/jose' });
    }
    const upload = await visibleUpload(tools, c.req.valid('param').id, callerOf(c));
    const jws = await findReceipt(tools.db, upload.id);
    if (jws === undefined) throw new Problem('no-receipt-yet');
    await recordReceiptRead(tools, callerOf(c), upload, upload.study_instance_uid);
    return c.body(jws, 200, {
      'Content-Type': 'application/jose',
      'Content-Disposition': `attachment; filename="${upload.id}.receipt.jws"`,
    });
  });
}

/**
 * Records that somebody else read the receipt. Reading their own tells senders nothing new: the app fetches each
 * receipt by itself, as often as it needs to. An API key stands for a program that may be another than the sender.
 */
async function recordReceiptRead(
  tools: UploadTools,
  caller: Caller,
  sent: { readonly account_id: string | null },
  studyInstanceUID: string,
): Promise<void> {
  if (caller.scope !== 'key' && caller.id === sent.account_id) return;
  await recordReading(tools, caller, studyInstanceUID, 'receipts');
}

/** The routes that end an upload: complete, take back, decide. */
function addEnding(router: Router, { tools, parcels }: UploadRouteTools): void {
  const completion = createCompletion(tools);
  router.openapi(routes.complete, async (c) => {
    const caller = callerOf(c);
    const { id: asked } = c.req.valid('param');
    const upload = (await carriedUpload(tools, asked, caller)) ?? (await ownUpload(tools, asked, caller));
    // If the process died just after storing a parcel's last byte, the parcel is complete without anybody having said
    // so.
    const sender = senderOf(caller);
    for (const id of await unfinishedParcels(tools.db, upload.id)) await parcels.arrived(id, sender);
    const isReceiving = () => parcels.isReceiving(upload.id);
    return c.json(await completion.complete(upload, sender, isReceiving, c.req.raw.signal), 200);
  });

  router.openapi(routes.takeBack, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const byForce = caller.scope === 'session' && caller.roles.includes('admin');
    const upload = await (byForce ? visibleUpload : ownUpload)(tools, id, caller);
    await takeBack(tools, upload, { byForce, by: caller.id });
    return c.body(null, 204);
  });
}

/** A person's or a device's decisions about instances. */
function addDecisions(router: Router, { tools, readPosted }: UploadRouteTools): void {
  describeRoute(router, DECISIONS);
  router.post('/upload/:id/decisions', allow(SENDERS, { uploadRight: true }), async (c) => {
    const caller = callerOf(c);
    const params = uploadParams.safeParse(c.req.param());
    if (!params.success) throw invalidRequest(params.error.issues, 'param');
    const { id } = params.data;
    // The auditor role lets an account see others' uploads, but not decide about their instances.
    const upload = caller.roles.includes('admin')
      ? await visibleUpload(tools, id, caller)
      : await ownUpload(tools, id, caller);
    await readPosted('decision', c.req.raw, caller.id, async (said) => {
      // Only the sender knows what it withholds.
      if (said.decision === 'withhold')
        return withhold(tools, await ownUpload(tools, id, caller), ownerOf(caller), said.withheld);
      const { decision, instances } = said;
      // A device says what will come and what will not. Only a person says what is not to be stored in the PACS.
      if (caller.scope === 'upload' && decision === 'leave-out') throw new Problem('not-allowed');
      if (decision === 'take-back') return takeBackInstances(tools, upload, instances, caller.id);
      await decide(tools, upload, caller.id, { decision, instances });
    });
    const status = await uploadStatus(tools.db, upload.id, false);
    if (status === null) throw new Problem('upload-not-found');
    return c.json(status, 200);
  });
}
