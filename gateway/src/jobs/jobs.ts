/**
 * Jobs: work that outlives the process that asked for it. Only this file uses pg-boss, on the gateway's own database.
 *
 * It promises that a job exists exactly if the transaction that enqueued it is committed; that it starts within
 * milliseconds (LISTEN/NOTIFY); that it runs until its handler returns, whatever dies in between; that jobs with one
 * key run one after the other, and that enqueueing while a job with the key still waits adds no other; and that a wrong
 * clock delays no job by more than a minute. It does not promise to run a job only once: a handler must tolerate being
 * run again.
 */
import { setTimeout as after } from 'node:timers/promises';
import { fromKysely, type JobWithMetadata, type PgBoss } from 'pg-boss';
import { sql } from 'kysely';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Database, Trx } from '../database/database.ts';
import { createBoss } from './boss.ts';
import { takeKey, type TakenKeys } from './job-keys.ts';
import { mendDates, START_LIMIT_SECONDS, withoutJob } from './job-rows.ts';
import { PACE, type Pace } from './pace.ts';

/** What a handler knows about its job. `attempt` counts from 0 and increases with every failure and every death. */
type JobContext = { readonly id: string; readonly attempt: number };
export type JobHandler<Data> = (data: Data, signal: AbortSignal, context: JobContext) => Promise<void>;

type EnqueueOptions = {
  /**
   * Jobs with the same key never run side by side, and at most one of them waits; it starts at the earlier of the two
   * times.
   */
  readonly key?: string;
  /** The group whose turn the job takes (by default its key): `ofOneGroup` jobs of a group run at once. */
  readonly group?: string;
  /** At most START_LIMIT_SECONDS; a longer time is cut to it. Work that has to wait longer counts its own runs. */
  readonly startAfterSeconds?: number;
  /** The queue's job with the highest priority starts first; 0 by default. */
  readonly priority?: number;
};

type Concurrency = { readonly concurrency: number; readonly ofOneGroup?: number };

export type Jobs = {
  /** Creates a queue; call it before anything is enqueued there. Repeatable. */
  declare(queue: string): Promise<void>;
  enqueue(trx: Trx, queue: string, data: object, options?: EnqueueOptions): Promise<void>;
  /**
   * From now on runs up to `concurrency` handlers of the queue at once in this process. Declares the queue if
   * necessary. `ofOneGroup`: how many of one group at once; 1 by default.
   */
  work<Data extends object>(queue: string, options: Concurrency, handler: JobHandler<Data>): Promise<void>;
  /** The keys for which no job waits or runs. */
  withoutJob(queue: string, keys: readonly string[]): Promise<readonly string[]>;
  /**
   * Runs it now and after each period, in this process, until `stop`. It uses a timer that does not depend on the wall
   * clock, so no date in the database can keep it from running. Throws what the first run throws; later failures are
   * reported as `trouble`.
   */
  every(seconds: number, run: () => Promise<void>): Promise<void>;
  /** Like `every`, for work that need not be done before the gateway answers: it first runs after a moment. */
  everyFromSoon(seconds: number, run: () => Promise<void>): void;
  /** The number of jobs that wait or run, for metrics. */
  counts(): Promise<{ queue: string; state: 'waiting' | 'active'; count: number }[]>;
  /** Tells the handlers to end, and waits for them. Jobs that do not end in time are run again later. */
  stop(): Promise<void>;
};

export type JobEvents = {
  /** A handler threw: the job is tried again later. */
  failed(queue: string, id: string, attempt: number, error: unknown): void;
  /** Wraps the run of a handler, so that its log lines can be attributed to the job. */
  around?(id: string, run: () => Promise<void>): Promise<void>;
  /** The queue itself has failed (the database went away, …). */
  trouble(error: unknown): void;
};

/**
 * A worker whose heartbeat is older than this is dead. With a shorter limit, a gateway busy for a moment would be taken
 * for dead; with a longer one, a dead gateway's jobs would lie idle.
 */
