/**
 * A pipeline for tests with real parts: a database, jobs, blobs in a folder of their own, the routes of an
 * upload, and a PACS that the test brings. With `start: false` nothing runs by itself: the test runs each
 * stage, as often and in whatever order it likes.
 */
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import type { Role, SealingKey, UploadStatus } from '#shared/protocol/api.ts';
import type { Manifest, ManifestAnswer, ManifestInstance } from '#shared/protocol/manifest.ts';
import { restoreInstance } from '#shared/transfer/coding/restore-instance.ts';
import { createSealer, SEALED_RECORD_BYTES } from '#shared/transfer/seal.ts';
import { createBoundary, packParcel, type PackedInstance } from '#shared/transfer/parcel.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import type { Database, Db } from '../database/database.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { problemHandler } from '../http/problem-handler.ts';
import { createRouter, type Caller } from '../http/route.ts';
import { createJobs, type Jobs } from '../jobs/jobs.ts';
import type { LogEvent } from '../observability/log.ts';
import { openFileBlobs } from '../ports/blobs/file-blobs.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { eventRoutes } from '../uploads/events.routes.ts';
import { createParcelReceiver } from '../pipeline/intake/receive-parcel.ts';
import { tusRoutes } from '../pipeline/intake/tus.routes.ts';
import { uploadRoutes } from '../uploads/upload.routes.ts';
import { ROAD, runParcel, runStudyStage, startPipeline } from '../pipeline/pipeline.ts';
import { createReceiptSigner } from '../pipeline/receipt/sign-receipt.ts';
import { createStudyChanges } from '../pipeline/announce-changes.ts';
import { createStudyKeys } from '../pipeline/study-key.ts';
import type { PipelineTools, Restore } from '../pipeline/pipeline-tools.ts';
import { openTestDatabase } from './open-database.ts';

export const PROJECT_KEY = new Uint8Array(32).fill(7);

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export function toManifest(
  instances: readonly SyntheticInstance[],
  policy = 'identified',
  more: Partial<ManifestInstance> = {},
): Manifest {
  return {
    protocolVersion: 1,
    policy: { name: policy, version: 1 },
    studyInstanceUID: instances[0]!.identifiers.studyInstanceUID,
    instances: instances.map(({ identifiers, transferSyntaxUID, bytes }) => ({
      sopInstanceUID: identifiers.sopInstanceUID,
      seriesInstanceUID: identifiers.seriesInstanceUID,
      sopClassUID: identifiers.sopClassUID,
      transferSyntaxUID,
      bytes: bytes.length,
      digest: digestOf(bytes),
      ...more,
    })),
  };
}

/** `isCoded`: of the instances, in their order, which ones travel deflated. */
export async function packed(
  instances: readonly SyntheticInstance[],
  isCoded: (index: number) => boolean = () => false,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts = instances.map(
    ({ identifiers, transferSyntaxUID, bytes }, i): PackedInstance => ({
      sopInstanceUID: identifiers.sopInstanceUID,
      digest: digestOf(bytes),
      transferSyntaxUID,
      bytes: new Blob([bytes]),
      ...(isCoded(i) ? { coding: { encoding: 'deflate', bytes: new Blob([deflateSync(bytes)]) } } : {}),
    }),
  );
  return new Uint8Array(await packParcel(createBoundary(), parts).arrayBuffer());
}

export type SealedBytes = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly seal: { readonly keyId: string; readonly enc: string };
};

/** A parcel's body as a device seals it. */
export async function sealedBytes(plain: Uint8Array, key: SealingKey, parcel: string): Promise<SealedBytes> {
  const sealer = await createSealer(key, parcel);
  const records: Uint8Array[] = [];
  for (let at = 0; at < plain.length; at += SEALED_RECORD_BYTES) {
    records.push(
      await sealer.seal(
        plain.subarray(at, at + SEALED_RECORD_BYTES),
        records.length,
        at + SEALED_RECORD_BYTES >= plain.length,
      ),
    );
  }
  return { bytes: new Uint8Array(Buffer.concat(records)), seal: { keyId: key.kid, enc: sealer.enc } };
}

/**
 * What several pipelines can share, for starting it takes a second: a database, and the queues that nobody
 * works on.
 */
export type TestGround = {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly failures: unknown[];
  close(): Promise<void>;
};

export async function openTestGround(opened?: Database): Promise<TestGround> {
  const database = opened ?? (await openTestDatabase());
  const failures: unknown[] = [];
  const jobs = await createJobs(database, {
    failed: (_queue, _id, _attempt, error) => void failures.push(error),
    trouble: (error) => void failures.push(error),
  });
  for (const queue of ['verify', ...ROAD.map(({ stage }) => stage), 'expiry', 'inference'])
    await jobs.declare(queue);
  const close = async () => {
    await jobs.stop();
    await database.close();
  };
  return { database, jobs, failures, close };
}

