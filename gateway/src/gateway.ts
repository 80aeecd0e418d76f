/**
 * The composition root: from settings to a gateway, and the only place that picks adapters. What a slice
 * needs is handed to it here; time, identity and the log come in from outside, so that a test can give its
 * own.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { PROFILE_EDITION } from '#shared/deid/profile.generated.ts';
import { SENDERS } from '#shared/protocol/policy.ts';
import { recordAudit } from './audit/audit.ts';
import { createAccessTokens } from './auth/access-token.ts';
import { defaultSiteId, findAccount, toUser } from './auth/account.store.ts';
import { authRoutes } from './auth/auth.routes.ts';
import { deviceRoutes } from './auth/device.routes.ts';
import { findDevice } from './auth/device.store.ts';
import { ensureFirstUser } from './auth/first-user.ts';
import { policyRoutes } from './admin/policies.routes.ts';
import { userRoutes } from './admin/users.routes.ts';
import { auditRoutes } from './audit/audit.routes.ts';
import type { Config } from './config.ts';
import { type Database, openDatabase } from './database/database.ts';
import type { MessageChannel } from './database/message-channel.ts';
import { authenticate, createRemembered } from './http/authenticate.ts';
import { limitRequests } from './http/caller-key.ts';
import { observeRequest } from './http/observe-request.ts';
import { serveOpenApi } from './http/openapi.ts';
import { notFoundHandler, problemHandler } from './http/problem-handler.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { createRouter, type GatewayEnv, type Router } from './http/route.ts';
import { securityHeaders } from './http/security-headers.ts';
import { webApp } from './http/web-app.ts';
import { createExaminer } from './inference/examine-thread.ts';
import { inferRoutes } from './inference/infer.routes.ts';
import type { InferenceTools } from './inference/inference-tools.ts';
import { createInputStore } from './inference/input-store.ts';
import { jobRoutes } from './inference/jobs.routes.ts';
import { ruleRoutes } from './inference/rules.routes.ts';
import { startInference, type InferenceParts } from './inference/start-inference.ts';
import { createJobs, type JobEvents, type Jobs } from './jobs/jobs.ts';
import { type Keys, openKeys } from './keys.ts';
import { createLog, describeError, type Log, withCorrelation } from './observability/log.ts';
import { openModelFiles, type ModelFiles } from './models/model-files.ts';
import { modelRoutes } from './models/models.routes.ts';
import { registerBuiltIn } from './models/register-built-in.ts';
import { createMetrics, type Metrics } from './observability/metrics.ts';
import { observabilityRoutes, remembered } from './observability/observability.routes.ts';
import { eventRoutes } from './uploads/events.routes.ts';
import { openUpload } from './uploads/open-upload.ts';
import type { SealingKeys } from './pipeline/intake/parcel-spool.ts';
import { createParcelReceiver } from './pipeline/intake/receive-parcel.ts';
import { tusRoutes } from './pipeline/intake/tus.routes.ts';
import { uploadRoutes } from './uploads/upload.routes.ts';
import { startPipeline } from './pipeline/pipeline.ts';
import { buildVerifiedReport } from './dicom-results/build-result-instances.ts';
import { createBuildThread } from './dicom-results/build-thread.ts';
import { observerName } from './dicom-results/observer.ts';
import { parseSource } from './dicom-results/parse-source.ts';
import type { BuiltResult, ResultSubject, Verification } from './dicom-results/result-subject.ts';
import { createResultUid } from './dicom-results/result-uid.ts';
import { sendResults } from './dicom-results/send-results.ts';
import { createReceiptSigner } from './pipeline/receipt/sign-receipt.ts';
import { createStudyChanges } from './pipeline/announce-changes.ts';
import { createStudyKeys } from './pipeline/study-key.ts';
import type { PipelineTools } from './pipeline/pipeline-tools.ts';
import { createRestoreThread } from './pipeline/verify/restore-thread.ts';
import { openFileBlobs } from './ports/blobs/file-blobs.ts';
import type { Engine } from './ports/engine/engine.ts';
import { createOnnxEngine } from './ports/engine/onnx-engine.ts';
import { createLatePacs } from './ports/pacs/late-pacs.ts';
import type { Pacs } from './ports/pacs/pacs.ts';
import { deliverResult, type ResultSender } from './results/deliver-result.ts';
import type { NewInstance, ResultRow } from './results/result.store.ts';
import { resultRoutes } from './results/results.routes.ts';
import { createReasonSeal } from './results/seal-reason.ts';

/** What comes from outside and a test may replace. */
export type Surroundings = {
  readonly now: () => Date;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
  readonly newId: () => string;
  /** Takes a line of the log, its line feed included. */
  readonly write: (line: string) => void;
  readonly database: Database | null;
  readonly pacs: Pacs | null;
  readonly engine: Engine | null;
  /** The built web app. */
  readonly webFolder: string;
};

