/**
 * Prints a sending as lines, to find where the time goes: each request on the clock of *Send*, when the wire
 * had nothing to carry, and what the gateway did with what came.
 */
import type { LogLine } from '#testing/gateway-under-test.ts';
import type { LinkCounts } from '#testing/shaped-link.ts';
import type { Sending } from './device.ts';

/** Shorter gaps are not worth a line. */
const WORTH_A_LINE_MS = 20;
const MB = 1e6;

const onClock = (ms: number): string => `${Math.round(ms)}`.padStart(7);

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
