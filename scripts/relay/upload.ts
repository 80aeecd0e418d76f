/**
 * `relay upload PATH…`: files, folders and ZIPs on the road that the browser uses. Files are read and digested first, then announced
 * study by study, then sent. With `--wait` it ends when the PACS has confirmed each instance or somebody must decide.
 */
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules } from '#shared/deid/rules.ts';
import { policyAnswerSchema, type Policy, type PolicyAnswer } from '#shared/protocol/api.ts';
import type { ReasonCode } from '#shared/protocol/problem.ts';
import { createArchiveReader } from '../../client/src/pipeline/ingest/archive.ts';
import type { Collected, CollectedFile } from '../../client/src/pipeline/ingest/collect-files.ts';
import { applyPolicy, ingestFile, type DevicePolicy } from '../../client/src/pipeline/ingest/ingest-file.ts';
import { openFile, refusingUnreadable } from '../../client/src/pipeline/ingest/open-file.ts';
import { keyOf } from '../../client/src/pipeline/queue/upload-queue.ts';
import { realClock } from '../../client/src/pipeline/upload/clock.ts';
import { createFollower } from '../../client/src/pipeline/upload/follow-events.ts';
import { createLane } from '../../client/src/pipeline/upload/lane.ts';
import { DIAGNOSES } from '../../client/src/pipeline/upload/diagnosis.ts';
import { createUploader } from '../../client/src/pipeline/upload/uploader.ts';
import type { Surroundings } from '../relay.ts';
import { parseArguments, UsageError, type Arguments } from './arguments.ts';
import { createCodingPool, type CodingPool } from './coding-pool.ts';
import { connect, CONNECTION_OPTIONS, SignedOut, type Connection } from './connect.ts';
import { createFileQueue, type FileQueue } from './file-queue.ts';
import { findFiles } from './find-files.ts';
import { createProgressLine } from './progress-line.ts';
import { exitCodeOf, refusalsOf, toDocument, toLines, type FileResult } from './upload-report.ts';

/** Reading waits for the disk more than for a core. */
const FILES_AT_ONCE = 4;
/** A gateway that is restarted is met again; one that is gone is told after this. */
const PATIENCE_MS = 120_000;

export async function upload(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: [...CONNECTION_OPTIONS, 'policy'], flags: ['wait', 'json'] });
  if (options.rest.length === 0) throw new UsageError('name at least one file, folder or ZIP');
  const coding = createCodingPool(() => performance.now(), around.env.RELAY_CODING !== 'off');
  // While the gateway is asked who this is, the threads start.
  coding.prepare();
  try {
    return await send(options, coding, around);
  } finally {
    await coding.close();
  }
}

async function send(options: Arguments, coding: CodingPool, around: Surroundings): Promise<number> {
  const connection = await connect(options, around);
  const answer = await connection.api.json('/upload/policy', policyAnswerSchema, { signal: around.signal });
  const policy = choosePolicy(answer, options.value('policy'));
  const devicePolicy = await toDevicePolicy(policy, answer);

  const archives = createArchiveReader();
  const progress = createProgressLine(!options.flag('json'));
  const queue = createFileQueue({
    coding,
    async prepare(file) {
      const applied = await applyPolicy(await openFile(file.ref, archives, around.signal), file.inFolder, devicePolicy, around.signal);
      if (applied.kind !== 'applied') throw new Error('a file was changed while it was being sent');
      return applied.bytes;
    },
    onProgress: () => progress.show(`sent ${percent(queue.sent())} %`),
  });
  const open = (file: CollectedFile) => openFile(file.ref, archives, around.signal);
  const files = await readAll(findFiles(options.rest, around.signal), { open, policy, devicePolicy, queue, signal: around.signal, onRead: progress.show });
  await carryAll(queue, coding, connection, options.flag('wait'), around);
  progress.clear();

  if (options.flag('json')) around.print(JSON.stringify(toDocument(queue, files, connection.gateway), null, 2));
  else for (const line of toLines(queue, files, connection.gateway)) around.print(line);
  for (const line of refusalsOf(queue, files)) around.say(line);
  return exitCodeOf(queue, files);
}