export type Gateway = {
  /** Port RELAY_PORT. */
  readonly api: Router;
  /** Port RELAY_WEB_PORT: the web app, and the same API under `/api/`. */
  readonly web: Hono<GatewayEnv>;
  readonly log: Log;
  readonly version: string;
  /** The password that was made for `admin`, once, at the first start; to be shown and forgotten. */
  readonly madePassword: string | null;
  /** Begins to work on what waits; before that `/health/ready` says no. */
  start(): Promise<void>;
  /** Lets the running work end, then closes the database. */
  stop(): Promise<void>;
};

const DEFAULTS: Surroundings = {
  now: () => new Date(),
  clock: () => performance.now(),
  newId: randomUUID,
  write: (line) => void process.stdout.write(line),
  database: null,
  pacs: null,
  engine: null,
  webFolder: fileURLToPath(new URL('../../client/dist', import.meta.url)),
};

const VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** The models that come with the gateway, with their cards. */
const BUILT_IN_MODELS = fileURLToPath(new URL('../../shared/models', import.meta.url));

/**
 * Attempts to sign in, a minute: for one name from one address, and from one address in all (a clinic behind
 * one proxy is one address).
 */
const ATTEMPTS = { perName: 10, perAddress: 120 } as const;
/** How long the PACS's answer to "are you there" is believed, and how long it may take. */
const PACS_REMEMBERED_MS = 5_000;
const PACS_PATIENCE_MS = 2_000;

/**
 * Opens everything that the settings name. Throws when the database, the keys or the folder cannot be had; a
 * PACS that is down is waited for.
 */
export async function createGateway(config: Config, overrides: Partial<Surroundings> = {}): Promise<Gateway> {
  const around: Surroundings = { ...DEFAULTS, ...overrides };
  const log = createLog(around.write, around.now);
  const keys = openKeys(join(config.dataDir, 'keys'), around.clock);
  const database = around.database ?? (await openDatabase(config.database));
  const { madePassword } = await ensureFirstUser(database.db, config.adminPassword, around.now());
  const jobs = await createJobs(database, jobEvents(log));
  const pacs = around.pacs ?? createLatePacs(config.pacs);
  const isPacsUp = remembered(
    () =>
      pacs.probe(AbortSignal.timeout(PACS_PATIENCE_MS)).then(
        () => true,
        () => false,
      ),
    PACS_REMEMBERED_MS,
    around.clock,
  );
  const engine = around.engine ?? createOnnxEngine();
  const metrics = createMetrics({
    countJobs: () => jobs.counts(),
    isPacsUp,
    engineRestarts: () => engine.state().crashes,
    version: VERSION,
  });
  const tools = await createPipelineTools({ config, around, log, keys, database, jobs, pacs, metrics });
  const files = openModelFiles(BUILT_IN_MODELS, join(config.dataDir, 'models'));
  await registerBuiltIn(database.db, files, await defaultSiteId(database.db), around.now());
  const sealing: SealingKeys = {
    get: (kid) => keys.sealingKey(kid)?.toCryptoKey('X25519', false, ['deriveBits']),
  };
  const parcels = createParcelReceiver(tools, {
    expiresAfterMs: config.uploadExpiresHours * 3_600_000,
    sealing,
  });
  const inference = await createInference({
    config,
    around,
    keys,
    database,
    jobs,
    tools,
    metrics,
    engine,
    files,
    parcels,
  });

  let isStarted = false;
  const channel = async (name: string): Promise<MessageChannel | null> =>
    (await database.shared?.channel(name)) ?? null;
  const forgotten = { users: await channel('relaypacs_users'), devices: await channel('relaypacs_devices') };
  const api = createApi({
    config,
    around,
    log,
    keys,
    database,
    metrics,
    tools,
    parcels,
    inference,
    files,
    forgotten,
    isPacsUp,
    isStarted: () => isStarted,
  });
  const audited = async (
    event: { event: 'gateway-started'; version: string } | { event: 'gateway-stopped' },
  ): Promise<void> => {
    await database.db
      .transaction()
      .execute(async (trx) => recordAudit(trx, await defaultSiteId(trx), event, around.now()));
  };
  return {
    api,
    log,
    madePassword,
    web: createWeb(api, log, config, around.webFolder),
    version: VERSION,
    async start() {
      await startPipeline(tools, jobs);
      await startInference(inference, jobs);
      await audited({ event: 'gateway-started', version: VERSION });
      isStarted = true;
    },
    async stop() {
      const wasStarted = isStarted;
      isStarted = false;
      await jobs.stop();
      await inference.tools.examiner.close();
      await engine.close();
      if (wasStarted) await audited({ event: 'gateway-stopped' });
      await database.close();
    },
  };
}

