/** The steps of a study from the gateway's record, in the order in which they happened. Pure. */
import type { z } from 'zod';
import type { timelineSchema } from '#shared/protocol/studies.ts';
import { INSTANCE_STATES, type InstanceState } from '#shared/protocol/study-state.ts';
import { addedRoad, addedStep } from '../kit/added-words.ts';
import { reasonInSentence } from '../kit/sending-reason-words.ts';
import { timelineWords as words } from './timeline-words.ts';

export type TimelineEvent = z.infer<typeof timelineSchema>['events'][number];

export type Step = {
  readonly at: string;
  readonly said: string;
  /** The destination that the step is about. */
  readonly destination: string | undefined;
  /** The person who caused the step, if the reader may know. */
  readonly account: string | undefined;
  readonly times: number;
  /** Each upload has its own steps. */
  readonly uploadId: string | null;
  /** The steps to the PACS of a report, or of marks, that the gateway added to the study. Empty for other steps. */
  readonly road: readonly Step[];
};

/**
 * A step repeated several times in a row becomes one line, and so do all steps to the PACS of what the gateway itself
 * added. A step without words is left out.
 */
export function stepsOf(events: readonly TimelineEvent[]): readonly Step[] {
  const roads = roadsOf(events);
  const late = lateParts(events);
  return joined(
    events.flatMap((event) => {
      const road = roads.get(event);
      if (late.has(event)) return lateStep(event);
      if (road === undefined) return stepOf(event);
      return road[0] === event ? lineOf(road) : [];
    }),
  );
}

const OF_PARTS = ['parcel-received', 'parcel-verified', 'parcel-damaged'];

/**
 * Parts that arrived after their upload was cancelled and before any of it was wanted again. None of these are stored.
 */
function lateParts(events: readonly TimelineEvent[]): ReadonlySet<TimelineEvent> {
  const cancelled = new Set<string | null>();
  const late = new Set<TimelineEvent>();
  for (const one of events) {
    const { event, uploadId, fields } = one;
    if (event === 'instances-decided' && fields['cancelled'] === true) cancelled.add(uploadId);
    const isWanted =
      event === 'upload-opened' ? Number(fields['need'] ?? 0) > 0 : fields['decision'] === 'retry';
    if (isWanted) cancelled.delete(uploadId);
    if (OF_PARTS.includes(event) && cancelled.has(uploadId)) late.add(one);
  }
  return late;
}

/** The check of a part that came too late needs no line, because it changed nothing. */
function lateStep(event: TimelineEvent): readonly Step[] {
  return stepOf(event).flatMap((step) =>
    event.event === 'parcel-received' ? { ...step, said: words.tooLate } : [],
  );
}

function stepOf(event: TimelineEvent): readonly Step[] {
  const { at, account, destination, uploadId } = event;
  const said = saidOf(event);
  return said === undefined ? [] : [{ at, said, destination, account, uploadId, times: 1, road: [] }];
}

function joined(steps: readonly Step[]): readonly Step[] {
  const lines: Step[] = [];
  for (const step of steps) {
    const last = lines.at(-1);
    const isSame = last !== undefined && SAME.every((name) => last[name] === step[name]);
    if (isSame && last.road.length + step.road.length === 0)
      lines[lines.length - 1] = { ...last, times: last.times + 1 };
    else lines.push(step);
  }
  return lines;
}

const SAME = ['said', 'account', 'destination', 'uploadId'] as const;

/** A road with a single step is shown as that step. */
function lineOf(road: readonly TimelineEvent[]): readonly Step[] {
  const steps = joined(road.flatMap(stepOf));
  const [first] = steps;
  const all = road.flatMap(({ added }) => added ?? []);
  // Events of the upload may not yet say what was added.
  const added = all.find(({ marks, models }) => marks || models.length > 0) ?? all[0];
  if (first === undefined || added === undefined || steps.length === 1) return steps;
  const told = road.flatMap(({ event, fields }) => (words.told[event]?.(fields) === undefined ? event : []));
  return [{ ...first, said: addedRoad(added, told) ?? first.said, destination: undefined, road: steps }];
}

type Road = {
  readonly uploadId: string | null;
  readonly revision: unknown;
  readonly events: TimelineEvent[];
};

/**
 * For each event about something the gateway added, all events of the same addition. The sender's receipt is signed
 * again with each addition, so its event is included, unless the sender brought something at the same time.
 */
function roadsOf(events: readonly TimelineEvent[]): ReadonlyMap<TimelineEvent, readonly TimelineEvent[]> {
  const isReceipt = ({ event }: TimelineEvent) => event === 'receipt-issued';
  const brought = new Set(
    events.flatMap((one) => (one.added === undefined && !isReceipt(one) ? one.fields['revision'] : [])),
  );
  const roads: Road[] = [];
  const found = new Map<TimelineEvent, readonly TimelineEvent[]>();
  for (const event of events) {
    const { added, uploadId, fields } = event;
    const { revision } = fields;
    if (added === undefined && (!isReceipt(event) || brought.has(revision))) continue;
    let road = roads.findLast((one) =>
      revision === undefined
        ? event.event !== 'upload-opened' && one.uploadId === uploadId
        : one.revision === revision,
    );
    if (road === undefined && added === undefined) continue;
    if (road === undefined) {
      road = { uploadId, revision, events: [] };
      roads.push(road);
    }
    road.events.push(event);
    found.set(event, road.events);
  }
  return found;
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

/** A step that the gateway takes with every study, but that had nothing to do for this one. */
function isOfNothing(event: string, fields: TimelineEvent['fields']): boolean {
  const none = (name: string): boolean => Number(fields[name] ?? 0) === 0;
  switch (event) {
    // The PACS already had all of it.
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
