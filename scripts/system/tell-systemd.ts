/**
 * Tells systemd of the service's state (sd_notify(3)) where systemd has started it: that it is ready, that the gateway
 * has answered, and that it ends. Elsewhere nothing happens. Node has no datagram sockets of the local family, so
 * `systemd-notify` speaks.
 */
import { spawn } from 'node:child_process';

export type SystemdService = {
  ready(): void;
  /** Call it at each answer of the gateway: without one in time, systemd starts the service again. */
  alive(): void;
  ending(): void;
};

/** sd_watchdog_enabled(3) recommends half of the time; a quarter leaves room for a beat that comes late. */
const BEATS_IN_TIME = 4;

/**
 * Removes systemd's variables from `env`, for a child may know them too: PostgreSQL would say that the service is
 * ready. `say`: told once, if `systemd-notify` cannot be started.
 */
export function systemdService(env: NodeJS.ProcessEnv, say: (line: string) => void): SystemdService {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, PATH } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  const beatMs = Number(WATCHDOG_USEC ?? 'NaN') / 1_000 / BEATS_IN_TIME;
  let beatAt = Number.NEGATIVE_INFINITY;
  let hasFailed = false;
  const tell = (...assignments: readonly string[]): void => {
    if (!NOTIFY_SOCKET) return;
    const child = spawn('systemd-notify', assignments, { env: { PATH, NOTIFY_SOCKET }, stdio: 'ignore' });
    child.unref();
    child.once('error', ({ message }) => {
      if (!hasFailed) say(`systemd is not told of the service's state: ${message}`);
      hasFailed = true;
    });
  };
  return {
    ready: () => tell('READY=1', 'STATUS=Ready.'),
    alive() {
      const now = performance.now();
      if (Number.isNaN(beatMs) || now - beatAt < beatMs) return;
      beatAt = now;
      tell('WATCHDOG=1');
    },
    ending: () => tell('STOPPING=1'),
  };
}