/** Without a thread: a test starts many pipelines. */
export const restoreHere: Restore = (source, encoding, bytes, signal) =>
  restoreInstance(source, encoding, bytes, { signal });

/** A key pair that devices seal to, and what the gateway opens with. */
export type TestSealing = {
  readonly sealing: ReadonlyMap<string, CryptoKey>;
  readonly sealingKey: SealingKey;
};

export function createTestSealing(kid: string = randomUUID()): TestSealing {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return {
    sealing: new Map([[kid, privateKey.toCryptoKey('X25519', false, ['deriveBits'])]]),
    sealingKey: { kid, kty: 'OKP', crv: 'X25519', x },
  };
}

export type TestPipeline = Awaited<ReturnType<typeof openTestPipeline>>;

export type TestPipelineOptions = {
  readonly pacs: Pacs;
  readonly start?: boolean;
  readonly ground?: TestGround;
  readonly roles?: Role[];
  readonly now?: () => Date;
  readonly sealing?: TestSealing;
  readonly expiresAfterMs?: number;
  /** In the place of the real parts. */
  readonly tools?: Partial<PipelineTools>;
};

export async function openTestPipeline(options: TestPipelineOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'relay-pipeline-'));
  const ground = options.ground ?? (await openTestGround());
  const { database, jobs, failures } = ground;
  const lines: LogEvent[] = [];
  const receiptKey = generateKeyPairSync('ed25519');
  const tools: PipelineTools = {
    db: database.db,
    jobs,
    pacs: options.pacs,
    blobs: await openFileBlobs(join(folder, 'spool')),
    keys: createStudyKeys(randomBytes(32), join(folder, 'keys')),
    locks: database.shared?.locks ?? null,
    pseudonyms: await createPseudonyms(PROJECT_KEY),
    restore: restoreHere,
    signReceipt: createReceiptSigner({ kid: 'test', privateKey: receiptKey.privateKey }),
    issuer: 'http://localhost:3000',
    log: (line) => void lines.push(line),
    metrics: { stage: () => undefined, instances: () => undefined, bytes: () => undefined },
    changes: createStudyChanges(),
    now: options.now ?? (() => new Date()),
    newId: randomUUID,
    ...options.tools,
  };
  if (options.start !== false) await startPipeline(tools, jobs);
  // A site of its own: many tests share a database.
  const site = await database.db
    .insertInto('site')
    .values({ name: 'test' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const account = await database.db
    .insertInto('account')
    .values({
      site_id: site.id,
      username: `t-${randomUUID()}`,
      roles: ['technician'],
      password_hash: '',
      disabled_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();

  let caller: Caller = {
    id: account.id,
    username: 't',
    roles: options.roles ?? ['technician'],
    siteId: site.id,
    scheme: 'bearer',
    scope: 'session',
    device: null,
  };
  const { sealing, sealingKey } = options.sealing ?? createTestSealing();
  const parcels = createParcelReceiver(tools, {
    expiresAfterMs: options.expiresAfterMs ?? 7 * 24 * 3_600_000,
    sealing,
  });
  const app = createRouter();
  app.use(async (c, next) => {
    c.set('caller', caller);
    c.set('correlationId', 'test');
    await next();
  });
  app.route(
    '/',
    uploadRoutes({
      tools,
      parcels,
      defaultPolicy: 'deidentified',
      project: { key: PROJECT_KEY, id: 'test' },
      sealingKey,
    }),
  );
  app.route('/', tusRoutes(parcels));
  app.route(
    '/',
    eventRoutes(tools, () => Promise.reject(new Problem('not-found'))),
  );
  app.onError((error, c) => {
    if (!('code' in error)) failures.push(error);
    return problemHandler(
      (line) => void lines.push(line),
      async () => true,
    )(error, c);
  });

  const request = (
    method: string,
    path: string,
    body?: RequestInit['body'],
    headers: Record<string, string> = {},
  ) => Promise.resolve(app.request(path, { method, headers, body: body ?? null }));
  const json = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await request(method, path, body === undefined ? null : JSON.stringify(body), {
      'content-type': 'application/json',
    });
    return (await response.json()) as T;
  };
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const tus = { 'tus-resumable': '1.0.0' };

  const pipeline = {
    tools,
    jobs,
    parcels,
    app,
    lines,
    failures,
    request,
    json,
    receiptKey: receiptKey.publicKey,
    siteId: site.id,
    /** `device`: by the right to send of this one; else signed in. */
    actAs(id: string, roles: Role[], device: string | null = null, siteId: string = site.id) {
      const user = { id, username: 't', roles, siteId, scheme: 'bearer' } as const;
      caller = device === null ? { ...user, scope: 'session', device } : { ...user, scope: 'upload', device };
    },
    accountId: account.id,
    init: (manifest: Manifest) => json<ManifestAnswer>('POST', '/upload/init', manifest),
    sealingKey,
    /** `seal`: of a sealed parcel; `body`: what comes with the creation. */
    create: (
      upload: string,
      parcel: string,
      bytes: number,
      seal?: SealedBytes['seal'],
      body?: RequestInit['body'],
    ) => {
      const metadata = [
        `upload ${base64(upload)}`,
        `parcel ${base64(parcel)}`,
        ...(seal ? [`seal ${base64(seal.keyId)}`, `enc ${seal.enc}`] : []),
      ].join();
      const type: Record<string, string> = body ? { 'content-type': 'application/offset+octet-stream' } : {};
      return request('POST', '/upload/files', body ?? null, {
        ...tus,
        ...type,
        'upload-length': String(bytes),
        'upload-metadata': metadata,
      });
    },
    head: (location: string) => request('HEAD', `/upload/${location}`, null, tus),
    patch: (
      location: string,
      offset: number,
      body: RequestInit['body'],
      headers: Record<string, string> = {},
    ) =>
      request('PATCH', `/upload/${location}`, body, {
        ...tus,
        'upload-offset': String(offset),
        'content-type': 'application/offset+octet-stream',
        ...headers,
      }),
    /** One parcel, created and sent whole; its location. */
    async send(
      upload: string,
      instances: readonly SyntheticInstance[],
      parcel: string = randomUUID(),
    ): Promise<string> {
      return pipeline.sendBytes(upload, await packed(instances), parcel);
    },
    /** The same as a device sends it that keeps its parcels sealed. */
    async sendSealed(
      upload: string,
      plain: Uint8Array,
      parcel: string = randomUUID(),
      spoil: (sealed: Uint8Array) => void = () => undefined,
    ): Promise<string> {
      const { bytes, seal } = await sealedBytes(plain, sealingKey, parcel);
      spoil(bytes);
      const created = await pipeline.create(upload, parcel, bytes.length, seal);
      const location = created.headers.get('location') ?? '';
      await pipeline.patch(location, 0, bytes);
      return location;
    },
    async sendBytes(
      upload: string,
      bytes: Uint8Array<ArrayBuffer>,
      parcel: string = randomUUID(),
    ): Promise<string> {
      const created = await pipeline.create(upload, parcel, bytes.length);
      const location = created.headers.get('location') ?? '';
      await pipeline.patch(location, 0, bytes);
      return location;
    },
    status: (upload: string) => json<UploadStatus>('GET', `/upload/${upload}/status?instances=1`),
    /** Runs every stage that has something to do, until none has. */
    async runAll(): Promise<void> {
      const signal = new AbortController().signal;
      for (let round = 0; round < 30; round += 1) {
        const parcels = await tools.db
          .selectFrom('parcel')
          .select('id')
          .where('state', '=', 'received')
          .where('site_id', '=', site.id)
          .execute();
        for (const { id } of parcels) await runParcel(id, tools, signal);
        const before = await states();
        const studies = await tools.db
          .selectFrom('study')
          .select('id')
          .where('site_id', '=', site.id)
          .execute();
        for (const { id } of studies) for (const entry of ROAD) await runStudyStage(entry, id, tools, signal);
        if ((await states()) === before) return;
      }
    },
    /** Runs one stage once; the study's state after it. */
    async run(
      stage: (typeof ROAD)[number]['stage'],
      studyId: string,
      with_: PipelineTools = tools,
    ): Promise<string | undefined> {
      await runStudyStage(
        ROAD.find((entry) => entry.stage === stage)!,
        studyId,
        with_,
        new AbortController().signal,
      );
      return (await tools.db.selectFrom('study').select('state').where('id', '=', studyId).executeTakeFirst())
        ?.state;
    },
    async until(upload: string, reached: (status: UploadStatus) => boolean): Promise<UploadStatus> {
      const { promise, resolve } = Promise.withResolvers<UploadStatus>();
      const look = async () => {
        const status = await pipeline.status(upload);
        if (reached(status)) resolve(status);
      };
      const unsubscribe = tools.changes.subscribe(() => void look());
      await look();
      return promise.finally(unsubscribe);
    },
    async close() {
      if (options.ground === undefined) await ground.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  const states = async () =>
    JSON.stringify([
      await tools.db
        .selectFrom('study')
        .select(['id', 'state', 'revision'])
        .where('site_id', '=', site.id)
        .orderBy('id')
        .execute(),
      await tools.db
        .selectFrom('instance')
        .select(['state', (of) => of.fn.sum('attempts').as('attempts')])
        .where('site_id', '=', site.id)
        .groupBy('state')
        .orderBy('state')
        .execute(),
    ]);
  return pipeline;
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
