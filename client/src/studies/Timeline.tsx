/** "What happened": the steps of a study as the gateway recorded them, asked for when a person opens it. */
import type { z } from 'zod';
import type { timelineSchema } from '#shared/protocol/studies.ts';
import { formatMoment } from '../kit/format.ts';
import { StudyPart, useStudyPart, type Question } from '../pipeline/upload/StudyPart.tsx';
import { timelineWords as words } from './timeline-words.ts';

type Event = z.infer<typeof timelineSchema>['events'][number];

type TimelineProps = { readonly studyInstanceUID: string };

export function Timeline({ studyInstanceUID }: TimelineProps) {
  return <StudyPart title={words.open}>{() => <Steps studyInstanceUID={studyInstanceUID} />}</StudyPart>;
}

const ask: Question<Event> = async (api, studyInstanceUID, signal) => {
  const { timelineSchema: schema } = await import('#shared/protocol/studies.ts');
  return (await api.json(`/studies/${studyInstanceUID}/timeline`, schema, { signal })).events;
};

function Steps({ studyInstanceUID }: TimelineProps) {
  const loaded = useStudyPart(ask, studyInstanceUID);
  if (loaded === 'loading' || loaded === 'failed') return <p class="small quiet">{words[loaded]}</p>;
  const steps = loaded === 'none' ? [] : stepsOf(loaded);
  if (steps.length === 0) return <p class="small quiet">{words.empty}</p>;
  return (
    <ol class="timeline small" aria-label={words.label}>
      {steps.map(({ at, said, account, times }) => (
        <li key={`${at} ${said}`}>
          <span class="quiet numbers">{formatMoment(new Date(at), new Date())}</span>
          <span>
            {said}
            {account !== undefined && <bdi class="quiet"> {words.by(account)}</bdi>}
            {times > 1 && <span class="quiet"> × {times}</span>}
          </span>
        </li>
      ))}
    </ol>
  );
}

type Step = {
  readonly at: string;
  readonly said: string;
  /** The person behind it, where the reader may know. */
  readonly account: string | undefined;
  readonly times: number;
};

/** The same step several times in a row is one line; a step for which there are no words is left out. */
function stepsOf(events: readonly Event[]): readonly Step[] {
  const steps: Step[] = [];
  for (const { at, event, account } of events) {
    const said = words.events[event];
    if (said === undefined) continue;
    const last = steps.at(-1);
    if (last?.said === said && last.account === account)
      steps[steps.length - 1] = { ...last, times: last.times + 1 };
    else steps.push({ at, said, account, times: 1 });
  }
  return steps;
}
