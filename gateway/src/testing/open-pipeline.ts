/**
 * A pipeline for tests with real parts: a database, jobs, blobs in a folder of their own, the routes of an
 * upload, and a PACS that the test brings. With `start: false` nothing runs unasked: the test runs each
 * stage, as often and in whatever order it likes.
 */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role, SealingKey, UploadStatus } from '#shared/protocol/api.ts';
import { restoreInstance } from '#shared/transfer/coding/restore-instance.ts';
import type { Database, Db } from '../database/database.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { problemHandler } from '../http/problem-handler.ts';
import { createRouter, type Caller, type Router } from '../http/route.ts';
import { createJobs, type JobEvents, type Jobs } from '../jobs/jobs.ts';
import type { Pace } from '../jobs/pace.ts';
import type { LogEvent } from '../observability/log.ts';
import { openFileBlobs } from '../ports/blobs/file-blobs.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { carriedRoutes } from '../uploads/carried.routes.ts';
import { eventRoutes } from '../uploads/events.routes.ts';
import type { InPlace } from '../pipeline/intake/body-places.ts';
import { createTakings } from '../pipeline/pacs/takings.ts';
import { createFileReceiver } from '../pipeline/intake/receive-file.ts';
import { createParcelReceiver, type ParcelReceiver } from '../pipeline/intake/receive-parcel.ts';
import { tusRoutes } from '../pipeline/intake/tus.routes.ts';
import { createEvaluateThread } from '../uploads/evaluate-thread.ts';
import { createPostedReader } from '../uploads/read-posted.ts';
import { inPacsRoutes } from '../uploads/in-pacs.routes.ts';
import { pseudonymRoutes } from '../uploads/pseudonyms.routes.ts';
import { uploadRoutes } from '../uploads/upload.routes.ts';
import { coerceFile } from '../pipeline/copies/coerce-file.ts';
import { runCopy } from '../pipeline/copies/run-copy.ts';
import {
  declarePipeline,
  LOOK_BACK,
  ROAD,
  runNextStage,
  runParcel,
  runStudyStage,
  startPipeline,
  type StudyStage,
} from '../pipeline/pipeline.ts';
import { createReceiptSigner } from '../pipeline/receipt/sign-receipt.ts';
import { createPseudonymThread } from '../studies/pseudonym-thread.ts';
import { createSheetThread } from '../studies/sheet-thread.ts';
import { createSheetSigner, type SheetSigner } from '../studies/sign-sheet.ts';
import { studyRoutes } from '../studies/studies.routes.ts';
import { createStudyChanges } from '../pipeline/plan/announce-changes.ts';
import { createStudyKeys } from '../pipeline/stores/study-key.ts';
import type {
  CheckInstance,
  CoerceFile,
  PipelineTools,
  StudyTools,
  Restore,
} from '../pipeline/plan/pipeline-tools.ts';
import { toVerifyRules, verifyInstance } from '../pipeline/verify/verify-instance.ts';
import { derivePolicyKey, type NamedKey, type PolicyKey } from '#shared/transfer/policy-key.ts';
import { openTestDatabase } from './open-database.ts';
import { createUploadClient } from './upload-client.ts';

export const PSEUDONYMS_SEED = 7;
export const policyKeyHere = (of: NamedKey): Promise<PolicyKey> =>
  derivePolicyKey(new Uint8Array(32).fill(PSEUDONYMS_SEED), of);

/**
 * Parts that several pipelines share, since starting them takes a second: a database, and queues without
 * workers.
 */
export type TestGround = {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly failures: unknown[];
  close(): Promise<void>;
};

/** No test runs for so long: what the clock removes, a test removes by its own call (`runExpiry`). */
const NO_CLOCKS = { clocksAfterSeconds: 86_400 };

