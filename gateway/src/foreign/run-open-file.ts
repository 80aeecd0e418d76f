/**
 * The job that opens a file: once it is whole, its instances go on the road of every upload, for the account that
 * sent it. Afterwards its bytes are gone from here. An instance that was not taken stands in the file's row with the
 * reason; the sender has the file. A peer may not have it any more: its bytes stay (transfer.store.ts).
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { settingsOf } from '#shared/deid/rules.ts';
import type { Policy, Role } from '#shared/protocol/api.ts';
import { feedsVault } from '#shared/protocol/feeds-vault.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { keyNameOf } from '#shared/transfer/policy-key.ts';
import { recordAudit } from '../audit/audit.ts';
import { destroyFile, fileKey, type FileSpoolTools } from '../pipeline/file-spool.ts';
import {
  countRun,
  findFile,
  forgetRun,
  noteEntries,
  noteFatal,
  notePatient,
  setOpened,
  setProblem,
  type FileEntry,
  type SentFile,
} from '../pipeline/sent-file.store.ts';
import { findUpload } from '../pipeline/parcel.store.ts';
import { takeOpened } from '../pipeline/pipeline.ts';
import type { PipelineTools } from '../pipeline/pipeline-tools.ts';
import { findPolicy, isInForce, requireReason, versionInForce } from '../policies/policies.ts';
import { countPatients } from '../policies/quota.store.ts';
import { BlobDamaged, StorageFull, type OpenBlob } from '../ports/blobs/blobs.ts';
import { quotaUse } from '../policies/quota.store.ts';
import { createThreadLine } from '../threads/fair-line.ts';
import type { Room } from '../threads/room.ts';
import {
  giving,
  keepThread,
  ThreadEnded,
  ThreadNotStarted,
  toOwn,
  type KeptThread,
  type Reply,
} from '../threads/thread.ts';
import { adoptParcel, type BroughtPlace } from '../uploads/bring-parcel.ts';
import type { Arrivals } from '../uploads/complete-upload.ts';
import { askPacs, openUpload } from '../uploads/open-upload.ts';
import { mayHoldKey } from '../uploads/pseudonyms.routes.ts';
import { openVault } from '../vault/vault.store.ts';
import { createEntriesRoom, createEntryRoom, type EntryRoom } from './entry-room.ts';
import type { NotTaken, OpeningPolicy, OpenTalk } from './open-talk.ts';
import { takeBackInstances } from '../uploads/take-back.ts';
import { createSending, type Sending, type SendTools } from './send-instances.ts';
import { countWithheldOf, noteWithheld, sayWithheld } from './withheld.store.ts';
import { settleTransfers } from './transfer.store.ts';

export type ForeignTools = {
  readonly pipeline: PipelineTools;
  readonly spool: FileSpoolTools;
  readonly parcels: Pick<Arrivals, 'arrived'>;
};

/** One for an account whose files are slow, and one for everybody else. */
const THREADS = 2;
/** Files whose refusal is remembered: one that is forgotten is only unpacked once more. */
const REFUSED_KEPT = 1000;
/** A file that fails as often, or ends as many threads, would do so the next time too. */
const RUNS_LIMIT = 8;