function jobEvents(log: Log): JobEvents {
  return {
    failed: (queue, job, attempt, error) =>
      log({ event: 'job-failed', queue, job, attempt, ...describeError(error) }),
    around: withCorrelation,
    trouble: (error) => log({ event: 'unexpected-error', where: 'jobs', ...describeError(error) }),
  };
}

type PipelineParts = Pick<ApiParts, 'config' | 'around' | 'log' | 'keys' | 'database' | 'metrics'> & {
  readonly jobs: Jobs;
  readonly pacs: Pacs;
};

async function createPipelineTools({
  config,
  around,
  log,
  keys,
  database,
  jobs,
  pacs,
  metrics,
}: PipelineParts): Promise<PipelineTools> {
  return {
    db: database.db,
    jobs,
    pacs,
    metrics,
    log,
    blobs: await openBlobs(config),
    keys: createStudyKeys(keys.wrapKey, join(config.dataDir, 'keys', 'studies')),
    pseudonyms: await createPseudonyms(keys.projectKey),
    restore: createRestoreThread(),
    signReceipt: createReceiptSigner(keys.receipts),
    issuer: config.publicUrl,
    locks: database.shared?.locks ?? null,
    changes: createStudyChanges(await database.shared?.channel('relaypacs_studies')),
    now: around.now,
    newId: around.newId,
  };
}

type Parcels = ReturnType<typeof createParcelReceiver>;
type InferenceSurroundings = Omit<PipelineParts, 'pacs' | 'log'> & {
  readonly tools: PipelineTools;
  readonly engine: Engine;
  readonly files: ModelFiles;
  readonly parcels: Parcels;
};

async function createInference({
  config,
  around,
  keys,
  database,
  jobs,
  tools,
  metrics,
  engine,
  files,
  parcels,
}: InferenceSurroundings): Promise<InferenceParts> {
  const { db, pacs, log, pseudonyms } = tools;
  const examiner = createExaminer();
  const road = createResultSender(tools, parcels, keys);
  const inputs = createInputStore(
    await openFileBlobs(join(config.dataDir, 'inputs')),
    keys.wrapKey,
    join(config.dataDir, 'keys'),
  );
  const inferring: InferenceTools = {
    db,
    jobs,
    pacs,
    log,
    metrics,
    engine,
    examiner,
    inputs,
    now: around.now,
    newId: around.newId,
    pathOf: files.pathOf,
    deliver: (result, source, signal) => deliverResult(result, source, { db, jobs, road }, signal),
    changes: createStudyChanges(await database.shared?.channel('relaypacs_inference')),
  };
  return {
    tools: inferring,
    reports: { db, pacs, road, log, seal: createReasonSeal(keys.wrapKey) },
    pseudonyms,
  };
}

