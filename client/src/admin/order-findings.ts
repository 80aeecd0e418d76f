/** The findings of a test that need attention, failures before warnings. Pure. */
import type { Destination, DestinationExamination } from '#shared/protocol/destination.ts';
import { isUnusable } from './request-limit.ts';

type Finding = DestinationExamination['findings'][number];

export const wrongFirst = <F extends Pick<Finding, 'result'>>(findings: readonly F[]): readonly F[] =>
  (['fail', 'warn'] as const).flatMap((wanted) => findings.filter(({ result }) => result === wanted));

/**
 * `ok` only if the test found no problem and studies sent there are neither refused nor lost, because a destination
 * that answers may still refuse or lose studies.
 */
export function lookOf(
  found: Pick<DestinationExamination, 'findings' | 'settings' | 'verdict'>,
  { refused, unlisted }: Pick<Destination, 'refused' | 'unlisted'>,
): 'ok' | 'answers' | 'wrong' {
  if (isUnusable(found)) return 'wrong';
  return found.verdict === null && refused === null && unlisted === null ? 'ok' : 'answers';
}