const HEARTBEAT_SECONDS = 30;
const HEARTBEAT_REFRESH_SECONDS = 10;
/** 10 years: pg-boss deletes jobs that wait longer than this (with its default, 14 days, a study would be lost). */
const WAIT_LIMIT_SECONDS = 10 * 365 * 86_400;
/** A finished job is kept only to look up what happened yesterday. */
const DELETE_AFTER_SECONDS = 86_400;
/**
 * The longest time that pg-boss allows. An instance of 16 GiB on a slow PACS takes hours; a dead worker is recognised
 * by its heartbeat.
 */
const EXPIRE_SECONDS = 23 * 3_600;
/** A job is never given up: work that can never succeed must end in a state that a person sees, not as a lost job. */
const RETRY_LIMIT = 1_000_000;
const RETRY_DELAY_SECONDS = 1;
/** How often dates in the future are searched for. */
const MEND_EVERY_SECONDS = 30;
/**
 * How long handlers may take to end once they are told to. Together with the requests that end before them, this must
 * stay below the supervisor's 8 s.
 */
const STOP_PATIENCE_MS = 4_000;

const QUEUE = {
  notify: true,
  heartbeatSeconds: HEARTBEAT_SECONDS,
  retryLimit: RETRY_LIMIT,
  retryDelay: RETRY_DELAY_SECONDS,
  retryBackoff: true,
  expireInSeconds: EXPIRE_SECONDS,
  retentionSeconds: WAIT_LIMIT_SECONDS,
  deleteAfterSeconds: DELETE_AFTER_SECONDS,
} as const;

const WORK = {
  includeMetadata: true,
  heartbeatRefreshSeconds: HEARTBEAT_REFRESH_SECONDS,
} as const;

/** A queue's workers in this process: those with a job, and one that waits for the next. */
type Line = {
  readonly concurrency: number;
  busy: number;
  /** Id of the worker that waits for a job; null while all places are busy. */
  waiting: Promise<string> | null;
  /** Starts a worker, which looks for a job at once. */
  begin(): Promise<string>;
};

type Queues = {
  readonly boss: PgBoss;
  readonly database: Database;
  readonly events: JobEvents;
  readonly stopping: AbortController;
  readonly declared: Map<string, Promise<void>>;
  /** The ids of the jobs whose handlers are running in this process. */
  readonly running: Set<string>;
  readonly rounds: Promise<void>[];
  readonly lines: Map<string, Line>;
  readonly keys: TakenKeys;
  readonly timers: Set<NodeJS.Timeout>;
  readonly pace: Pace;
};

/** Starts the queue on this database. If this gateway is alone, it takes over at once what a dead one left. */
export async function createJobs(
  database: Database,
  events: JobEvents,
  overrides: Partial<Pace> = {},
): Promise<Jobs> {
  const pace = { ...PACE, ...overrides };
  const boss = createBoss(database, pace);
  const stopping = new AbortController();
  // pg-boss's connections still end after it reports that it has stopped. A server that closes them first is not worth
  // reporting.
  boss.on('error', (error) => stopping.signal.aborted || events.trouble(error));
  await boss.start();
  await database.join(() => renewActive(database));
  const queues: Queues = {
    boss,
    database,
    events,
    stopping,
    declared: new Map(),
    running: new Set(),
    rounds: [],
    lines: new Map(),
    keys: new Map(),
    timers: new Set(),
    pace,
  };
  await every(queues, MEND_EVERY_SECONDS, () => mendDates(database.db));
  return {
    declare: (queue) => declare(queues, queue),
    enqueue: (trx, queue, data, options) => enqueue(queues, trx, { queue, data, ...options }),
    work: (queue, options, handler) => work(queues, queue, options, handler),
    withoutJob: (queue, keys) => withoutJob(database.db, queue, keys),
    every: (seconds, run) => every(queues, seconds, run),
    everyFromSoon: (seconds, run) =>
      void queues.rounds.push(repeat(queues, seconds, run, pace.clocksAfterSeconds)),
    counts: () => countJobs(database),
    stop: () => stop(queues),
  };
}

async function renewActive({ db }: Database): Promise<void> {
  await sql`update jobs.job set state = 'retry', start_after = jobs.job_now(), heartbeat_on = null where state = 'active'`.execute(
    db,
  );
}

function declare({ boss, declared, pace }: Queues, queue: string): Promise<void> {
  const known = declared.get(queue) ?? declareQueue(boss, queue, pace);
  declared.set(queue, known);
  return known;
}

