/** "What happened": the steps of a study as the gateway recorded them, requested when a person opens it. */
import { formatMoment } from '../kit/format.ts';
import { hrefOf } from '../kit/routes.ts';
import { mayReadAudit } from '../net/may-send.ts';
import { useSession } from '../net/net-context.ts';
import { StudyPart, useStudyPart, type Question } from '../pipeline/queue/StudyPart.tsx';
import { stepsOf, type Step, type TimelineEvent } from './timeline-steps.ts';
import { timelineWords as words } from './timeline-words.ts';

type StepsProps = { readonly studyInstanceUID: string };
type TimelineProps = StepsProps & { readonly isOpen: boolean };

export function Timeline({ studyInstanceUID, isOpen }: TimelineProps) {
  return (
    <StudyPart title={words.open} isOpen={isOpen}>
      {() => <Steps studyInstanceUID={studyInstanceUID} />}
    </StudyPart>
  );
}

const ask: Question<TimelineEvent> = async (api, studyInstanceUID, signal) => {
  const { timelineSchema: schema } = await import('#shared/protocol/studies.ts');
  return (await api.json(`/studies/${studyInstanceUID}/timeline`, schema, { signal })).events;
};

function Steps({ studyInstanceUID }: StepsProps) {
  const loaded = useStudyPart(ask, studyInstanceUID);
  const user = useSession().user.value;
  if (loaded === 'loading' || loaded === 'failed') return <p class="small quiet">{words[loaded]}</p>;
  const steps = loaded === 'none' ? [] : stepsOf(loaded);
  if (steps.length === 0) return <p class="small quiet">{words.empty}</p>;
  const study = steps.find(({ uploadId }) => uploadId !== null)?.uploadId;
  return (
    <>
      <ol class="timeline small" aria-label={words.label}>
        {steps.map((step) => (
          <Line key={`${step.at} ${step.said} ${step.destination}`} step={step} />
        ))}
      </ol>
      {study && user && mayReadAudit(user) && (
        <p>
          <a class="button button-bare" href={hrefOf({ page: 'audit', query: `study=${study}` })}>
            {words.inAudit}
          </a>
        </p>
      )}
    </>
  );
}

function Line({ step }: { readonly step: Step }) {
  const { at, said, destination, account, times, road } = step;
  return (
    <li>
      <span class="quiet numbers">{formatMoment(new Date(at), new Date())}</span>
      <div>
        {said}
        {destination !== undefined && words.at}
        {destination !== undefined && <bdi class="strong">{destination}</bdi>}
        {account !== undefined && <bdi class="quiet"> {words.by(account)}</bdi>}
        {times > 1 && <span class="quiet"> × {times}</span>}
        {road.length > 0 && (
          <StudyPart title={words.road(road.length)}>
            {() => (
              <ol class="timeline" aria-label={said}>
                {road.map((one) => (
                  <Line key={`${one.at} ${one.said} ${one.destination}`} step={one} />
                ))}
              </ol>
            )}
          </StudyPart>
        )}
      </div>
    </li>
  );
}