/**
 * Result instances on the road of every instance: built by the stage `results`, taken in as an upload of the
 * gateway's own.
 */
function createResultSender(tools: PipelineTools, { arrived }: Parcels, keys: Keys): ResultSender {
  const uid = createResultUid(keys.projectKey);
  const build = createBuildThread();
  const saidBy = ({
    finding,
    models,
    created_at: at,
    cache_key: key,
  }: ResultRow): Omit<ResultSubject, 'source' | 'uid'> => ({
    finding,
    models,
    at,
    key,
    softwareVersion: VERSION,
  });
  const send = async (
    siteId: string,
    built: readonly BuiltResult[],
    signal: AbortSignal,
  ): Promise<NewInstance[]> => {
    const sent = await sendResults(
      tools,
      { openUpload: (manifest, sender, until) => openUpload(tools, manifest, sender, until), arrived },
      siteId,
      built,
      signal,
    );
    // Where something else stands under one of the UIDs, its state says so (`instancesOfResults`).
    return built
      .filter((_, at) => sent[at]!.outcome !== 'left-out')
      .map(({ kind, identifiers: { seriesInstanceUID, sopInstanceUID } }) => ({
        kind,
        seriesInstanceUID,
        sopInstanceUID,
      }));
  };
  return {
    async send(result, source, maps, signal) {
      return send(
        result.site_id,
        await build({ ...saidBy(result), ...maps, source, secret: keys.projectKey }, signal),
        signal,
      );
    },
    async sendVerified(result, bytes, kinds, said, signal) {
      const source = await parseSource(bytes, signal);
      const account = await findAccount(tools.db, { id: said.accountId });
      const by = await observerName(
        source,
        { id: said.accountId, username: account?.username ?? said.accountId },
        tools.pseudonyms,
      );
      const { verdict, reason, at, revision, follows } = said;
      const verification: Verification = {
        verdict,
        reason,
        at,
        revision,
        follows,
        by,
        finding: said.finding as Verification['finding'],
      };
      return send(
        result.site_id,
        [buildVerifiedReport({ ...saidBy(result), source, uid }, kinds, verification)],
        signal,
      );
    },
  };
}

async function openBlobs({ blobs }: Config): Promise<PipelineTools['blobs']> {
  if (blobs.kind === 's3') throw new Error('BLOB_URL: s3 is not served yet; use file:');
  return openFileBlobs(blobs.path);
}

type ApiParts = {
  readonly config: Config;
  readonly around: Surroundings;
  readonly log: Log;
  readonly keys: Keys;
  readonly database: Database;
  readonly metrics: Metrics;
  readonly tools: PipelineTools;
  readonly parcels: Parcels;
  readonly inference: InferenceParts;
  readonly files: ModelFiles;
  /** By which gateways on one database tell each other whose rights have changed. */
  readonly forgotten: { readonly users: MessageChannel | null; readonly devices: MessageChannel | null };
  readonly isPacsUp: () => Promise<boolean>;
  readonly isStarted: () => boolean;
};