/** NOTIFY is sent for jobs that may start now; for later ones this process sets its own timer. */
function wakeLater(queues: Queues, queue: string, seconds: number): void {
  const { lines, timers } = queues;
  const timer = setTimeout(
    () => {
      timers.delete(timer);
      const line = lines.get(queue);
      if (line) void lookForMore(queues, line);
    },
    seconds * 1000 + 20,
  );
  timer.unref();
  timers.add(timer);
}

type NewJob = EnqueueOptions & { readonly queue: string; readonly data: object };

async function enqueue(queues: Queues, trx: Trx, job: NewJob): Promise<void> {
  const { queue, data, key, group = key, priority = 0 } = job;
  const { boss, declared } = queues;
  const startAfterSeconds = Math.min(job.startAfterSeconds ?? 0, START_LIMIT_SECONDS);
  if (!declared.has(queue)) throw new Error(`the queue ${queue} is not declared`);
  if (!key || !(await joinWaiting(boss, trx, { queue, key, startAfterSeconds }))) {
    const line = key ? { group: { id: group ?? key }, singletonKey: key } : {};
    await boss.send(queue, data, { ...line, startAfter: startAfterSeconds, priority, db: fromKysely(trx) });
  }
  if (startAfterSeconds > 0) wakeLater(queues, queue, startAfterSeconds);
}

/**
 * Only one worker of the queue waits, so that a NOTIFY costs one look at the table and not one for every idle place.
 * When it gets a job, the next worker takes over waiting, and looks at once, because there may be more.
 */
async function work<Data extends object>(
  queues: Queues,
  queue: string,
  { concurrency, ofOneGroup = 1 }: Concurrency,
  handler: JobHandler<Data>,
): Promise<void> {
  const { boss, lines, pace } = queues;
  const options = {
    ...WORK,
    groupConcurrency: ofOneGroup,
    pollingIntervalSeconds: pace.pollSeconds,
    notifyPollingIntervalSeconds: pace.pollSeconds,
  };
  const begin = (): Promise<string> => {
    const own = boss.work<Data, void, typeof options>(queue, options, async ([job]) => {
      if (!job) return;
      line.busy += 1;
      line.waiting = null;
      void lookForMore(queues, line);
      const settle = takeKey(queues.keys, job);
      await runJob(job, handler, queues).finally(() => void retire(queues, line, { own, queue, settle }));
    });
    return own;
  };
  const line: Line = { concurrency, busy: 0, waiting: null, begin };
  await declare(queues, queue);
  lines.set(queue, line);
  await lookForMore(queues, line);
}

async function lookForMore({ boss, stopping }: Queues, line: Line): Promise<void> {
  if (line.busy === line.concurrency || stopping.signal.aborted) return;
  if (line.waiting) return boss.notifyWorker(await line.waiting);
  line.waiting = line.begin();
  await line.waiting;
}

type Ended = { readonly own: Promise<string>; readonly queue: string; settle(): string | null };

/** Ends the worker once its job is recorded as done; another job of its group or key may be waiting for that. */
async function retire(queues: Queues, line: Line, { own, queue, settle }: Ended): Promise<void> {
  const { boss, stopping, events } = queues;
  await boss.offWork(queue, { id: await own, wait: true });
  line.busy -= 1;
  const passedOver = settle();
  if (passedOver !== null)
    await boss
      .update(queue, undefined, { id: passedOver, startAfter: 0 })
      .catch((error: unknown) => stopping.signal.aborted || events.trouble(error));
  await lookForMore(queues, line);
}

async function every(queues: Queues, seconds: number, run: () => Promise<void>): Promise<void> {
  await run();
  queues.rounds.push(repeat(queues, seconds, run));
}

async function repeat(
  { stopping: { signal }, events }: Queues,
  seconds: number,
  run: () => Promise<void>,
  first = seconds,
): Promise<void> {
  for (let wait = first; !signal.aborted; wait = seconds) {
    await ignoreFailure(after(wait * 1000, undefined, { signal, ref: false }), 'then it is stopping');
    if (signal.aborted) return;
    await run().catch((error: unknown) => events.trouble(error));
  }
}

