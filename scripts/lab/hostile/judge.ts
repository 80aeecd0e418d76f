/** Holds a run against the promises: a line for each one that was broken. */
import type { Attack, HostileReport } from './run-hostile.ts';

/** Each null: not judged, where the machine is shared with other tests. */
export type Limits = {
  /** Processor time of the thread at work, in milliseconds. */
  readonly workMs: number | null;
  /**
   * By the clock: the event loop may seem to stand still where other processes have the cores, and then its thread
   * was not at work.
   */
  readonly blockedMs: number | null;
  readonly grownBytes: number | null;
};

export function faultsOf(report: HostileReport, limits: Limits): readonly string[] {
  const { workMs, blockedMs, grownBytes } = limits;
  const { attacks, honest, hasSurvived, visible } = report;
  const of = (attack: Attack): string => `${attack.recipe} by ${attack.who}`;
  const faults = attacks.flatMap((attack) => [
    ...(attack.isRight ? [] : [`${of(attack)} was answered ${attack.answers.join(', ')}`]),
    ...(attack.atWorkMs > (workMs ?? Infinity) || attack.blockedMs > (blockedMs ?? Infinity)
      ? [`${of(attack)} blocked the event loop for ${attack.atWorkMs} ms of work in ${attack.blockedMs} ms`]
      : []),
    ...(grownBytes !== null && attack.grownBytes > grownBytes
      ? [`${of(attack)} took ${Math.round(attack.grownBytes / 1e6)} MB`]
      : []),
  ]);
  return [
    ...faults,
    ...[...new Set(visible)],
    ...(hasSurvived ? [] : ['the gateway’s process ended']),
    ...(honest.sent > 0 ? [] : ['no honest study was sent']),
    ...(honest.stored === honest.sent
      ? []
      : [
          `${honest.sent - honest.stored} of ${honest.sent} honest studies were not stored: ${honest.others.join(', ')}`,
        ]),
  ];
}
