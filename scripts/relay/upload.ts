/**
 * `relay upload PATH…`: files, folders and ZIPs on the road that the browser uses. Files are read and
 * digested first (under `identified` while the command line signs in), then announced study by study, then
 * sent. With `--wait` it ends when the PACS has confirmed each instance or somebody must decide.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { blobSource } from '#shared/dicom/byte-source.ts';
import { readDiscIndex } from '#shared/dicom/dicomdir.ts';
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules, settingsOf } from '#shared/deid/rules.ts';
import {
  policyAnswerSchema,
  pseudonymsAnswerSchema,
  type Policy,
  type PolicyAnswer,
} from '#shared/protocol/api.ts';
import { irregularitiesIn } from '#shared/protocol/irregularities.ts';
import type { Manifest, ManifestInstance } from '#shared/protocol/manifest.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { SENDING_REASONS, type SendingReason } from '#shared/protocol/sending-reason.ts';
import { feedsVault } from '#shared/protocol/feeds-vault.ts';
import type { Described } from '#shared/protocol/rule.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { parseBase64Url } from '#shared/transfer/base64url.ts';
import {
  createAskedSecrets,
  createHeldSecrets,
  type PatientSecrets,
} from '#shared/transfer/patient-secrets.ts';
import {
  createDevicePair,
  nameDevicePair,
  unwrapPolicyKey,
  type DevicePair,
} from '#shared/transfer/wrapped-key.ts';
import { createArchiveReader } from '#shared/ingest/archive.ts';
import type { Collected, CollectedFile } from '../../client/src/pipeline/ingest/choose/collect-files.ts';
import {
  applyPolicy,
  ingestFile,
  isOfIndex,
  reportOf,
  type DevicePolicy,
  type IngestOutcome,
} from '#shared/ingest/ingest-file.ts';
import {
  createDiscFiles,
  damagedBy,
  type DiscFiles,
} from '../../client/src/pipeline/ingest/choose/disc-files.ts';
import { createIdentitySealer } from '#shared/ingest/seal-identities.ts';
import { refusingUnreadable } from '#shared/ingest/refusing-unreadable.ts';
import { openFile } from '../../client/src/pipeline/ingest/choose/open-file.ts';
import { keyOf } from '../../client/src/pipeline/queue/upload-queue.ts';
import { createConcurrencyLimit } from '../../client/src/pipeline/upload/limit-concurrency.ts';
import type { Surroundings } from './command.ts';
import { parseArguments, UsageError, type Arguments } from './arguments.ts';
import { carryAll } from './carry-all.ts';
import { createCodingPool, type CodingPool } from './coding-pool.ts';
import { connect, CONNECTION_OPTIONS, gatewayOf, type Connection } from './connect.ts';
import { createFileQueue, type FileQueue } from './file-queue.ts';
import { findFiles } from './find-files.ts';
import { gatherCompanions, type CompanionsOf } from './gather-companions.ts';
import { createOriginals, type Originals } from './originals.ts';
import { createProgressLine } from './progress-line.ts';
import { exitCodeOf, linesToSay, toDocument, toLines, type FileResult } from './upload-report.ts';

/** Reading waits for the disk more than for a core. */
const FILES_AT_ONCE = 4;

const AS_IT_IS: DevicePolicy = { kind: 'identified' };

export async function upload(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, {
    values: [...CONNECTION_OPTIONS, 'policy', 'reason'],
    flags: ['wait', 'json'],
  });
  if (options.rest.length === 0) throw new UsageError('name at least one file, folder or ZIP');
  const reason = reasonIn(options);
  const coding = createCodingPool(() => performance.now(), around.env.RELAY_CODING !== 'off');
  try {
    return await send(options, reason, { coding, around });
  } finally {
    await coding.close();
  }
}