export type OpenFiles = {
  /** Throws where it is to be run again: the disk is full, or the account's quota is used up. */
  run(fileId: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
};

const SCRIPT = new URL('./open-file.worker.ts', import.meta.url);

/** `script`: of the threads; a test brings one that dies. */
export function createOpenFiles(
  tools: ForeignTools,
  script = SCRIPT,
  ofEntries: Room = createEntriesRoom(),
): OpenFiles {
  const threads = Array.from({ length: THREADS }, () => keepThread<OpenTalk>(script));
  const line = createThreadLine(threads);
  const { db, now } = tools.pipeline;
  /** By file: the quota of its account, and its use, when the file did not fit. */
  const refused = new Map<string, string>();
  return {
    async run(fileId, signal) {
      const file = await findFile(db, fileId, null);
      const room = file && JSON.stringify(await quotaUse(db, file.account_id, now()));
      // To unpack it again for the same refusal would cost as much as to take it.
      if (file?.state === 'received' && refused.get(fileId) === room) throw new Problem('quota-exceeded');
      refused.delete(fileId);
      if (file?.state !== 'received' || room === undefined) return;
      const current = await withPolicyInForce(tools, file);
      try {
        await line(
          file.account_id,
          (thread) => openOne(tools, { thread, room: ofEntries }, current, signal),
          signal,
        );
      } catch (error) {
        if (error instanceof Problem && error.code === 'quota-exceeded') refused.set(fileId, room);
        // A file that is deleted while it waits is never run again.
        if (refused.size > REFUSED_KEPT) refused.delete(refused.keys().next().value!);
        throw error;
      }
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

/**
 * A peer names its policy without a version, and hears nothing of a change: its file is opened by the version that is
 * in force. One that was withdrawn stays, and is refused.
 */
async function withPolicyInForce({ pipeline: { db } }: ForeignTools, file: SentFile): Promise<SentFile> {
  if (file.peer_id === null) return file;
  const version = await versionInForce(db, file.site_id, file.policy_name);
  return version === null ? file : { ...file, policy_version: version };
}

type Opener = { readonly thread: KeptThread<OpenTalk>; readonly room: Room };

async function openOne(
  tools: ForeignTools,
  opener: Opener,
  file: SentFile,
  signal: AbortSignal,
): Promise<void> {
  const { db } = tools.pipeline;
  const studies = new Set<string>();
  const soFar = (): Promise<void> => noteEntries(db, file.id, entriesOf(opened, file));
  const opened: Opened = {
    sending: createSending(sendToolsOf(tools, { file, studies, soFar }, signal)),
    left: [],
    studies,
    reading: null,
    room: createEntryRoom(opener.room),
    patients: 0,
  };
  let problem: AnyProblemCode | null = null;
  try {
    if ((await countRun(db, file.id)) >= RUNS_LIMIT) throw new Problem('unexpected');
    await openAndSend(tools, opener.thread, { file, opened, signal });
    await opened.sending.end();
  } catch (error) {
    problem = await endingOf(tools, { file, opened, signal }, error);
  }
  const entries = entriesOf(opened, file);
  // A device says of itself what it withholds.
  if (file.device_id === null)
    for (const studyInstanceUID of studies)
      await sayWithheld(tools.pipeline, { accountId: file.account_id, studyInstanceUID }, file.account_id);
  // A peer was told that its instances are stored: the bytes stay until they are.
  const keepsBytes = file.peer_id !== null;
  if (!(await setOpened(db, file.id, { entries, problem, keepsBytes }))) return;
  if (keepsBytes) await settleTransfers(tools.spool, file.id);
  else await destroyFile(tools.spool, file);
  // Its sender may wait for it as for a study.
  tools.pipeline.changes.emit(file.id);
}

/** The findings of a run, in whatever way it ends. */
type Opened = {
  readonly sending: Sending;
  readonly left: NotTaken[];
  /** Those of which something was taken or left, after the policy. */
  readonly studies: Set<string>;
  /** The entry that is being read, by its place. */
  reading: number | null;
  readonly room: EntryRoom;
  /** Those that this run has met. */
  patients: number;
};
type OneFile = { readonly file: SentFile; readonly opened: Opened; readonly signal: AbortSignal };

/** The findings of the run before hold where this one failed before it came so far again. */
function entriesOf({ sending, left }: Opened, file: SentFile): readonly FileEntry[] {
  const now = new Map([...file.entries, ...sending.entries(), ...left].map((entry) => [entry.entry, entry]));
  return [...now.values()].sort((a, b) => a.entry - b.entry);
}

/** Problems that pass: the same file is opened again later. */
const PASSING: readonly AnyProblemCode[] = ['storage-full', 'quota-exceeded', 'too-many-patients'];
/** An administrator can make up for these, and a peer was told that its instances are stored. */
const PASSING_OF_PEERS: readonly AnyProblemCode[] = [
  ...PASSING,
  ...(['policy-withdrawn', 'policy-not-allowed', 'not-allowed', 'reason-missing'] as const),
];

/** The problem with which the file ends. Throws where it does not. */
async function endingOf(
  { pipeline: { db } }: ForeignTools,
  { file, opened, signal }: OneFile,
  error: unknown,
): Promise<AnyProblemCode> {
  // A gateway that stops is no failure of the file.
  if (signal.aborted) await ignoreFailure(forgetRun(db, file.id), 'one run too many only ends it sooner');
  signal.throwIfAborted();
  // A file that is opened again promises again; one that never is leaves no promise behind.
  await opened.sending.giveUp();
  if (error instanceof BlobDamaged) return 'checksum-mismatch';
  const code = error instanceof StorageFull ? 'storage-full' : error instanceof Problem ? error.code : null;
  if (code !== null && !(file.peer_id === null ? PASSING : PASSING_OF_PEERS).includes(code)) return code;
  // It passes: until its time is over, the file is opened again. Everything else is counted.
  if (code !== null || error instanceof ThreadNotStarted) await forgetRun(db, file.id);
  if (error instanceof ThreadEnded && opened.reading !== null) await noteFatal(db, file.id, opened.reading);
  await setProblem(db, file.id, { entries: entriesOf(opened, file), problem: code ?? 'unexpected' });
  throw error;
}

async function openAndSend(
  tools: ForeignTools,
  thread: KeptThread<OpenTalk>,
  { file, opened, signal }: OneFile,
): Promise<void> {
  const { db } = tools.pipeline;
  const named = { name: file.policy_name, version: file.policy_version };
  const roles = await rolesOf(tools, file);
  const policy = (await isInForce(db, file.site_id, named))
    ? await findPolicy(db, file.site_id, named)
    : undefined;
  if (policy === undefined) throw new Problem('policy-withdrawn');
  if (!policy.roles.some((role) => roles.includes(role))) throw new Problem('policy-not-allowed');
  // Asked for at the announcement too.
  requireReason(policy, file.reason);
  const blob = await tools.spool.blobs.open(file.id, fileKey(tools.spool, file));
  if (blob === null) throw new Problem('not-found');
  try {
    const reply = replies(tools, { file, blob, opened, isCounted: !mayHoldKey(policy, roles), policy });
    const task = {
      account: file.account_id,
      // Behind it lies what was cut.
      size: file.bytes ?? blob.size,
      form: file.form,
      policy: await toOpening(tools, file.site_id, policy),
      fatal: file.fatal,
    };
    await thread.do(giving(task), reply, signal);
    opened.reading = null;
  } finally {
    opened.room.leave();
    await blob.close();
  }
}

/** Those that the account has now. Throws `not-allowed` where it was disabled. */
async function rolesOf({ pipeline: { db } }: ForeignTools, file: SentFile): Promise<readonly Role[]> {
  const account = await db
    .selectFrom('account')
    .select('roles')
    .where('id', '=', file.account_id)
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
  if (account === undefined) throw new Problem('not-allowed');
  return account.roles;
}

export async function toOpening(
  { pipeline: { db, policyKey } }: Pick<ForeignTools, 'pipeline'>,
  siteId: string,
  policy: Policy,
): Promise<OpeningPolicy> {
  if (!policy.deidentify) return { kind: 'identified', strict: policy.strict };
  const { pair, tagKey } = await policyKey(keyNameOf(policy));
  const vault = feedsVault(policy) ? await openVault(db, siteId) : null;
  return { kind: 'deidentified', options: policy.options, settings: settingsOf(policy), pair, tagKey, vault };
}

/** A PACS that needs longer: whoever waits for the file may read meanwhile what is known of it. */
const SLOW_ANSWER_MS = 1_000;

async function notingIfSlow<T>(asking: Promise<T>, note: () => Promise<void>): Promise<T> {
  const slow = setTimeout(() => void ignoreFailure(note(), 'its end says it too'), SLOW_ANSWER_MS);
  try {
    return await asking;
  } finally {
    clearTimeout(slow);
  }
}

/** `soFar`: notes what is known. */
type Of = Pick<Opened, 'studies'> & { readonly file: SentFile; readonly soFar: () => Promise<void> };

function sendToolsOf(
  { pipeline, spool, parcels }: ForeignTools,
  { file, studies, soFar }: Of,
  signal: AbortSignal,
) {
  // As a device: it sends, and reads nothing by its roles.
  const sender = {
    accountId: file.account_id,
    deviceId: file.device_id,
    ...(file.key_id !== null && { keyId: file.key_id }),
    ...(file.peer_id !== null && { peerId: file.peer_id }),
    siteId: file.site_id,
    roles: [],
  };
  const named = { name: file.policy_name, version: file.policy_version };
  const takeAsItCame = async (parcelId: string, places: readonly BroughtPlace[]): Promise<boolean> => {
    const policy = await findPolicy(pipeline.db, file.site_id, named);
    return policy?.deidentify === false && takeOpened({ parcelId, policy: named, places }, pipeline);
  };
  return {
    ...pipeline,
    policy: { ...named, ...(file.reason !== null && { reason: file.reason }) },
    ...readingAgain(spool, file),
    entries: file.form.kind === 'parts' ? file.form.parts.length : 1,
    adopt: (uploadId: string, places: readonly BroughtPlace[]) => {
      const from = { blobs: spool.blobs, id: file.id, key: fileKey(spool, file) };
      return adoptParcel(pipeline, uploadId, { from, size: file.bytes ?? 0, places }, takeAsItCame);
    },
    arrived: async (parcelId: string, places: readonly BroughtPlace[]) => {
      if (!(await takeAsItCame(parcelId, places))) await parcels.arrived(parcelId, null);
    },
    openUpload: async (manifest: Parameters<typeof openUpload>[1]) => {
      const asked = await notingIfSlow(askPacs(pipeline, manifest, sender, signal), soFar);
      const { studyInstanceUID } = manifest;
      studies.add(studyInstanceUID);
      const of = { accountId: file.account_id, studyInstanceUID };
      const withheld = file.device_id === null ? await countWithheldOf(pipeline.db, of) : {};
      return openUpload(pipeline, { ...manifest, withheld }, sender, { asked, opensFile: true });
    },
    takeBack: async (uploadId: string, keys: Parameters<typeof takeBackInstances>[2]) => {
      const upload = await findUpload(pipeline.db, uploadId, null);
      if (upload !== undefined) await takeBackInstances(pipeline, upload, keys, file.account_id);
    },
  };
}

/** Instances that are sent as they lie in the file, but not the file as a whole. */
const readingAgain = (spool: FileSpoolTools, file: SentFile): Pick<SendTools, 'read'> => ({
  async read({ offset, length }) {
    const blob = await spool.blobs.open(file.id, fileKey(spool, file));
    if (blob === null) throw new Problem('not-found');
    try {
      return toOwn(await blob.read(offset, length));
    } finally {
      await blob.close();
    }
  },
});

type Replying = {
  readonly file: SentFile;
  readonly blob: OpenBlob;
  readonly opened: Opened;
  readonly policy: Policy;
  /** Patients count towards the account's day: its own devices would have to ask. */
  readonly isCounted: boolean;
};

const NOTHING = new Uint8Array(0);

/** A study of which it is known that it is not whole says so. */
async function noteLeft(
  db: PipelineTools['db'],
  { id: fileId, site_id: siteId, account_id: accountId, device_id: deviceId }: SentFile,
  { studies }: Opened,
  { entry: { reason }, of }: Extract<OpenTalk['question'], { kind: 'leave' }>,
): Promise<void> {
  if (of === undefined || deviceId !== null) return;
  studies.add(of.studyInstanceUID);
  await noteWithheld(db, { ...of, siteId, accountId, fileId, reason, told: false });
}

function replies(
  { pipeline: { db, now } }: ForeignTools,
  { file, blob, opened, policy, isCounted }: Replying,
): Reply<OpenTalk> {
  return async (question, isOver) => {
    switch (question.kind) {
      case 'begin':
        opened.reading = question.entry;
        await opened.room.enter(question.bytes, isOver);
        return giving(NOTHING);
      case 'read': {
        const bytes = toOwn(await blob.read(question.offset, question.length));
        return giving(bytes, bytes.buffer);
      }
      case 'take':
        await opened.sending.take(question.opened);
        return giving(NOTHING);
      case 'leave':
        opened.left.push(question.entry);
        await noteLeft(db, file, opened, question);
        return giving(NOTHING);
      case 'patient': {
        const { account_id: accountId, site_id: siteId } = file;
        opened.patients += 1;
        // Every run meets the same ones: as many as a run before has counted are not counted again.
        if (!isCounted || opened.patients <= file.patients) return giving(NOTHING);
        await db.transaction().execute(async (trx) => {
          await notePatient(trx, file.id);
          if (!(await countPatients(trx, accountId, 1, now()))) throw new Problem('too-many-patients');
          const { name, version } = policy;
          const made = { event: 'pseudonyms-made', accountId, policy: name, version, patients: 1 } as const;
          await recordAudit(trx, siteId, made, now());
        });
        return giving(NOTHING);
      }
      default:
        return question satisfies never;
    }
  };
}