function percent({ bytes, of }: { bytes: number; of: number }): number {
  return of === 0 ? 100 : Math.floor((100 * bytes) / of);
}

function choosePolicy(answer: PolicyAnswer, wanted: string | null): Policy {
  const policy = answer.policies.find(({ name }) => name === (wanted ?? answer.default));
  if (policy) return policy;
  throw new UsageError(`this user may not send under that policy; allowed: ${answer.policies.map(({ name }) => name).join(', ') || 'none'}`);
}

async function toDevicePolicy(policy: Policy, answer: PolicyAnswer): Promise<DevicePolicy> {
  if (!policy.deidentify) return { kind: 'identified' };
  const rules = createRules(policy.options);
  if (rules.kind === 'refused') throw new UsageError(`the policy asks for ${rules.option}, which cannot be carried out here`);
  if (answer.projectKey === undefined) throw new UsageError('the gateway gave no project key for this policy');
  return { kind: 'deidentified', rules: rules.rules, pseudonyms: await createPseudonyms(Buffer.from(answer.projectKey, 'base64url')) };
}

interface Reading {
  readonly open: (file: CollectedFile) => Promise<Blob>;
  readonly policy: Policy;
  readonly devicePolicy: DevicePolicy;
  readonly queue: FileQueue;
  readonly signal: AbortSignal;
  readonly onRead: (line: string) => void;
}

/** Reads every file and queues its instance, in the order of the paths. What is kept of a file is its path and what its manifest says. */
async function readAll(found: AsyncIterable<Collected>, reading: Reading): Promise<readonly FileResult[]> {
  const lane = createLane(FILES_AT_ONCE);
  const underWay: Promise<{ result: FileResult; enqueue: () => void }>[] = [];
  let read = 0;
  for await (const each of found) {
    underWay.push(lane.run(async () => {
      const done = await readOne(each, reading);
      read += 1;
      reading.onRead(`read ${read} files`);
      return done;
    }));
  }
  const results: FileResult[] = [];
  for (const each of underWay) {
    const { result, enqueue } = await each;
    enqueue();
    results.push(result);
  }
  return results;
}

async function readOne(found: Collected, { open, policy, devicePolicy, queue, signal }: Reading): Promise<{ result: FileResult; enqueue: () => void }> {
  const ended = (state: 'refused' | 'quarantined' | 'skipped', reason: ReasonCode) => ({
    result: { path: found.path, state, reason, instance: null }, enqueue: () => undefined,
  });
  if (found.kind === 'refused') return ended('refused', found.because);
  const outcome = await refusingUnreadable(signal, async () => ingestFile(await open(found), found.inFolder, devicePolicy, signal));
  if (outcome.kind !== 'ready') return ended(outcome.kind, outcome.because);
  const { instance } = outcome;
  const { sopInstanceUID, seriesInstanceUID, sopClassUID, transferSyntaxUID, digest, originalDigest } = instance;
  const manifest = {
    sopInstanceUID, seriesInstanceUID, sopClassUID, transferSyntaxUID, digest, bytes: instance.bytes.size,
    ...(originalDigest === null ? {} : { originalDigest }),
  };
  const sent = { name: policy.name, version: policy.version };
  return {
    result: { path: found.path, state: 'queued', reason: null, instance: { studyInstanceUID: instance.studyInstanceUID, key: keyOf(instance) } },
    enqueue: () => void queue.add(instance.studyInstanceUID, sent, manifest, found),
  };
}

async function carryAll(queue: FileQueue, coding: CodingPool, { api }: Connection, wait: boolean, { signal, say }: Surroundings): Promise<void> {
  const uploader = createUploader({
    queue, api, clock: realClock, random: Math.random, patienceMs: PATIENCE_MS, awaitReceipts: wait,
    follower: createFollower({ api, clock: realClock, random: Math.random }),
    isOnline: () => true,
    signedIn: async () => {
      throw new SignedOut();
    },
    onLink: () => undefined,
    onRate: coding.noteLink,
    onDiagnosis(diagnosis) {
      if (diagnosis !== null) say(`${DIAGNOSES[diagnosis].title} ${DIAGNOSES[diagnosis].next}`);
    },
  });
  await uploader.drain(signal);
}
