/**
 * The composition root: it makes a gateway from settings, and is the only place that picks adapters. It builds the
 * tools, gives each feature those that it uses, and starts and stops everything together. Time, ids and the log come
 * from outside, so that a test can supply its own.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Hono } from 'hono';
import { adminFeature } from './admin/admin.feature.ts';
import { analyticsFeature } from './analytics/analytics.feature.ts';
import { auditFeature } from './audit/audit.feature.ts';
import { type AuditHeads, openAuditHeads } from './audit/audit-heads.ts';
import { recordRunning } from './audit/record-running.ts';
import { defaultSiteId } from './database/default-site.ts';
import { authFeature } from './auth/auth.feature.ts';
import { createAttempts } from './auth/attempts.ts';
import { openCallers } from './auth/callers.ts';
import { ensureFirstUser } from './auth/first-user.ts';
import { createCaseSeal } from './cases/case-seal.ts';
import { casesFeature, PRINTS } from './cases/cases.feature.ts';
import { promiseHandBack } from './reviews/hand-back.ts';
import { openByRules } from './reviews/open-by-rules.ts';
import { createStudiesOfPatient } from './cases/studies-of-patient.ts';
import { isInClearText, type Config } from './config.ts';
import { isHalfFilled, readBackupPlan } from './backup/backup-plan.store.ts';
import { backupFeature } from './backup/backup.feature.ts';
import { configurationRoutes } from './configuration/configuration.routes.ts';
import { upgradeOf } from './backup/keep-before.ts';
import { HalfRestored, isHalfRestored } from './backup/restore-backup.ts';
import { settleRestore } from './backup/settle-restore.ts';
import { type Db, openDatabase } from './database/database.ts';
import type { ServerEvents } from './database/embedded/embedded-postgres.ts';
import { openRoom } from './database/room.ts';
import { destinationOfStudy, listDestinations } from './destinations/destination.store.ts';
import { openDestinations } from './destinations/destinations.ts';
import { createPacsOf } from './destinations/place-of-study.ts';
import { destinationRoutes } from './destinations/destinations.routes.ts';
import { createSecretSeal } from './destinations/seal-secrets.ts';
import { setDefaultDestination } from './destinations/set-default.ts';
import { createStudyPacs } from './destinations/study-pacs.ts';
import { createResultSender } from './dicom-results/result-sender.ts';
import { declareQueues, type Feature, startFeatures, stopFeatures } from './feature.ts';
import { createApi } from './http/api.ts';
import { type Certificate, openCertificate } from './http/certificate.ts';
import type { GatewayEnv, Router } from './http/route.ts';
import { createWeb } from './http/web.ts';
import { inferenceFeature } from './inference/inference.feature.ts';
import { openInferenceTools, type InferenceTools } from './inference/inference-tools.ts';
import { createJobs } from './jobs/jobs.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { openKeys } from './keys.ts';
import { kindsOfRules } from './kinds-of-rules.ts';
import { openModelFiles } from './models/model-files.ts';
import { modelsFeature } from './models/models.feature.ts';
import { registerBuiltIn } from './models/register-built-in.ts';
import { logJobs } from './observability/log-jobs.ts';
import { createLog, describeError, type Log } from './observability/log.ts';
import { createMetrics } from './observability/metrics.ts';
import { runningFeature } from './running/running.feature.ts';
import type { Phase } from './running/running.routes.ts';
import { isUp, oneAtATime, remembered, createPacsState } from './running/is-up.ts';
import { createStudyChanges } from './pipeline/plan/announce-changes.ts';
import { refuseForeignParcels } from './pipeline/foreign-parcels.ts';
import { createBodyPlaces } from './pipeline/intake/body-places.ts';
import { createFileReceiver } from './pipeline/intake/receive-file.ts';
import { createParcelReceiver } from './pipeline/intake/receive-parcel.ts';
import { tusRoutes } from './pipeline/intake/tus.routes.ts';
import { PAUSES, type PipelineTools, type SealingKeys } from './pipeline/plan/pipeline-tools.ts';
import { declarePipeline, ROAD, startPipeline } from './pipeline/pipeline.ts';
import { wakeWaiting } from './pipeline/wake-waiting.ts';
import { createDeletionSigner } from './pipeline/receipt/sign-deletion.ts';
import { createReceiptSigner } from './pipeline/receipt/sign-receipt.ts';
import { createStudyKeys } from './pipeline/stores/study-key.ts';
import { createCheckThread } from './pipeline/verify/check-thread.ts';
import { createCoerceThread } from './pipeline/copies/coerce-thread.ts';
import { createRestoreThread } from './pipeline/verify/restore-thread.ts';
import { openFileBlobs } from './ports/blobs/file-blobs.ts';
import { createOnnxEngine } from './ports/engine/onnx-engine.ts';
import type { PacsConnection } from './ports/pacs/connection.ts';
import { createGuardedPacs } from './ports/pacs/guarded-pacs.ts';
import { openPacsAt } from './ports/pacs/open-pacs.ts';
import { withoutCredentials } from './ports/pacs/pacs-http.ts';
import type { Pacs } from './ports/pacs/pacs.ts';
import { exportsFeature } from './exports/exports.feature.ts';
import { dimseFeature } from './foreign/dimse/dimse.feature.ts';
import { foreignFeature, type ForeignFeature } from './foreign/foreign.feature.ts';
import { resultsFeature } from './results/results.feature.ts';
import { isBlindToStudy } from './findings/blinding.ts';
import { reviewsFeature } from './reviews/reviews.feature.ts';
import { ruleRoutes } from './rules/rules.routes.ts';
import { retentionFeature } from './retention/retention.feature.ts';
import { sampleFeature } from './sample/sample.feature.ts';
import { storageRoutes } from './storage/storage.routes.ts';
import { studiesFeature, type StudiesFeatureTools } from './studies/studies.feature.ts';
import { SURROUNDINGS, type Surroundings } from './surroundings.ts';
import { uploadsFeature } from './uploads/uploads.feature.ts';
import { vaultFeature } from './vault/vault.feature.ts';
import { viewerFeature, type ViewerFeature } from './viewer/viewer.feature.ts';
import { ohifPackage } from './viewer/viewer-package.ts';
import { worklistFeature } from './worklist/worklist.feature.ts';

export type Gateway = {
  /** Port RELAY_PORT. */
  readonly api: Router;
  /** Port RELAY_WEB_PORT: the web app, and the same API under `/api/`. */
  readonly web: Hono<GatewayEnv>;
  /** Port RELAY_VIEWER_PORT; null: there is none. */
  readonly viewer: Hono<GatewayEnv> | null;
  readonly log: Log;
  /** The certificate of all ports; null: no TLS. */
  readonly certificate: Certificate | null;
  readonly version: string;
  /** Starts working on the waiting jobs. Until then `/health/ready` reports that the gateway is not ready. */
  start(): Promise<void>;
  /** Starts the inference engine ahead of the first question to a model. It neither waits nor fails. */
  warm(): void;
  /** Lets running jobs end, then closes the database. */
  stop(): Promise<void>;
};

const VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** The models that come with the gateway, with their cards. */
const BUILT_IN_MODELS = fileURLToPath(new URL('../../shared/models', import.meta.url));

/**
 * The limits of concurrent STOW-RS requests. Each holds a megabyte while its body arrives, and queries the database
 * meanwhile.
 */
const STORES_AT_ONCE = { atOnce: 64, ofOne: 16 };

/** How long the PACS's answer to "are you there" is cached, and how long the PACS may take to give it. */
const PACS_REMEMBERED_MS = 5_000;
const PACS_PATIENCE_MS = 2_000;

/**
 * Opens everything that the settings name. Throws where the database, the keys or the folder cannot be opened, or do
 * not belong together. A PACS that is down does not stop the start.
 */
export async function createGateway(config: Config, overrides: Partial<Surroundings> = {}): Promise<Gateway> {
  const base = await openBase(config, { ...SURROUNDINGS, ...overrides });
  const { database, db, jobs, engine, log, now, siteId, passwordCost, showPassword, begin } = base;
  begin('preparing its data');
  const auditHeads = openAuditHeads(base);
  await auditHeads.link();
  await ensureFirstUser(db, config.adminPassword, { now: now(), passwordCost, showPassword });
  await setDefaultDestination(siteId, config.pacs, base);
  let phase: Phase = 'pipeline';
  const tools = { ...base, auditHeads, ...(await createTools(base)), phase: () => phase };
  await registerBuiltIn(db, tools.files, siteId, now());
  const dimse = dimseFeature(tools);
  const viewer = viewerFeature(tools);
  const foreign = composeForeign(tools);
  const features = [...composeFeatures(tools, viewer), foreign, dimse];
  await declarePipeline(jobs);
  await declareQueues(features, jobs);
  await settleRestore({ ...tools, keys: tools.pipeline.keys });
  const api = createApi(features, tools);
  return {
    api,
    web: createWeb(api, tools),
    viewer: viewer.web(foreign.reading),
    log,
    certificate: base.certificate,
    version: VERSION,
    async start() {
      begin('starting its work');
      await startPipeline(tools.pipeline, jobs);
      phase = 'features';
      await startFeatures(features, jobs, db);
      phase = 'audit-trail';
      await recordRunning(base, { event: 'gateway-started', version: VERSION });
      phase = 'running';
      await dimse.listener.open();
      await tellOfPacs(base);
      tools.room.watch();
    },
    warm() {
      const signal = AbortSignal.any([]);
      void ignoreFailure(engine.ready(signal), 'the first run says why');
    },
    async stop() {
      const wasStarted = phase === 'running';
      phase = 'stopping';
      await dimse.listener.close();
      await jobs.stop();
      await tools.room.stop();
      await stopFeatures(features);
      await tools.inference.examiner.close();
      await engine.close();
      if (wasStarted) {
        await recordRunning(base, { event: 'gateway-stopped' });
        // The head is signed but not shipped, because a receiver that does not answer would delay the end.
        await auditHeads.sign();
      }
      await database.close();
    },
  };
}

