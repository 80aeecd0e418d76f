/**
 * The job that opens a file. When the file is complete, its instances are sent in the same way as those of every
 * upload, for the account that sent the file. Afterwards its bytes are deleted here. A rejected instance is recorded
 * in the file's row with the reason, because the sender still has the file. A DIMSE peer may not, so its bytes are
 * kept (transfer.store.ts).
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { settingsOf } from '#shared/deid/rules.ts';
import type { Policy, Role } from '#shared/protocol/api.ts';
import { feedsVault } from '#shared/protocol/feeds-vault.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { keyNameOf } from '#shared/transfer/policy-key.ts';
import { recordAudit } from '../../audit/audit.ts';
import { destroyFile, fileKey } from '../../pipeline/spool/file-spool.ts';
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
} from '../../pipeline/stores/sent-file.store.ts';
import { findPolicy, isInForce, requireReason, versionInForce } from '../../policies/policies.ts';
import type { PipelineTools } from '../../pipeline/plan/pipeline-tools.ts';
import { countPatients } from '../../policies/quota.store.ts';
import { BlobDamaged, StorageFull, type OpenBlob } from '../../ports/blobs/blobs.ts';
import { quotaUse } from '../../policies/quota.store.ts';
import { createThreadLine, type FairLine } from '../../threads/fair-line.ts';
import type { Room } from '../../threads/room.ts';
import {
  giving,
  keepThread,
  ThreadEnded,
  ThreadNotStarted,
  toOwn,
  type KeptThread,
  type Reply,
} from '../../threads/thread.ts';
import { mayHoldKey } from '../../uploads/pseudonyms.routes.ts';
import { openVault } from '../../vault/vault.store.ts';
import { createSendTools, type ForeignTools } from './create-send-tools.ts';
import { createEntriesRoom, createEntryRoom, type EntryRoom } from './entry-room.ts';
import type { NotTaken, OpeningPolicy, OpenTalk } from '../files/open-talk.ts';
import { createSending, type Sending } from './send-instances.ts';
import { noteWithheld, sayWithheld } from './withheld.store.ts';
import { settleTransfers } from './transfer.store.ts';

/** The number of threads that open files: one for each core of the smallest machine. */
const THREADS = 2;
/**
 * How long a file keeps its thread while others wait for one. Each turn reads the list of entries again, which costs
 * some milliseconds. With longer turns, a store request that waits for a few others would be told to come back later.
 */
const TURN_MS = 2_000;
/** How many refusals are remembered. A forgotten file is only unpacked once more. */
const REFUSED_KEPT = 1000;
/** The most runs of a file. A file that failed, or terminated a thread, this often would do so again. */
const RUNS_LIMIT = 8;

