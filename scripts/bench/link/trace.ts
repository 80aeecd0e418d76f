/**
 * Prints a sending as lines, to find where the time goes: each request on the clock of *Send*, when the wire
 * had nothing to carry, and what the gateway did with what came.
 */
import { readFile } from 'node:fs/promises';
import type { LogLine } from '#testing/gateway-under-test.ts';
import type { LinkCounts } from '#testing/shaped-link.ts';
import type { Sending } from './device.ts';

/** Shorter gaps are not worth a line. */
const WORTH_A_LINE_MS = 20;
const MB = 1e6;

const onClock = (ms: number): string => `${Math.round(ms)}`.padStart(7);

/** proc(5): utime and stime, fields 14 and 15, in clock ticks of 10 ms. */
const TICK_MS = 10;

/** Processor time that a process has taken, in milliseconds; 0 where the system does not tell. */
export async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS;
}

/** Empty without `RELAY_BENCH_TRACE`. */
export function describeSending(
  { sentAt, requests }: Sending,
  counts: LinkCounts,
  gatewayLines: readonly LogLine[],
): string[] {
  if (!process.env.RELAY_BENCH_TRACE) return [];
  const asked = requests.map(({ method, route, bytes, beganAt, answeredAt, status }) => ({
    at: beganAt - sentAt,
    text: `${onClock(beganAt - sentAt)} → ${onClock(answeredAt - sentAt)}  ${method.padEnd(5)} ${route.padEnd(24)} ${(bytes / MB).toFixed(3).padStart(8)} MB  ${status}`,
  }));
  const idle = counts.idleUp
    .filter(({ ms }) => ms >= WORTH_A_LINE_MS)
    .map(({ from, ms }) => ({
      at: from - sentAt,
      text: `${onClock(from - sentAt)} → ${onClock(from - sentAt + ms)}  the wire is idle for ${Math.round(ms)} ms`,
    }));
  const stages = gatewayLines
    .filter(({ event }) => event === 'stage-finished')
    .map(({ at, stage, ms }) => {
      const endedAt = Date.parse(at as string) - sentAt;
      return {
        at: endedAt - Number(ms),
        text: `${onClock(endedAt - Number(ms))} → ${onClock(endedAt)}  ${' '.repeat(40)}${stage as string}`,
      };
    });
  return [...asked, ...idle, ...stages].sort((a, b) => a.at - b.at).map(({ text }) => text);
}