/** Logs what is wrong with the PACS for new studies. The start does not wait for it: studies are accepted, and wait. */
async function tellOfPacs({ db, siteId, pacsState, log }: Base): Promise<void> {
  // This reads only the rows, because the gateway must start even if the secrets are unreadable.
  const destinations = await listDestinations(db, siteId);
  for (const { kind, url } of destinations)
    if (kind !== 'folder' && isInClearText(url))
      log({ event: 'pacs-in-clear-text', pacs: withoutCredentials(url) });
  const primary = destinations.find(({ is_primary: isPrimary }) => isPrimary);
  if (primary === undefined) return;
  const of = { pacs: withoutCredentials(primary.url) };
  void pacsState().then((state) => {
    if (state === 'no-search') log({ event: 'pacs-does-not-search', ...of });
    if (state === 'no-retrieval') log({ event: 'pacs-does-not-give', ...of });
  });
}

type Base = Awaited<ReturnType<typeof openBase>>;
type Tools = Base &
  Awaited<ReturnType<typeof createTools>> & {
    readonly auditHeads: AuditHeads;
    readonly phase: () => Phase;
  };

/** A new feature adds its line here. */
function composeFeatures(tools: Tools, viewer: ViewerFeature): readonly Feature[] {
  const inference = inferenceFeature(tools.inference);
  const keysIn = (name: string) => createStudyKeys(tools.keys.wrapKey, join(tools.dataDir, 'keys', name));
  const { caseKeys } = tools;
  const kinds = kindsOfRules(tools);
  return [
    runningFeature(tools),
    authFeature(tools),
    auditFeature(tools),
    adminFeature({ ...tools, handBack: (trx, work) => promiseHandBack(tools, trx, work) }),
    { routes: [destinationRoutes({ ...tools, wakeWaiting: (id) => wakeWaiting(tools, id, ROAD) })] },
    { routes: [tusRoutes(tools.parcels, createFileReceiver(tools.spool, tools))] },
    viewer,
    uploadsFeature({ ...tools, streamJob: inference.streamJob }),
    studiesFeature({
      ...tools,
      viewersOf: createViewersOf(tools.db),
      builtInLink: viewer.builtInLink,
      isBlindToStudy: (caller, studyInstanceUID) => isBlindToStudy(tools.db, caller, studyInstanceUID),
      studiesOfPatient: createStudiesOfPatient(() => tools.destinations.primary(tools.siteId)),
    }),
    vaultFeature(tools),
    casesFeature({ ...tools, caseKeys }),
    reviewsFeature({ ...tools, caseKeys }),
    analyticsFeature(tools),
    exportsFeature({
      ...tools,
      caseKeys,
      exportKeys: keysIn('exports'),
      examiner: tools.inference.examiner,
    }),
    backupFeature({ ...tools, blobs: tools.blobs.path }),
    retentionFeature({
      ...tools,
      caseKeys,
      signDeletion: createDeletionSigner(tools.publicUrl, tools.keys.receipts),
    }),
    { routes: [storageRoutes({ ...tools, exportKeys: keysIn('exports') })] },
    sampleFeature({ ...tools, caseKeys, forget: tools.callers.forgetAccount }),
    worklistFeature({ ...tools, listKeys: keysIn('orders') }),
    modelsFeature(tools),
    inference,
    { routes: [ruleRoutes(tools, kinds), configurationRoutes({ ...tools, ...tools.namedSecrets, kinds })] },
    resultsFeature({ ...tools, examiner: tools.inference.examiner }),
  ];
}

