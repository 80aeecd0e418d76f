/**
 * Loaded with `--import` into the gateway: says on stdout when its event loop stood still, and how much of that
 * its own thread was at work. The rest is the machine's: other processes had the cores.
 */
import { isMainThread } from 'node:worker_threads';

const EVERY_MS = 10;
/** Shorter ones are nobody's business. */
const FROM_MS = 50;

const threadCpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

function watch(): void {
  let at = performance.now();
  let cpu = threadCpuMs();
  setInterval(() => {
    const now = performance.now();
    const nowCpu = threadCpuMs();
    const blockedMs = Math.round(now - at - EVERY_MS);
    if (blockedMs >= FROM_MS)
      process.stdout.write(
        `${JSON.stringify({ event: 'loop-blocked', blockedMs, atWorkMs: Math.round(nowCpu - cpu) })}\n`,
      );
    at = now;
    cpu = nowCpu;
  }, EVERY_MS).unref();
}

// Not in its children: the engine's process answers nobody.
if (isMainThread && /gateway\/src\/main\.ts$/.test(process.argv[1] ?? '')) watch();