/** Null: none was given. */
function reasonIn(options: Arguments): SendingReason | null {
  const given = options.value('reason');
  if (given === null) return null;
  const reason = SENDING_REASONS.find((each) => each === given);
  if (reason === undefined) throw new UsageError(`--reason is one of ${SENDING_REASONS.join(', ')}`);
  return reason;
}

async function send(
  options: Arguments,
  reason: SendingReason | null,
  { coding, around }: { readonly coding: CodingPool; readonly around: Surroundings },
): Promise<number> {
  const { signal, cancel } = cancellable(around.signal);
  const archives = createArchiveReader();
  const progress = createProgressLine(!options.flag('json'));
  const sender = openSender(options, coding, { ...around, signal });
  const queue = createFileQueue({
    coding,
    async prepare(file) {
      const applied = await applyPolicy(
        await openFile(file.ref, archives, signal),
        { policy: (await sender).devicePolicy, inFolder: file.inFolder },
        signal,
      );
      if (applied.kind !== 'applied') throw new Error('a file was changed while it was being sent');
      return applied.bytes;
    },
    onProgress: () => progress.show(`sent ${percent(queue.sent())} %`),
  });
  const open = (file: CollectedFile) => openFile(file.ref, archives, signal);
  const disc = createDiscFiles();
  const originals = createOriginals();
  // Files that are sent unchanged can be read before anybody has signed in.
  const devicePolicy = async () =>
    options.value('policy') === 'identified' ? AS_IT_IS : (await sender).devicePolicy;
  const reading = readAll(() => findFiles(options.rest, signal), {
    open,
    devicePolicy,
    disc,
    originals,
    signal,
    onRead: progress.show,
    keepReport: queue.keepReport,
    keepEntry: queue.keepEntry,
  });
  const [{ connection, policy }, all] = await Promise.all([sender, reading]).catch((error: unknown) => {
    // An account that may not send reads no further.
    cancel(error);
    throw error;
  });
  const read = all.map((each) => ({ ...each, result: afterIndex(each.result, disc) }));
  const under = { name: policy.name, version: policy.version, ...(reason !== null && { reason }) };
  const files = read.map((each) => enqueue(each, under, queue));
  await carryAll(connection, around, {
    queue,
    awaitReceipts: options.flag('wait'),
    onRate: coding.noteLink,
  });
  progress.clear();

  const ended = { queue, files, disc, originals, policy, gateway: connection.gateway };
  if (options.flag('json')) around.print(JSON.stringify(toDocument(ended), null, 2));
  else for (const line of toLines(queue, files, connection.gateway)) around.print(line);
  for (const line of linesToSay(ended)) around.say(line);
  return exitCodeOf(queue, files);
}

function cancellable(outer: AbortSignal): { readonly signal: AbortSignal; cancel(reason: unknown): void } {
  const own = new AbortController();
  return { signal: AbortSignal.any([outer, own.signal]), cancel: (reason) => own.abort(reason) };
}

interface Sender {
  readonly connection: Connection;
  readonly policy: Policy;
  readonly devicePolicy: DevicePolicy;
}

/** Signs in and learns under which policy is sent. */
async function openSender(options: Arguments, coding: CodingPool, around: Surroundings): Promise<Sender> {
  void noteRoundTrip(gatewayOf(options), coding, around.signal);
  const connection = await connect(options, around);
  // For this run alone: no key stays here.
  const pair = await createDevicePair();
  const answer = await connection.api.json(
    `/upload/policy?deviceKey=${await nameDevicePair(pair)}`,
    policyAnswerSchema,
    { signal: around.signal },
  );
  const policy = choosePolicy(answer, options.value('policy'));
  if (policy.asksReason === true && options.value('reason') === null)
    throw new UsageError(
      `this policy asks why names are kept: give --reason (${SENDING_REASONS.join(', ')})`,
    );
  return { connection, policy, devicePolicy: await toDevicePolicy(policy, answer, { pair, connection }) };
}

/**
 * Asked while somebody signs in: where the gateway is far, the threads that code have started when there is
 * something to code. The second answer counts: the first one waits for a connection, and for a program that
 * has just started.
 */