export async function openTestGround(opened?: Database, pace?: Partial<Pace>): Promise<TestGround> {
  const database = opened ?? (await openTestDatabase());
  const failures: unknown[] = [];
  const events: JobEvents = {
    failed: (_queue, _id, _attempt, error) => void failures.push(error),
    trouble: (error) => void failures.push(error),
  };
  const jobs = await createJobs(database, events, { ...NO_CLOCKS, ...pace });
  await declarePipeline(jobs);
  const close = async () => {
    await jobs.stop();
    await database.close();
  };
  return { database, jobs, failures, close };
}

/** Without a thread: a test starts many pipelines. */
export const restoreHere: Restore = (source, { encoding, bytes }, { signal }) =>
  restoreInstance(source, encoding, bytes, { signal });

/** Without a thread, as `restoreHere`. */
export const checkHere: CheckInstance = async (source, promised, rules, { signal }) =>
  verifyInstance(source, promised, await toVerifyRules(rules), signal);

/** Without a thread, as `restoreHere`. */
export const coerceHere: CoerceFile = (file, wanted, { signal }) => coerceFile(file, wanted, signal);

/** A key pair that devices seal to, and what the gateway opens with. */
export type TestSealing = {
  readonly sealing: ReadonlyMap<string, CryptoKey>;
  readonly sealingKey: SealingKey;
};

export function createTestSealing(kid: string = randomUUID()): TestSealing {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return {
    // Tests of the page see the browser's type.
    sealing: new Map([[kid, privateKey.toCryptoKey('X25519', false, ['deriveBits']) as CryptoKey]]),
    sealingKey: { kid, kty: 'OKP', crv: 'X25519', x },
  };
}

/** Tools in which one PACS, which a test may change, takes every study. */
export type TestTools = StudyTools & { pacs: Pacs };

export type TestPipeline = Awaited<ReturnType<typeof openTestPipeline>>;

export type TestPipelineOptions = {
  readonly pacs: Pacs;
  readonly start?: boolean;
  readonly ground?: TestGround;
  readonly pace?: Partial<Pace>;
  readonly roles?: Role[];
  readonly now?: () => Date;
  readonly sealing?: TestSealing;
  readonly expiresAfterMs?: number;
  readonly inPlace?: InPlace;
  /** In the place of the real parts. */
  readonly tools?: Partial<PipelineTools>;
};

