/**
 * A gateway that is killed repeatedly, and a supervisor that restarts it as in a real installation: as long
 * as the gateway is wanted, it is started again after every end. Its clock can be set while it runs
 * (libfaketime reads the offset from a file). Its log lies in the world's folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { GATEWAY_MEMORY, GATEWAY_NODE_FLAGS } from '../../system/gateway-process.ts';
import { setClock, shiftedClock, sweepClock } from '../../system/shifted-clock.ts';

const MAIN = fileURLToPath(new URL('../../../gateway/src/main.ts', import.meta.url));
const START_AGAIN_MS = 500;
/** Time that the gateway has for requests in flight; then it is killed, as supervisors do. */
const STOP_WITHIN_MS = 8_000;

export type ChaosGateway = {
  readonly name: string;
  readonly api: string;
  /** Ends that nobody has asked for. */
  readonly endedByItself: number;
  /** From now on it is kept running. */
  want(): void;
  /** Ends the gateway by this signal; it stays down until it is wanted again. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  setClock(seconds: number): Promise<void>;
  isReady(): Promise<boolean>;
};

export type GatewayPlace = {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly faketime: string | null;
};

export function createChaosGateway(place: GatewayPlace): ChaosGateway {
  return new SupervisedGateway(place);
}

class SupervisedGateway implements ChaosGateway {
  readonly name: string;
  readonly api: string;
  readonly #place: GatewayPlace;
  /** The file that sets its clock. */
  readonly #stamp: string;
  #isWanted = false;
  #endedByItself = 0;
  #child: ChildProcess | null = null;
  #gone: Promise<void> = Promise.resolve();

  constructor(place: GatewayPlace) {
    this.name = place.name;
    this.api = `http://127.0.0.1:${place.port}`;
    this.#place = place;
    this.#stamp = join(place.folder, `${place.name}.clock`);
  }

  get endedByItself(): number {
    return this.#endedByItself;
  }

  want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#gone = this.#gone.then(() => this.#keepRunning());
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#isWanted = false;
    this.#child?.kill(signal);
    const late = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_WITHIN_MS);
    await this.#gone;
    clearTimeout(late);
  }

  setClock(seconds: number): Promise<void> {
    return setClock(this.#stamp, seconds);
  }

  isReady(): Promise<boolean> {
    return isReady(this.api);
  }

  async #keepRunning(): Promise<void> {
    while (this.#isWanted) {
      await this.#run();
      if (!this.#isWanted) return;
      this.#endedByItself += 1;
      await after(START_AGAIN_MS);
    }
  }

  async #run(): Promise<void> {
    const log = await open(join(this.#place.folder, `${this.name}.log`), 'a', 0o600);
    const started = this.#spawn(log.fd);
    const ended = new Promise<void>(
      (resolve) => void started.once('exit', () => resolve()).once('error', () => resolve()),
    );
    this.#child = started;
    const endWithUs = (): void => void started.kill('SIGKILL');
    process.once('exit', endWithUs);
    // The gateway may have been unwanted again while its log was opened.
    if (!this.#isWanted) endWithUs();
    await log.close();
    await ended;
    process.off('exit', endWithUs);
    this.#child = null;
    await sweepClock(started.pid);
  }

  /** `log`: the descriptor of its open log. */
  #spawn(log: number): ChildProcess {
    const { env, faketime } = this.#place;
    return spawn(process.execPath, [...GATEWAY_NODE_FLAGS, MAIN], {
      env: {
        ...GATEWAY_MEMORY,
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        RELAY_TEST_RUN: process.env.RELAY_TEST_RUN,
        ...env,
        ...shiftedClock(faketime, this.#stamp),
      },
      stdio: ['ignore', log, log],
    });
  }
}

async function isReady(api: string): Promise<boolean> {
  const answer = await fetch(`${api}/health/ready`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
  await answer?.body?.cancel();
  return answer?.ok ?? false;
}