const composeForeign = (tools: Tools): ForeignFeature =>
  foreignFeature({ ...tools, inPlace: createBodyPlaces(STORES_AT_ONCE) });

function databaseEvents(log: Log): ServerEvents {
  return {
    ended: (how) => log({ event: 'database-ended', how }),
    startedAgain: () => log({ event: 'database-back' }),
    notStarted: (error) => log({ event: 'database-not-back', ...describeError(error) }),
  };
}

/** The tools that every feature may build on: settings, surroundings and the adapters that the settings name. */
async function openBase(config: Config, around: Surroundings) {
  const { now, clock } = around;
  around.begin('opening its database');
  const log = createLog(around.write, now, around.isForJournal);
  const isReserved = around.database === null && config.database.kind === 'folder';
  if (await isHalfRestored(config.dataDir)) throw new HalfRestored(config.dataDir);
  const room = openRoom({ folder: config.dataDir, isReserved });
  await room.release();
  const upgrade = upgradeOf(VERSION, { ...config, ...around, log });
  const database = around.database ?? (await openDatabase(config.database, databaseEvents(log), upgrade));
  if (await isHalfFilled(database.db)) throw new HalfRestored(config.dataDir);
  const keys = openKeys(join(config.dataDir, 'keys'), clock);
  const parcelBlobs = await openFileBlobs(config.blobs.path);
  await refuseForeignParcels(database.db, parcelBlobs);
  const jobs = await createJobs(database, logJobs(log), around.pace);
  const seal = createSecretSeal(keys.secretFor('destinations'));
  const { db } = database;
  const siteId = await defaultSiteId(db);
  const destinations = openDestinations({ db, seal, open: pacsOpener(config, around) });
  const engine = around.engine ?? createOnnxEngine();
  const pacsState = remembered(
    createPacsState(() => destinations.primary(siteId), PACS_PATIENCE_MS),
    PACS_REMEMBERED_MS,
    clock,
  );
  const metrics = createMetrics({
    countJobs: () => jobs.counts(),
    isPacsUp: async () => ['ok', 'no-retrieval'].includes(await pacsState()),
    engineRestarts: () => engine.state().crashes,
    lastBackup: async () => (await readBackupPlan(db)).lastAt,
    version: VERSION,
  });
  return {
    ...config,
    ...around,
    version: VERSION,
    log,
    keys,
    database,
    db,
    siteId,
    seal,
    destinations,
    parcelBlobs,
    channel: async (name: string) => (await database.shared?.channel(name)) ?? null,
    // Health requests are not rate-limited, so they share one query.
    isDatabaseUp: oneAtATime(() => isUp(database.ping())),
    certificate: config.tls && openCertificate(config.tls, log),
    room,
    isFull: around.isFull ?? (() => room.isLow()),
    jobs,
    pacs: createStudyPacs(destinations, siteId),
    pacsState,
    engine,
    metrics,
    policyKey: keys.policyKey,
    viewerPackage: around.viewerPackage ?? ohifPackage(config.viewer?.package ?? null),
  };
}