async function countJobs({ db }: Database): ReturnType<Jobs['counts']> {
  const { rows } = await sql<{ queue: string; state: 'waiting' | 'active'; count: number }>`
    select name as queue, case when state = 'active' then 'active' else 'waiting' end as state, count(*) as count
    from jobs.job where state < 'completed' and name not like '\\_\\_pgboss%' group by 1, 2`.execute(db);
  return rows;
}

async function stop({ boss, stopping, lines, timers, rounds }: Queues): Promise<void> {
  for (const timer of timers) clearTimeout(timer);
  stopping.abort();
  const working = [...lines.keys()].map((queue) => boss.offWork(queue, { wait: true }));
  const ended = Promise.all([...working, ...rounds]);
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STOP_PATIENCE_MS).unref())]);
  await boss.stop({ graceful: false });
}

/** Throws when the job has to be run again; the error itself is only in the log. */
async function runJob<Data>(
  job: JobWithMetadata<Data>,
  handler: JobHandler<Data>,
  queues: Queues,
): Promise<void> {
  const { id, name: queue, retryCount: attempt } = job;
  const { database, events, running, pace } = queues;
  const stopping = queues.stopping.signal;
  // Set if the handler of this job is still running here: the database's clock was set forward, so its heartbeat looked
  // late.
  const isOwn = running.has(id);
  running.add(id);
  try {
    if (isOwn || (await isKeyTaken(database, job))) throw new KeyTaken();
    const run = (): Promise<void> =>
      handler(job.data, AbortSignal.any([job.signal, stopping]), { id, attempt });
    await (events.around?.(id, run) ?? run());
  } catch (error) {
    if (!stopping.aborted && !(error instanceof KeyTaken)) events.failed(queue, id, attempt, error);
    const delay = RETRY_DELAY_SECONDS * 2 ** (attempt + 1);
    wakeLater(queues, queue, Math.min(delay, pace.retryDelayLimitSeconds));
    // pg-boss stores the error that is thrown, and an error may contain anything. So the log has the error's code, and
    // the table only this text.
    throw new Error('see the log');
  } finally {
    if (!isOwn) running.delete(id);
  }
}

class KeyTaken extends Error {}

/**
 * Two gateways that fetch at the same instant do not see each other's job become active, and a group may have more than
 * one at once. Once both are active, at least the later one to check sees the other, and steps back.
 */
async function isKeyTaken(
  { db }: Database,
  { id, name, singletonKey }: JobWithMetadata<unknown>,
): Promise<boolean> {
  if (!singletonKey) return false;
  const { rows } = await sql`
    select 1 from jobs.job where name = ${name} and singleton_key = ${singletonKey} and state = 'active' and id <> ${id} limit 1`.execute(
    db,
  );
  return rows.length > 0;
}

/**
 * Creates the queue or updates its settings. Also lets pg-boss cache it, because a look-up inside an open transaction
 * would wait for that transaction.
 */
async function declareQueue(boss: PgBoss, queue: string, pace: Pace): Promise<void> {
  const settings = { ...QUEUE, retryDelayMax: pace.retryDelayLimitSeconds };
  await boss.createQueue(queue, { ...settings, policy: 'standard' });
  await boss.updateQueue(queue, settings);
  await boss.findJobs(queue, { key: 'none' });
}

/**
 * True when a waiting job with this key is enough. Its row is locked until the caller's transaction ends, so that no
 * worker starts it before the caller's changes are visible (a worker skips locked rows; the NOTIFY at our commit brings
 * it back). The advisory lock makes callers with the same key wait for each other: without it, two of them could each
 * see no job and make two.
 */
async function joinWaiting(
  boss: PgBoss,
  trx: Trx,
  { queue, key, startAfterSeconds }: { queue: string; key: string; startAfterSeconds: number },
): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${queue} ${key}`}, 0))`.execute(trx);
  if (startAfterSeconds === 0) {
    const { updated } = await boss.update(queue, undefined, {
      singletonKey: key,
      match: 'all',
      startAfter: 0,
      db: fromKysely(trx),
    });
    return updated > 0;
  }
  const { rows } = await sql`
    update jobs.job set start_after = least(start_after, jobs.job_now() + ${startAfterSeconds} * interval '1 second')
    where name = ${queue} and singleton_key = ${key} and state < 'active' returning id`.execute(trx);
  return rows.length > 0;
}