async function noteRoundTrip(gateway: string, coding: CodingPool, signal: AbortSignal): Promise<void> {
  const ask = async (): Promise<void> =>
    void (await fetch(`${gateway}/health/live`, { signal })).body?.cancel();
  try {
    await ask();
    const askedAt = performance.now();
    await ask();
    coding.noteRoundTrip(performance.now() - askedAt);
  } catch {
    // A gateway that cannot be reached is told of by whoever needs its answer.
  }
}

function percent({ bytes, of }: { bytes: number; of: number }): number {
  return of === 0 ? 100 : Math.floor((100 * bytes) / of);
}

function choosePolicy(answer: PolicyAnswer, wanted: string | null): Policy {
  const policy = answer.policies.find(({ name }) => name === (wanted ?? answer.default));
  if (policy) return policy;
  throw new UsageError(
    `this user may not send under that policy; allowed: ${answer.policies.map(({ name }) => name).join(', ') || 'none'}`,
  );
}

interface KeyTools {
  readonly pair: DevicePair;
  readonly connection: Connection;
}

async function toDevicePolicy(policy: Policy, answer: PolicyAnswer, tools: KeyTools): Promise<DevicePolicy> {
  if (!policy.deidentify) return { kind: 'identified', strict: policy.strict };
  const rules = createRules(policy.options, settingsOf(policy));
  if (rules.kind === 'refused')
    throw new UsageError(`the policy asks for ${rules.option}, which cannot be carried out here`);
  const key = answer.pseudonymKeys.find((each) => each.policy === policy.name);
  if (key === undefined) throw new UsageError('the gateway named no key for the pseudonyms of this policy');
  const secrets = await secretsFor(policy, key, tools);
  return {
    kind: 'deidentified',
    rules: rules.rules,
    pseudonyms: await createPseudonyms(secrets, parseBase64Url(key.tagKey)),
    ...(answer.vault !== undefined &&
      feedsVault(policy) && { sealIdentity: createIdentitySealer(answer.vault) }),
  };
}

/** By the key of the policy where this user may hold it; else the gateway is asked, patient by patient. */
async function secretsFor(
  { name, version }: Policy,
  { publicKey, wrapped }: PolicyAnswer['pseudonymKeys'][number],
  { pair, connection: { api } }: KeyTools,
): Promise<PatientSecrets> {
  const point = parseBase64Url(publicKey);
  if (wrapped !== undefined)
    return createHeldSecrets({ key: await unwrapPolicyKey(wrapped, pair), publicKey: point });
  return createAskedSecrets(
    (asked) =>
      api.json('/upload/pseudonyms', pseudonymsAnswerSchema, { body: { policy: name, version, ...asked } }),
    point,
  );
}

/** Lists the files; twice the same. */
type Collecting = () => AsyncIterable<Collected>;

interface Reading {
  readonly open: (file: CollectedFile) => Promise<Blob>;
  readonly devicePolicy: () => Promise<DevicePolicy>;
  /** Gets every file of the choice, and the indexes among them. */
  readonly disc: DiscFiles;
  readonly originals: Originals;
  readonly signal: AbortSignal;
  readonly onRead: (line: string) => void;
  readonly keepReport: FileQueue['keepReport'];
  readonly keepEntry: FileQueue['keepEntry'];
}

/** A file after the policy was applied: what its manifest says, or why it has none. */
interface ReadOne {
  readonly result: FileResult;
  readonly queued: {
    readonly studyInstanceUID: string;
    readonly manifest: ManifestInstance;
    readonly file: CollectedFile;
    readonly report: string | null;
    readonly described: Described;
  } | null;
}

/**
 * Reads every file, in the order of the paths, and where names are removed all headers before. Keeps only the
 * path of a file and its entry in the manifest; the queue keeps the reports.
 */
