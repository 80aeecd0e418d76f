/** The findings of a test that somebody must look at: what fails comes before what only may be better. Pure. */
import type { DestinationExamination } from '#shared/protocol/destination.ts';

type Finding = DestinationExamination['findings'][number];

export const wrongFirst = <F extends Pick<Finding, 'result'>>(findings: readonly F[]): readonly F[] =>
  (['fail', 'warn'] as const).flatMap((wanted) => findings.filter(({ result }) => result === wanted));
