/** Holds a run against the promises: a line for each one that was broken. */
import type { Attack, HostileReport } from './run-hostile.ts';

/** `blockedMs` and `grownBytes` null: not judged, where the machine is shared with other tests. */
export type Limits = { readonly blockedMs: number | null; readonly grownBytes: number | null };

/**
 * The event loop may seem to stand still where other processes have the cores: then its thread was not at work.
 * Such a wait may take this many times as long.
 */
const WAITED = 10;

export function faultsOf(report: HostileReport, { blockedMs, grownBytes }: Limits): readonly string[] {
  const { attacks, honest, hasSurvived, visible } = report;
  const of = (attack: Attack): string => `${attack.recipe} by ${attack.who}`;
  const faults = attacks.flatMap((attack) => [
    ...(attack.isRight ? [] : [`${of(attack)} was answered ${attack.answers.join(', ')}`]),
    ...(blockedMs !== null && (attack.atWorkMs > blockedMs || attack.blockedMs > WAITED * blockedMs)
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