export async function openTestPipeline(options: TestPipelineOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'relay-pipeline-'));
  const ground = options.ground ?? (await openTestGround(undefined, options.pace));
  const { jobs, failures } = ground;
  const lines: LogEvent[] = [];
  const receiptKey = generateKeyPairSync('ed25519');
  const signer = { kid: 'test', privateKey: receiptKey.privateKey };
  const tools = await createTools(options, ground, folder, {
    log: (line) => void lines.push(line),
    signReceipt: createReceiptSigner(signer),
  });
  await declarePipeline(jobs);
  if (options.start !== false) await startPipeline(tools, jobs);
  const { siteId, accountId } = await addAccount(tools.db);
  const { sealing, sealingKey } = options.sealing ?? createTestSealing();
  const parcels = createParcelReceiver(tools, {
    expiresAfterMs: options.expiresAfterMs ?? 7 * 24 * 3_600_000,
    sealing,
    inPlace: options.inPlace,
  });
  const user = { username: 't', scheme: 'bearer', epoch: 0 } as const;
  const roles = options.roles ?? ['technician'];
  let caller: Caller = { ...user, id: accountId, roles, siteId, scope: 'session', device: null };
  const signSheet = createSheetSigner(signer);
  const keys = { sealing, sealingKey, signSheet };
  const app = createApp({ tools, parcels, ...keys, lines, failures, callerOf: () => caller });
  const client = createUploadClient(app, sealingKey);
  return {
    ...client,
    ...createRunner(tools, siteId),
    tools,
    jobs,
    parcels,
    app,
    lines,
    failures,
    receiptKey: receiptKey.publicKey,
    siteId,
    accountId,
    sealingKey,
    signSheet,
    /** The folder of the blobs. */
    spool: join(folder, 'spool'),
    /** `device`: by the right to send of this one; else signed in. */
    actAs(id: string, roles: Role[], device: string | null = null, site: string = siteId) {
      const signedIn = { ...user, id, roles, siteId: site } as const;
      caller =
        device === null
          ? { ...signedIn, scope: 'session', device }
          : { ...signedIn, scope: 'upload', device };
    },
    until: (upload: string, reached: (status: UploadStatus) => boolean) =>
      untilReached(tools, () => client.status(upload), reached),
    async close() {
      if (options.ground === undefined) await ground.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The first status of which it is true, looked at with each change. */
async function untilReached(
  { changes }: Pick<PipelineTools, 'changes'>,
  statusNow: () => Promise<UploadStatus>,
  reached: (status: UploadStatus) => boolean,
): Promise<UploadStatus> {
  const { promise, resolve } = Promise.withResolvers<UploadStatus>();
  const look = async () => {
    const status = await statusNow();
    if (reached(status)) resolve(status);
  };
  const unsubscribe = changes.subscribe(() => void look());
  await look();
  return promise.finally(unsubscribe);
}

async function createTools(
  options: TestPipelineOptions,
  { database, jobs }: TestGround,
  folder: string,
  own: Pick<PipelineTools, 'log' | 'signReceipt'>,
): Promise<TestTools> {
  const tools: TestTools = {
    db: database.db,
    jobs,
    pacs: options.pacs,
    pacsOf: async () => tools,
    // Nothing is waited for: a test that is about waiting brings its own.
    patience: { lagMinutes: 0, pauses: [0] },
    takings: createTakings(),
    proof: null,
    blobs: await openFileBlobs(join(folder, 'spool')),
    keys: createStudyKeys(randomBytes(32), join(folder, 'keys')),
    locks: database.shared?.locks ?? null,
    policyKey: policyKeyHere,
    restore: restoreHere,
    check: checkHere,
    coerce: coerceHere,
    issuer: 'http://localhost:3000',
    metrics: { stage: () => undefined, instances: () => undefined, bytes: () => undefined },
    changes: createStudyChanges(),
    now: options.now ?? (() => new Date()),
    newId: randomUUID,
    ...own,
    ...options.tools,
  };
  return tools;
}

/** At a site of its own: many tests share a database. */
async function addAccount(db: Db): Promise<{ siteId: string; accountId: string }> {
  const { id: siteId } = await db
    .insertInto('site')
    .values({ name: 'test' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const { id: accountId } = await db
    .insertInto('account')
    .values({
      site_id: siteId,
      username: `t-${randomUUID()}`,
      roles: ['technician'],
      password_hash: '',
      disabled_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { siteId, accountId };
}

type AppParts = {
  readonly tools: TestTools;
  readonly parcels: ParcelReceiver;
  readonly sealing: TestSealing['sealing'];
  readonly sealingKey: SealingKey;
  readonly signSheet: SheetSigner;
  readonly lines: LogEvent[];
  readonly failures: unknown[];
  readonly callerOf: () => Caller;
};

function createApp(parts: AppParts): Router {
  const { tools, parcels, sealing, sealingKey, signSheet, lines, failures, callerOf } = parts;
  const readPosted = createPostedReader();
  const app = createRouter();
  app.use(async (c, next) => {
    c.set('caller', callerOf());
    c.set('correlationId', 'test');
    await next();
  });
  const routers = [
    uploadRoutes({
      tools,
      parcels,
      defaultPolicy: 'deidentified',
      labelHours: 12,
      lockMinutes: 15,
      sealingKey,
      readPosted,
    }),
    carriedRoutes({ tools, sealing, readPosted }),
    inPacsRoutes(tools),
    pseudonymRoutes(tools, createEvaluateThread()),
    tusRoutes(parcels, createFileReceiver(tools, { uploadExpiresHours: 1, policy: 'deidentified' })),
    studyRoutes({
      db: tools.db,
      now: tools.now,
      pacs: tools.pacs,
      builtInLink: async () => null,
      isBlindToStudy: async () => false,
      studiesOfPatient: {
        numbered: async () => [],
        namedOrNumbered: async () => ({ studies: [], isCut: false }),
      },
      viewersOf: async () => [{ title: 'Stone', address: 'https://stone.test/{StudyInstanceUID}' }],
      readPatientId: createPseudonymThread(),
      assembleSheet: createSheetThread(),
      signSheet,
    }),
    eventRoutes(tools, () => Promise.reject(new Problem('not-found'))),
  ];
  for (const router of routers) app.route('/', router);
  app.onError((error, c) => {
    if (!('code' in error)) failures.push(error);
    return problemHandler(
      (line) => void lines.push(line),
      async () => true,
    )(error, c);
  });
  return app;
}

function createRunner(tools: PipelineTools, siteId: string) {
  const { db } = tools;
  const { signal } = new AbortController();
  const runParcels = async (): Promise<void> => {
    const parcels = await db
      .selectFrom('parcel')
      .select('id')
      .where('state', '=', 'received')
      .where('site_id', '=', siteId)
      .execute();
    for (const { id } of parcels) await runParcel(id, tools, signal);
  };
  return {
    /** Verifies every parcel that is complete. */
    runParcels,
    /** Runs every stage that has something to do, until none has. */
    async runAll(): Promise<void> {
      for (let round = 0; round < 30; round += 1) {
        await runParcels();
        const before = await describeStates(db, siteId);
        const studies = await db.selectFrom('study').select('id').where('site_id', '=', siteId).execute();
        for (const { id } of studies) {
          await runCopy(id, tools, signal, runNextStage);
          for (const entry of ROAD) await runStudyStage(entry, id, tools, signal);
        }
        if ((await describeStates(db, siteId)) === before) return;
      }
    },
    /** Runs one stage once; the study's state after it. */
    async run(
      stage: StudyStage['stage'],
      studyId: string,
      with_: PipelineTools = tools,
    ): Promise<string | undefined> {
      const entry = [LOOK_BACK, ...ROAD].find((one) => one.stage === stage)!;
      await runStudyStage(entry, studyId, with_, signal);
      const study = await db.selectFrom('study').select('state').where('id', '=', studyId).executeTakeFirst();
      return study?.state;
    },
  };
}

/** The studies' states and how often instances were tried, to see whether anything still moves. */
async function describeStates(db: Db, siteId: string): Promise<string> {
  const studies = await db
    .selectFrom('study')
    .select(['id', 'state', 'revision'])
    .where('site_id', '=', siteId)
    .orderBy('id')
    .execute();
  const instances = await db
    .selectFrom('instance')
    .select(['state', (of) => of.fn.countAll().as('count'), (of) => of.fn.sum('damages').as('damages')])
    .select([(of) => of.fn.sum('losses').as('losses'), (of) => of.fn.sum('offers').as('offers')])
    .where('site_id', '=', siteId)
    .groupBy('state')
    .orderBy('state')
    .execute();
  return JSON.stringify([studies, instances]);
}

/**
 * A database of a gateway that dies before a commit: the transactions before the `nth` are committed, that
 * one does all it does and is rolled back, and so is every later one.
 */
export function rollingBack<T extends Db>(db: T, nth = 0): T {
  let left = nth;
  return new Proxy(db, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      // Bound: Kysely keeps its parts in private fields, which a proxy does not have.
      if (name !== 'transaction') return typeof value === 'function' ? value.bind(target) : value;
      return () => ({
        execute: (work: (trx: unknown) => Promise<unknown>) =>
          target.transaction().execute(async (trx) => {
            const done = await work(trx);
            left -= 1;
            if (left < 0) throw new Error('killed');
            return done;
          }),
      });
    },
  });
}
