/**
 * A program of others does not outlive this process for long, however this process ends: a watcher, a shell that
 * waits for the end of a pipe from here, then tells the program to end. Our own programs notice by themselves
 * (`disconnect` in main.ts and start.ts).
 */
import { type ChildProcess, spawn } from 'node:child_process';

/** SIGTERM, and SIGKILL after ten seconds. */
const WATCH = `
  read -r _
  kill -s TERM "$0" 2> /dev/null || exit
  n=0; while [ $n -lt 100 ] && kill -0 "$0" 2> /dev/null; do n=$((n + 1)); sleep 0.1; done
  kill -s KILL "$0" 2> /dev/null`;

/** Without a shell (Windows) the next start ends what is left behind. */
export function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const watcher = spawn('/bin/sh', ['-c', WATCH, String(child.pid)], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
    // Ctrl-C at a terminal does not reach it.
    detached: true,
  });
  watcher.on('error', () => {});
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void }).unref();
  child.once('exit', () => watcher.kill('SIGKILL'));
}