async function readAll(found: Collecting, reading: Reading): Promise<readonly ReadOne[]> {
  const companions = await companionsFor(found, reading);
  const limit = createConcurrencyLimit({ width: () => FILES_AT_ONCE });
  const underWay: Promise<ReadOne>[] = [];
  let read = 0;
  for await (const each of found()) {
    reading.disc.notePath(each.path);
    const one = limit.run(async () => {
      const done = await readOne(each, { ...reading, companions });
      read += 1;
      reading.onRead(`read ${read} files`);
      return done;
    });
    void ignoreFailure(one, 'met by Promise.all below');
    underWay.push(one);
  }
  return Promise.all(underWay);
}

async function companionsFor(
  found: Collecting,
  { open, devicePolicy, signal }: Reading,
): Promise<CompanionsOf> {
  const policy = await devicePolicy();
  return policy.kind === 'identified' ? () => [] : gatherCompanions(found(), open, signal);
}

async function readOne(
  found: Collected,
  {
    open,
    devicePolicy,
    disc,
    originals,
    signal,
    keepReport,
    keepEntry,
    companions,
  }: Reading & { readonly companions: CompanionsOf },
): Promise<ReadOne> {
  const ended = (state: FileResult['state'], reason: ReasonCode, element?: string): ReadOne => ({
    result: { path: found.path, state, reason, element, warnings: [], instance: null },
    queued: null,
  });
  if (found.kind === 'refused') return ended('refused', found.because);
  const policy = await devicePolicy();
  const outcome = await refusingUnreadable(signal, async () =>
    ingestFile(await open(found), { policy, inFolder: found.inFolder, companions }, signal),
  );
  if (outcome.kind !== 'ready') {
    if (isOfIndex(outcome)) await noteIndex(disc, found, open);
    const where = outcome.kind === 'refused' ? outcome.where : undefined;
    return ended(outcome.kind, outcome.because, where?.tag);
  }
  originals.note(found.path, outcome.original);
  const { studyInstanceUID } = outcome.instance;
  const manifest = entryOf(outcome);
  const report = await reportOf(policy, outcome.report);
  if (report !== null) keepReport(studyInstanceUID, report);
  if (outcome.vault !== null) keepEntry(studyInstanceUID, outcome.vault);
  return {
    result: {
      path: found.path,
      state: 'queued',
      reason: null,
      warnings: irregularitiesIn(outcome.warnings),
      instance: { studyInstanceUID, key: keyOf(manifest) },
    },
    queued: {
      ...{ studyInstanceUID, manifest, file: found, report: report?.digest ?? null },
      described: outcome.described,
    },
  };
}

/** The file's entry in the manifest. */
function entryOf({ instance, triage }: Extract<IngestOutcome, { kind: 'ready' }>): ManifestInstance {
  const { sopInstanceUID, seriesInstanceUID, sopClassUID, transferSyntaxUID, digest } = instance;
  const { originalDigest, bytes } = instance;
  return {
    sopInstanceUID,
    seriesInstanceUID,
    sopClassUID,
    transferSyntaxUID,
    digest,
    bytes: sizeOf(bytes),
    ...(originalDigest === null ? {} : { originalDigest }),
    ...(triage !== null && { triage }),
  };
}

async function noteIndex(disc: DiscFiles, found: CollectedFile, open: Reading['open']): Promise<void> {
  const index = await readDiscIndex(blobSource(await open(found)));
  if (index !== null) disc.noteIndex(found.path, index);
}

/** A file that is no instance, and that the index of its disc names as one, is damaged. */
function afterIndex(result: FileResult, disc: DiscFiles): FileResult {
  const { path, reason } = result;
  const damaged = reason === null ? null : damagedBy(disc.named(path), reason);
  return damaged === null ? result : { ...result, state: 'refused', reason: damaged };
}

function enqueue({ result, queued }: ReadOne, policy: Manifest['policy'], queue: FileQueue): FileResult {
  if (queued !== null) queue.add({ ...queued, policy }, queued);
  return result;
}
