/**
 * A page for one day of the uploader: the real uploader between a simulated queue and a simulated gateway, in
 * virtual time, and the person in front of it.
 */
import { createSimulatedGateway, type SimulatedGateway } from '#testing/simulated-gateway.ts';
import type { GatewayKeys } from '#testing/simulated-state.ts';
import { createVirtualTime, type VirtualTime } from '#testing/virtual-time.ts';
import { createApiClient } from '../net/api-client.ts';
import { keyOf } from '../pipeline/queue/upload-queue.ts';
import type { Clock } from '../net/clock.ts';
import { createUploader, type Uploader } from '../pipeline/upload/uploader.ts';
import { createSimulatedQueue, move, uidOf, type Row, type SimulatedQueue } from './simulated-queue.ts';
import { faultsOf, type Action, type Day } from './uploader-day.ts';
import { uploaderTools } from '../testing/open-uploader.ts';

/** After any number of failures the next attempt comes within five minutes: the cause may be gone. */
const LONGEST_WAIT_MS = 300_000;
/** A paused or taken-back study stops within its piece. */
const PIECE_MS = 100;

export class SimulatedPage {
  readonly time: VirtualTime;
  readonly gateway: SimulatedGateway;
  readonly device: SimulatedQueue;
  /** The first promise that was broken. */
  failure: Error | null = null;
  private readonly clock: Clock;
  private readonly runs: Promise<void>[] = [];
  private uploader: Uploader | null = null;
  private closed = new AbortController();

  constructor(day: Day, keys: GatewayKeys, isBusy: () => boolean) {
    this.time = createVirtualTime(isBusy);
    this.clock = {
      now: this.time.now,
      sleep: (ms, signal) => {
        if (ms > LONGEST_WAIT_MS) this.fail(new Error(`nothing is put off for ${ms} ms`));
        return this.time.sleep(ms, signal);
      },
    };
    this.device = createSimulatedQueue({
      plan: day,
      time: this.time,
      gateway: () => this.gateway,
      broken: (error) => this.fail(error),
    });
    const { rows, contents } = this.device;
    this.gateway = createSimulatedGateway({
      time: this.time,
      faults: faultsOf(day),
      lateFaults: day.lateFaults,
      keys,
      conflicts: new Set(rows.filter(({ plan }) => plan.hasConflict).map(({ copies }) => keyOf(copies[0]!))),
      streams: day.streams,
      contentOf: (id) => contents.get(id)!,
      isPoisoned: (id) => contents.get(id)!.isPoisoned,
    });
  }

  get rows(): readonly Row[] {
    return this.device.rows;
  }

  fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
  }

  wake(): void {
    this.uploader?.wake();
  }

  open(): void {
    const random = () => 0.5;
    const api = createApiClient({
      baseUrl: 'http://gateway',
      tokens: { accessToken: async () => 't', renew: async () => null },
      fetch: (...request) => this.send(...request),
    });
    this.closed = new AbortController();
    this.uploader = createUploader(
      uploaderTools({ queue: this.device.queue, api, clock: this.clock, random }),
    );
    this.runs.push(this.uploader.run(this.closed.signal).catch((error: unknown) => this.fail(error)));
  }

  async close(): Promise<void> {
    this.closed.abort();
    await Promise.all(this.runs);
  }

  private async send(...request: Parameters<typeof fetch>): Promise<Response> {
    this.checkStopped(...request);
    try {
      return await this.gateway.fetch(...request);
    } catch (error) {
      // A fault that the gateway finds ends the test; one that it simulates does not.
      if (error instanceof Error && error.constructor === Error) this.fail(error);
      throw error;
    }
  }

  /** Nothing more of a paused or taken-back study is sent. */
  private checkStopped(input: string | URL | Request, init: RequestInit = {}): void {
    const { pathname } = new URL(String(input));
    if (!pathname.startsWith('/upload/files')) return;
    const stoppedAt = this.device.ownerOf(pathname, init)?.stoppedAt ?? null;
    if (stoppedAt !== null && this.time.now() - stoppedAt > PIECE_MS)
      this.fail(new Error('a study that was set aside or taken back is not sent'));
  }

  async act({ atMs, study, what }: Action): Promise<void> {
    const row = this.rows[study % this.rows.length]!;
    await this.time.sleep(atMs);
    if (what !== 'first') this.gateway.conduct.forgive();
    if (what === 'restart') {
      this.closed.abort();
      this.open();
    }
    if (what === 'first') row.rank = -atMs;
    if (what === 'cancel' && row.state !== 'at-gateway' && move(row, 'taken-back'))
      row.stoppedAt = this.time.now();
    if (what === 'again') {
      if (row.state === 'attention') this.gateway.decide(uidOf(row.nth));
      if (move(row, 'retry')) row.turn += 1;
    }
    if (what === 'pause') await this.pause(row);
    this.wake();
  }

  private async pause(row: Row): Promise<void> {
    row.isPaused = true;
    row.stoppedAt ??= this.time.now();
    this.wake();
    await this.time.sleep(20_000);
    row.isPaused = false;
    if (row.state !== 'taken-back') row.stoppedAt = null;
    this.gateway.conduct.forgive();
  }
}
