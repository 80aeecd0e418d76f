/**
 * For the tests of the upload page's store: a device in memory whose workers run in the same thread, with a
 * hook before and after each task.
 */
import { signal } from '@preact/signals';
import type { Box } from '#shared/dicom/boxes.ts';
import { blobSource } from '#shared/dicom/byte-source.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import type { Policy } from '#shared/protocol/api.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { parseBase64Url, toBase64Url } from '#shared/transfer/base64url.ts';
import { loadCharls } from '#shared/transfer/coding/load-charls.ts';
import { evaluateBlinded, importEvaluationKey } from '#shared/transfer/oblivious-prf.ts';
import { readParcel } from '#shared/transfer/parcel.ts';
import { derivePolicyKey } from '#shared/transfer/policy-key.ts';
import type { SyntheticStudy } from '#testing/synthetic-study.ts';
import type { DecisionTools } from '../pipeline/queue/rows/decide-study.ts';
import type { KnownPolicies } from '../pipeline/queue/rows/device-notes.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import {
  decisionTools,
  makeSealingKeys,
  openDevice,
  openParcel,
  queueOver,
  type TestDevice,
  type TestKeys,
} from './open-queue.ts';
import type { ResultOf, Task } from '../pipeline/ingest/workers/device-tasks.ts';
import type { IngestTools } from '../pipeline/ingest/ingest-state.ts';
import type { IngestStore } from '../pipeline/ingest/found/found-study.ts';
import type { FoundFile } from '../pipeline/ingest/found/group-studies.ts';
import { createIngestStore } from '../pipeline/ingest/ingest.store.ts';
import type { PseudonymsAnswer } from '../pipeline/ingest/prepare/prepare-policy.ts';
import { createTaskRunner } from '../pipeline/ingest/workers/task-runner.ts';
import type { WorkerPool } from '../pipeline/ingest/workers/worker-pool.ts';

/** The gateway's key under its policy `deidentified`. */
export const POLICY_KEY = await derivePolicyKey(new Uint8Array(32).fill(7), {
  name: 'deidentified',
  key: 1,
});

const ROLES = ['admin' as const];
export const IDENTIFIED = { name: 'identified', version: 1, deidentify: false, options: [], roles: ROLES };
export const DEIDENTIFIED = { name: 'deidentified', version: 1, deidentify: true, options: [], roles: ROLES };

export function filesOf(study: SyntheticStudy, folder = ''): File[] {
  return study.instances.map(({ bytes, fileName }) => inFolder(new File([bytes], fileName), folder));
}

/** The file with its path as `webkitdirectory` gives it. */
export function inFolder(file: File, folder: string): File {
  if (folder !== '') Object.defineProperty(file, 'webkitRelativePath', { value: `${folder}/${file.name}` });
  return file;
}

export interface TestIngestOptions {
  readonly chosen?: Policy;
  /** Whether this person's device makes pseudonyms without the gateway; by default it does. */
  readonly holdsKey?: boolean;
  readonly room?: number | null;
  readonly device?: TestDevice;
  readonly decisions?: Partial<DecisionTools>;
  readonly tools?: Partial<IngestTools>;
}

/** A test may release without a screen on which a person looks. */
type TestIngest = IngestStore & {
  release(files: readonly FoundFile[], boxes?: readonly Box[]): void;
};

export async function openIngest(options: TestIngestOptions = {}) {
  const opened = options.device ?? (await openDevice());
  const { database } = opened;
  const { pool, hooks } = poolBeside(database);
  const keys = await makeSealingKeys();
  const policies = await policiesWith(options.chosen ?? IDENTIFIED, keys, options.holdsKey ?? true);
  let announced = 0;
  const store = createIngestStore({
    ...deviceTools(options.room ?? null),
    database,
    key: Promise.resolve(opened.key),
    pool,
    policies,
    decisions: decisionTools({ database }, options.decisions),
    onQueued() {
      announced += 1;
    },
    ...options.tools,
  });
  return {
    ...opened,
    store: store as TestIngest,
    queue: queueOver(opened),
    hooks,
    keys,
    policies,
    pool,
    announced: () => announced,
  };
}

/** A later page of the device, on which these files are chosen. */
export async function chooseOn(device: TestDevice, files: readonly File[], options: TestIngestOptions = {}) {
  const page = await openIngest({ chosen: DEIDENTIFIED, device, ...options });
  await page.store.addFiles([...files]);
  return page;
}