/** The viewers of the destination to which the study was first promised. */
const createViewersOf =
  (db: Db): StudiesFeatureTools['viewersOf'] =>
  async (site_id, study_instance_uid) =>
    (await destinationOfStudy(db, { site_id, study_instance_uid, destination_id: null }))?.viewers ?? [];

function pacsOpener({ pacsProxy: proxy, folderRoot, blocked }: Config, { pacs, clock }: Surroundings) {
  return (connection: PacsConnection): Pacs =>
    createGuardedPacs(pacs ?? openPacsAt(connection, { proxy, clock, folderRoot, blocked }));
}

/** Tools that several features share. */
async function createTools(base: Base) {
  const { dataDir, keys } = base;
  const pipeline = await createPipelineTools(base);
  const sealing: SealingKeys = {
    get: (kid) => keys.sealingKey(kid)?.toCryptoKey('X25519', false, ['deriveBits']) as CryptoKey | undefined,
  };
  const parcels = createParcelReceiver(pipeline, {
    expiresAfterMs: base.uploadExpiresHours * 3_600_000,
    sealing,
  });
  const files = openModelFiles(BUILT_IN_MODELS, join(dataDir, 'models'));
  const spool = {
    ...pipeline,
    blobs: await openFileBlobs(join(dataDir, 'files')),
    keys: createStudyKeys(keys.wrapKey, join(dataDir, 'keys', 'files')),
  };
  const road = createResultSender({ ...base, pipeline, parcels });
  const inputBlobs = await openFileBlobs(join(dataDir, 'inputs'));
  const caseKeys = createStudyKeys(keys.wrapKey, join(dataDir, 'keys', 'cases'));
  const caseTools = { ...base, seal: createCaseSeal(caseKeys, keys.secretFor(PRINTS)) };
  const openCases: InferenceTools['openCases'] = (of, signal) => openByRules(caseTools, of, signal);
  return {
    caseKeys,
    exportBlobs: await openFileBlobs(join(dataDir, 'exports')),
    pipeline,
    parcels,
    spool,
    sealing,
    files,
    road,
    callers: await openCallers(base),
    attempts: createAttempts(base.rateLimit !== null, base.clock),
    inference: await openInferenceTools({ ...base, files, road, inputBlobs, openCases }),
  };
}

async function createPipelineTools(base: Base): Promise<PipelineTools> {
  const { keys, database } = base;
  return {
    db: base.db,
    jobs: base.jobs,
    pacsOf: createPacsOf(base),
    patience: { lagMinutes: base.pacsLagMinutes, pauses: PAUSES },
    proof: base.pacsProof,
    metrics: base.metrics,
    log: base.log,
    blobs: base.parcelBlobs,
    keys: createStudyKeys(keys.wrapKey, join(base.dataDir, 'keys', 'studies')),
    policyKey: keys.policyKey,
    restore: createRestoreThread(),
    check: createCheckThread(),
    coerce: createCoerceThread(),
    signReceipt: createReceiptSigner(keys.receipts),
    issuer: base.publicUrl,
    locks: database.shared?.locks ?? null,
    changes: createStudyChanges(await base.channel('relaypacs_studies')),
    now: base.now,
    newId: base.newId,
  };
}
