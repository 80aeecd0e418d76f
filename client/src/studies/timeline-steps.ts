/** The steps of a study, from the gateway's record, in the order in which it became true. Pure. */
import type { z } from 'zod';
import type { timelineSchema } from '#shared/protocol/studies.ts';
import { INSTANCE_STATES, type InstanceState } from '#shared/protocol/study-state.ts';
import { addedStep } from '../kit/added-words.ts';
import { reasonInSentence } from '../kit/sending-reason-words.ts';
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
  /** Each upload has steps of its own. */
  readonly uploadId: string | null;
};

/** The same step several times in a row is one line; a step for which there are no words is left out. */
export function stepsOf(events: readonly TimelineEvent[]): readonly Step[] {
  const steps: Step[] = [];
  for (const event of events) {
    const { at, account, destination, uploadId } = event;
    const said = saidOf(event);
    if (said === undefined) continue;
    const last = steps.at(-1);
    const isSame = last?.said === said && last.account === account && last.destination === destination;
    if (isSame && last.uploadId === uploadId) steps[steps.length - 1] = { ...last, times: last.times + 1 };
    else steps.push({ at, said, destination, account, uploadId, times: 1 });
  }
  return steps;
}

function saidOf({ event, fields, added }: TimelineEvent): string | undefined {
  const told = words.told[event]?.(fields);
  if (told !== undefined) return told;
  const keepsNames = event === 'upload-opened' && fields['withNames'] === true;
  if (keepsNames && !added) return words.openedWithNames(reasonInSentence(fields['reason']));
  if (isOfNothing(event, fields)) return undefined;
  return (added && addedStep(event, added)) ?? words.events[event];
}

const AWAITED: readonly InstanceState[] = ['promised', 'left-out'];

/** A step that the gateway takes with every study, and of this one there was nothing to take it with. */
function isOfNothing(event: string, fields: TimelineEvent['fields']): boolean {
  const none = (name: string): boolean => Number(fields[name] ?? 0) === 0;
  switch (event) {
    // The PACS had all of it.
    case 'study-forwarded':
      return fields['posted'] === 0;
    case 'study-assembled':
      return !none('left-out') && INSTANCE_STATES.every((state) => AWAITED.includes(state) || none(state));
    case 'study-evicted':
      return fields['parcels'] === 0;
    default:
      return false;
  }
}
