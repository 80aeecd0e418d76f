/** The steps of a study, from the gateway's record, in the order in which it became true. Pure. */
import type { z } from 'zod';
import type { timelineSchema } from '#shared/protocol/studies.ts';
import { timelineWords as words } from './timeline-words.ts';

export type TimelineEvent = z.infer<typeof timelineSchema>['events'][number];

export type Step = {
  readonly at: string;
  readonly said: string;
  /** The destination that it is about. */
  readonly destination: string | undefined;
  /** The person behind it, where the reader may know. */
  readonly account: string | undefined;
  readonly times: number;
};

/** The same step several times in a row is one line; a step for which there are no words is left out. */
export function stepsOf(events: readonly TimelineEvent[]): readonly Step[] {
  const steps: Step[] = [];
  for (const event of inOrder(events)) {
    const { at, account, destination } = event;
    const said = saidOf(event);
    if (said === undefined) continue;
    const last = steps.at(-1);
    if (last?.said === said && last.account === account && last.destination === destination)
      steps[steps.length - 1] = { ...last, times: last.times + 1 };
    else steps.push({ at, said, destination, account, times: 1 });
  }
  return steps;
}

/**
 * A device says that nothing more follows while its last parts are still on their way: all of it was sent when the
 * last of them had arrived.
 */
function inOrder(events: readonly TimelineEvent[]): readonly TimelineEvent[] {
  const ordered = [...events];
  for (const event of events) {
    if (event.event !== 'upload-completed') continue;
    const last = ordered.findLastIndex(
      (other) => other.event === 'parcel-received' && other.uploadId === event.uploadId,
    );
    const from = ordered.indexOf(event);
    if (last < from) continue;
    ordered.splice(last + 1, 0, { ...event, at: ordered[last]!.at });
    ordered.splice(from, 1);
  }
  return ordered;
}

/** The gateway was done with handing over, and the PACS took nothing: it had all of it, or refused it. */
function saidOf({ event, fields }: TimelineEvent): string | undefined {
  const isNothing = event === 'study-forwarded' && fields['posted'] === 0;
  if (!isNothing) return words.events[event];
  return Number(fields['refused'] ?? 0) > 0 ? words.allRefused : undefined;
}