type OpenFiles = {
  /** Throws if the job is to be run again, because the disk is full or the account's quota is used up. */
  run(fileId: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
};

const SCRIPT = new URL('../files/open-file.worker.ts', import.meta.url);

/** `script`: the script of the threads; a test provides one that crashes. */
export function createOpenFiles(
  tools: ForeignTools,
  script = SCRIPT,
  room: Room = createEntriesRoom(),
  clock = () => performance.now(),
): OpenFiles {
  const threads = Array.from({ length: THREADS }, () => keepThread<OpenTalk>(script));
  const opener: Opener = { line: createThreadLine(threads), room, clock };
  const { db, now } = tools.pipeline;
  /** By file: the quota and usage of its account when the file did not fit. */
  const refused = new Map<string, string>();
  return {
    async run(fileId, signal) {
      const file = await findFile(db, fileId, null);
      const quota = file && JSON.stringify(await quotaUse(db, file.account_id, now()));
      // Unpacking it again for the same refusal would cost as much as taking it.
      if (file?.state === 'received' && refused.get(fileId) === quota) throw new Problem('quota-exceeded');
      refused.delete(fileId);
      if (file?.state !== 'received' || quota === undefined) return;
      try {
        await openOne(tools, opener, await withPolicyInForce(tools, file), signal);
      } catch (error) {
        if (error instanceof Problem && error.code === 'quota-exceeded') refused.set(fileId, quota);
        // Limits the map, because a file that is deleted while it waits is never run again.
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
 * A peer names its policy without a version and is not told of changes, so its file is opened under the current
 * version. If the policy was withdrawn, its version stays and is refused.
 */
async function withPolicyInForce({ pipeline: { db } }: ForeignTools, file: SentFile): Promise<SentFile> {
  if (file.peer_id === null) return file;
  const version = await versionInForce(db, file.site_id, file.policy_name);
  return version === null ? file : { ...file, policy_version: version };
}

type Opener = {
  readonly line: FairLine<KeptThread<OpenTalk>>;
  readonly room: Room;
  /** In milliseconds. */
  readonly clock: () => number;
};

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
    sending: createSending(createSendTools(tools, { file, studies, soFar }, signal)),
    left: [],
    studies,
    reading: null,
    room: createEntryRoom(opener.room),
    patients: new Set(),
    isCounted: false,
  };
  let problem: AnyProblemCode | null = null;
  try {
    let from: Uint8Array<ArrayBuffer> | null = null;
    do from = await takeTurn(tools, opener, { file, opened, signal }, from);
    while (from !== null);
  } catch (error) {
    problem = await endingOf(tools, { file, opened, signal }, error);
  }
  const entries = entriesOf(opened, file);
  // A device reports itself what it withholds.
  if (file.device_id === null)
    for (const studyInstanceUID of studies)
      await sayWithheld(tools.pipeline, { accountId: file.account_id, studyInstanceUID }, file.account_id);
  // A peer was told that its instances are stored, so the bytes stay until they really are.
  const keepsBytes = file.peer_id !== null;
  if (!(await setOpened(db, file.id, { entries, problem, keepsBytes }))) return;
  if (keepsBytes) await settleTransfers(tools.spool, file.id);
  else await destroyFile(tools.spool, file);
  // The sender may be waiting for the file as for a study.
  tools.pipeline.changes.emit(file.id);
}

/**
 * Opens entries as long as nobody else waits, and writes everything to disk, because a file that waits for its next
 * turn must not take memory. Returns where the next turn continues; null if the whole file is open.
 */
async function takeTurn(
  tools: ForeignTools,
  { line, clock }: Opener,
  one: OneFile,
  from: Uint8Array<ArrayBuffer> | null,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const { file, opened, signal } = one;
  const turn = async (
    thread: KeptThread<OpenTalk>,
    isAwaited: () => boolean,
  ): ReturnType<typeof takeTurn> => {
    if (!opened.isCounted && (await countRun(tools.pipeline.db, file.id)) >= RUNS_LIMIT)
      throw new Problem('unexpected');
    opened.isCounted = true;
    const endsAt = clock() + TURN_MS;
    const isLast = (): boolean => isAwaited() && clock() >= endsAt;
    const next = await openAndSend(tools, thread, { ...one, from, isLast });
    await (next === null ? opened.sending.end() : opened.sending.rest());
    return next;
  };
  return line(file.account_id, turn, signal);
}

/** What a run found, however it ends. */
type Opened = {
  readonly sending: Sending;
  readonly left: NotTaken[];
  /** Studies with accepted or rejected instances, by their UIDs under the policy. */
  readonly studies: Set<string>;
  /** The position of the entry that is being read. */
  reading: number | null;
  readonly room: EntryRoom;
  /** Patients that this run has met and counted. */
  readonly patients: Set<string>;
  /** The run itself is counted, because it has begun. */
  isCounted: boolean;
};
type OneFile = { readonly file: SentFile; readonly opened: Opened; readonly signal: AbortSignal };
/** `isLast`: whether the entry that begins is the last one of this turn. */
type OneTurn = OneFile & { readonly from: Uint8Array<ArrayBuffer> | null; readonly isLast: () => boolean };

/** Entries found by an earlier run remain valid if this run failed before it reached them. */
function entriesOf({ sending, left }: Opened, file: SentFile): readonly FileEntry[] {
  const now = new Map([...file.entries, ...sending.entries(), ...left].map((entry) => [entry.entry, entry]));
  return [...now.values()].sort((a, b) => a.entry - b.entry);
}

/** Temporary problems: the file is opened again later. */
const PASSING: readonly AnyProblemCode[] = ['storage-full', 'quota-exceeded', 'too-many-patients'];
/** Also temporary for peers: an administrator can solve these, and the peer was told that its instances are stored. */
const PASSING_OF_PEERS: readonly AnyProblemCode[] = [
  ...PASSING,
  ...(['policy-withdrawn', 'policy-not-allowed', 'not-allowed', 'reason-missing'] as const),
];

/** The final problem of the file. Throws if the file is to be opened again. */
async function endingOf(
  { pipeline: { db } }: ForeignTools,
  { file, opened, signal }: OneFile,
  error: unknown,
): Promise<AnyProblemCode> {
  // A gateway that shuts down is not a failure of the file.
  if (signal.aborted && opened.isCounted)
    await ignoreFailure(forgetRun(db, file.id), 'one run too many only ends it sooner');
  signal.throwIfAborted();
  // If the file is opened again, it promises its instances again. If not, it must leave no promise behind.
  await opened.sending.giveUp();
  if (error instanceof BlobDamaged) return 'checksum-mismatch';
  const code = error instanceof StorageFull ? 'storage-full' : error instanceof Problem ? error.code : null;
  if (code !== null && !(file.peer_id === null ? PASSING : PASSING_OF_PEERS).includes(code)) return code;
  // The failure is temporary, so the file is opened again until its time is over. All other failures count.
  if (code !== null || error instanceof ThreadNotStarted) await forgetRun(db, file.id);
  if (error instanceof ThreadEnded && opened.reading !== null) await noteFatal(db, file.id, opened.reading);
  await setProblem(db, file.id, { entries: entriesOf(opened, file), problem: code ?? 'unexpected' });
  throw error;
}

async function openAndSend(
  tools: ForeignTools,
  thread: KeptThread<OpenTalk>,
  { file, opened, signal, from, isLast }: OneTurn,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const { db } = tools.pipeline;
  const named = { name: file.policy_name, version: file.policy_version };
  const roles = await rolesOf(tools, file);
  const policy = (await isInForce(db, file.site_id, named))
    ? await findPolicy(db, file.site_id, named)
    : undefined;
  if (policy === undefined) throw new Problem('policy-withdrawn');
  if (!policy.roles.some((role) => roles.includes(role))) throw new Problem('policy-not-allowed');
  // This was also checked at the announcement.
  requireReason(policy, file.reason);
  const blob = await tools.spool.blobs.open(file.id, fileKey(tools.spool, file));
  if (blob === null) throw new Problem('not-found');
  try {
    const isCounted = !mayHoldKey(policy, roles);
    const reply = replies(tools, { file, blob, opened, isCounted, policy, isLast });
    const task = {
      account: file.account_id,
      // The blob may be longer, because its end was cut off.
      size: file.bytes ?? blob.size,
      form: file.form,
      policy: await toOpening(tools, file.site_id, policy),
      fatal: file.fatal,
      from,
    };
    const next = await thread.do(giving(task, ...(from === null ? [] : [from.buffer])), reply, signal);
    opened.reading = null;
    return next;
  } finally {
    opened.room.leave();
    await blob.close();
  }
}

/** The account's current roles. Throws `not-allowed` if the account was disabled. */
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

type Replying = {
  readonly file: SentFile;
  readonly blob: OpenBlob;
  readonly opened: Opened;
  readonly policy: Policy;
  /** Patients count towards the account's daily limit, as they would for requests by its own devices. */
  readonly isCounted: boolean;
} & Pick<OneTurn, 'isLast'>;

const NOTHING = new Uint8Array(0);
const LAST = new Uint8Array(1);

/** Records a rejected instance, so that its study is reported as incomplete. */
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
  { file, blob, opened, policy, isCounted, isLast }: Replying,
): Reply<OpenTalk> {
  return async (question, isOver) => {
    switch (question.kind) {
      case 'begin':
        opened.reading = question.entry;
        await opened.room.enter(question.bytes, isOver);
        return giving(isLast() ? LAST : NOTHING);
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
        // Every turn meets the patients of earlier turns again.
        if (!isCounted || opened.patients.has(question.patient)) return giving(NOTHING);
        opened.patients.add(question.patient);
        // Every run meets the same patients, so as many as an earlier run counted are not counted again.
        if (opened.patients.size <= file.patients) return giving(NOTHING);
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
