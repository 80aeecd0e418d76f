/**
 * The shaped link in a process of its own: a busy bench does not slow the wire, and the wire's work is not
 * the bench's.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startShapedLink, type LinkCounts, type LinkShape } from './shaped-link.ts';

export type LinkProcess = {
  readonly port: number;
  counts(): Promise<LinkCounts>;
  stop(): Promise<void>;
};

/**
 * Starts it; it ends with `stop`, or with the process that started it. @throws Error where it ends before it
 * listens.
 */
export async function forkShapedLink(shape: LinkShape): Promise<LinkProcess> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(shape)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [port] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('the link ended at its start'))),
  ]);
  return {
    port: port as number,
    async counts() {
      child.send('counts');
      const [counts] = await once(child, 'message');
      return counts as LinkCounts;
    },
    async stop() {
      if (child.exitCode !== null) return;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

if (import.meta.main) {
  const link = await startShapedLink(JSON.parse(process.argv[2]!) as LinkShape);
  process.on('message', () => process.send!(link.counts()));
  process.on('disconnect', () => void link.stop());
  process.send!(link.port);
}