/** All files of a study on the page. */
export const foundOf = ({ inspection }: Pick<IngestStore, 'inspection'>, studyInstanceUID: string) =>
  inspection.seriesOf(studyInstanceUID).flatMap(({ files }) => files);

/** The instances of the only study in the queue, as the gateway reads them. */
export async function queuedInstances({
  queue,
  keys,
}: Pick<Awaited<ReturnType<typeof openIngest>>, 'queue' | 'keys'>) {
  const [pending] = await queue.pending();
  const found: ParsedInstance[] = [];
  for await (const parcel of queue.parcelsFor(pending!.id, (await queue.manifestOf(pending!.id)).instances)) {
    const body = await openParcel(parcel, keys);
    for await (const { range } of readParcel(blobSource(body))) {
      const read = await readInstance(blobSource(body.slice(range.offset, range.offset + range.length)));
      if (read.kind !== 'ready') throw new Error(read.because);
      found.push(read.instance);
    }
  }
  return found;
}

/** Everything that was sent is in the PACS. */
export async function deliver({ database }: Pick<TestDevice, 'database'>): Promise<void> {
  await database.studies.toCollection().modify({ state: 'done', uploadId: 'upload' });
  await database.instances.toCollection().modify({ state: 'stored' });
}

/** A receipt for everything that was sent. */
export async function receiptFor({ database }: Pick<TestDevice, 'database'>) {
  const instances = (await database.instances.toArray()).map(({ sopInstanceUID, digest, bytes }) => ({
    ...{ sopInstanceUID, digest, bytes, state: 'stored' as const },
  }));
  return { instances };
}

/** The policies that the gateway offers, with `chosen` as the default. */
async function policiesWith(chosen: Policy, { sealingKey }: TestKeys, holdsKey: boolean) {
  const key = {
    publicKey: toBase64Url(POLICY_KEY.pair.publicKey),
    tagKey: toBase64Url(POLICY_KEY.tagKey),
    held: holdsKey ? await importEvaluationKey(POLICY_KEY.pair) : null,
  };
  return signal<KnownPolicies | null>({
    policies: [...new Set([IDENTIFIED, DEIDENTIFIED, chosen])],
    default: chosen.name,
    keys: { [DEIDENTIFIED.name]: key, [chosen.name]: key },
    labelHours: 12,
    lockMinutes: 15,
    sealingKey,
    vault: null,
  });
}

/** The gateway's answer to `POST /upload/pseudonyms`. */
export function evaluateAsGateway(blinded: readonly string[]): PseudonymsAnswer {
  const { evaluated, proof } = evaluateBlinded(POLICY_KEY.pair, blinded.map(parseBase64Url));
  return { kind: 'answered', evaluated: evaluated.map(toBase64Url), proof: toBase64Url(proof) };
}

/** A device that does nothing of its own accord. `room`: free bytes; null where it does not say. */
function deviceTools(room: number | null) {
  return {
    hearPolicies: () => undefined,
    now: () => 1,
    createId: () => crypto.randomUUID(),
    account: () => 'a',
    later: (work) => void queueMicrotask(work),
    room: async () => room,
    persist: async () => true,
    isPersisted: async () => false,
    whileWriting: (_, work) => work(),
    sample: async () => [],
    askPseudonyms: async ({ blinded }) => evaluateAsGateway(blinded),
    askOrders: async () => null,
    inPacsNow: async () => null,
    noteOrder: async () => null,
    triaged: () => null,
  } satisfies Partial<IngestTools>;
}

/** Workers that run in the store's thread, with a hook before and after each task. */
function poolBeside(database: LocalDatabase) {
  const runner = createTaskRunner({
    database,
    coding: { loadCharls },
    codecs: loadCodecs(),
    now: () => performance.now(),
  });
  const hooks = {
    beforeTask: async (_task: Task): Promise<void> => undefined,
    afterTask: async (_task: Task): Promise<void> => undefined,
  };
  const pool: WorkerPool = {
    size: 2,
    async run<T extends Task>(task: T, abort: AbortSignal): Promise<ResultOf<T>> {
      await hooks.beforeTask(task);
      abort.throwIfAborted();
      const result = await runner.run(task);
      await hooks.afterTask(task);
      return result;
    },
    renew: () => undefined,
    close: () => undefined,
  };
  return { pool, hooks };
}