function createApi({
  config,
  around,
  log,
  keys,
  database,
  metrics,
  tools,
  parcels,
  inference,
  files,
  forgotten,
  isPacsUp,
  isStarted,
}: ApiParts): Router {
  const { publicUrl, rateLimit } = config;
  const { now, newId, clock } = around;
  const { db } = database;
  const limit = (perMinute: number) => createRateLimit(rateLimit === null ? null : perMinute, clock);
  const accessTokens = createAccessTokens({
    key: keys.tokens,
    keyOf: keys.tokenKey,
    issuer: publicUrl,
    now,
    newId,
  });
  const users = createRemembered(
    async (id) => {
      const account = await findAccount(db, { id });
      return account && !account.isDisabled ? toUser(account) : null;
    },
    clock,
    forgotten.users,
  );
  const devices = createRemembered(
    async (id) => {
      const device = await findDevice(db, id);
      return device && device.revoked_at === null ? device.account_id : null;
    },
    clock,
    forgotten.devices,
  );
  const forgetDevices = (ids: readonly string[]): void => ids.forEach((id) => devices.forget(id));

  const api = createRouter();
  api.use(observeRequest({ log, newId, clock, measure: metrics.request }));
  api.use(securityHeaders('api', publicUrl.startsWith('https:')));
  api.use(async (c, next) => {
    c.set('throughWeb', c.env?.throughWeb === true);
    await next();
  });
  api.use(authenticate({ readToken: accessTokens.read, users, devices }));
  api.use(limitRequests(createRateLimit(rateLimit, clock)));
  api.onError(
    problemHandler(log, () =>
      database.ping().then(
        () => true,
        () => false,
      ),
    ),
  );
  api.notFound(notFoundHandler(api));

  const attempts = { perName: limit(ATTEMPTS.perName), perAddress: limit(ATTEMPTS.perAddress) };
  api.route(
    '/',
    observabilityRoutes({
      database,
      now,
      metrics,
      isPacsUp,
      isStarted,
      version: VERSION,
      profileEdition: PROFILE_EDITION,
    }),
  );
  api.route('/', authRoutes({ db, accessTokens, attempts, now, newId, keys, publicUrl }));
  // RFC 7523 §3: the token endpoint's own URL may name the gateway too; through the app's origin it is
  // another one.
  const audiences = [
    publicUrl,
    `${publicUrl}/auth/device-token`,
    `${publicUrl}/api/auth/device-token`,
  ] as const;
  api.route(
    '/',
    deviceRoutes({ db, accessTokens, attempts, now, audiences, forget: forgetDevices, senders: SENDERS }),
  );
  api.route('/', auditRoutes({ db }));
  api.route(
    '/',
    userRoutes({
      db,
      now,
      forget(accountId, deviceIds) {
        users.forget(accountId);
        forgetDevices(deviceIds);
      },
    }),
  );
  api.route('/', policyRoutes({ db, now, pseudonyms: tools.pseudonyms }));
  const project = { key: keys.projectKey, id: keys.projectKeyId };
  api.route(
    '/',
    uploadRoutes({ tools, parcels, defaultPolicy: config.policy, project, sealingKey: keys.sealing[0].jwk }),
  );
  api.route('/', tusRoutes(parcels));
  const { tools: inferring, reports } = inference;
  const { router: jobsApi, streamJob } = jobRoutes(inferring);
  api.route('/', eventRoutes(tools, streamJob));
  api.route('/', modelRoutes({ db, files, now, newId, engine: inferring.engine }));
  api.route('/', inferRoutes(inferring));
  api.route('/', jobsApi);
  api.route('/', ruleRoutes({ db, now }));
  api.route(
    '/',
    resultRoutes({
      db,
      now,
      jobs: inferring.jobs,
      pacs: inferring.pacs,
      seal: reports.seal,
      examiner: inferring.examiner,
    }),
  );
  serveOpenApi(api, VERSION);
  return api;
}

const API_PREFIX = '/api';
/** What a `Request` can carry (WHATWG Fetch forbids TRACE and CONNECT); HEAD is served as GET. */
const API_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

function createWeb(api: Router, log: Log, { publicUrl }: Config, webFolder: string): Hono<GatewayEnv> {
  const web = new Hono<GatewayEnv>();
  // Hono would print the error, and a message may hold anything.
  web.onError((error, c) => {
    log({ event: 'unexpected-error', where: 'web', ...describeError(error) });
    return c.body(null, 500);
  });
  web.on(API_METHODS, `${API_PREFIX}/*`, (c) => {
    const url = new URL(c.req.url);
    url.pathname = url.pathname.slice(API_PREFIX.length);
    const { raw } = c.req;
    // A parcel is read from the socket (cut-body.ts): what another layer holds of it is lost when the
    // connection is.
    const isParcel = url.pathname.startsWith('/upload/files') && c.env?.incoming instanceof Readable;
    const inner = isParcel
      ? new Request(url, { method: raw.method, headers: raw.headers, signal: raw.signal })
      : new Request(url, raw);
    return api.fetch(inner, { ...c.env, throughWeb: true });
  });
  web.use(securityHeaders('web', publicUrl.startsWith('https:')));
  web.route('/', webApp(webFolder));
  return web;
}
