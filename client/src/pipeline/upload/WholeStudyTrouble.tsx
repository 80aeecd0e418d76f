/**
 * A problem that stops a whole study and needs a person: the gateway refused it, it was interrupted before it was
 * safe, or it has trouble on this device.
 */
import { PROBLEMS } from '#shared/protocol/problem-table.ts';
import { CodeLine } from '../../kit/CodeLine.tsx';
import { Notice } from '../../kit/Notice.tsx';
import { Cancelled } from '../queue/Cancelled.tsx';
import { queueWords } from '../queue/queue-words.ts';
import { ChooseAgain } from '../queue/ChooseAgain.tsx';
import { isStopped, stoppedButtons } from '../queue/list-buttons.ts';
import type { QueuedStudy, Trouble } from '../queue/queued-study.ts';
import { StudyButtons } from '../queue/StudyButtons.tsx';
import { nameOf } from '../queue/study-title.ts';

export function WholeStudyTrouble({ study }: { readonly study: QueuedStudy }) {
  if (study.state === 'taken-back') {
    return (
      <Notice kind="plain" sign="close">
        <Cancelled study={study} />
      </Notice>
    );
  }
  if (study.waiting === 'interrupted') {
    return (
      <Notice kind="stop" title={queueWords.interrupted}>
        <p>{queueWords.interruptedNext}</p>
        <p class="notice-actions">
          <ChooseAgain study={study} />
        </p>
      </Notice>
    );
  }
  if (!isStopped(study)) return null;
  return study.trouble && study.state !== 'failed' ? (
    <InTrouble study={study} trouble={study.trouble} />
  ) : (
    <Failed study={study} />
  );
}

function InTrouble({ study, trouble }: { readonly study: QueuedStudy; readonly trouble: Trouble }) {
  const { title, means, next } = queueWords.trouble[trouble];
  return (
    <Notice kind="stop" title={title}>
      <p>{`${means} ${next}`}</p>
      <Ways study={study} />
      <CodeLine code={trouble} />
    </Notice>
  );
}

function Failed({ study }: { readonly study: QueuedStudy }) {
  const problem: { readonly title: string; readonly next?: string } | null =
    study.problem && PROBLEMS[study.problem];
  return (
    <Notice kind="stop" title={queueWords.failed}>
      <p>{[problem?.title, queueWords.failedMeans, problem?.next].filter(Boolean).join(' ')}</p>
      <Ways study={study} />
      {study.problem && <CodeLine code={study.problem} />}
    </Notice>
  );
}

function Ways({ study }: { readonly study: QueuedStudy }) {
  return (
    <div class="notice-actions">
      <StudyButtons study={study} name={nameOf(study)} buttons={stoppedButtons(study)} />
    </div>
  );
}
