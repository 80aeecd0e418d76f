/**
 * A problem that stops a whole study and needs a person: refused by the gateway, interrupted while being made
 * safe, or in trouble on this device.
 */
import { PROBLEMS } from '#shared/protocol/problem-table.ts';
import { CodeLine } from '../../kit/CodeLine.tsx';
import { Notice } from '../../kit/Notice.tsx';
import { queueWords } from '../queue/queue-words.ts';
import { ChooseAgain } from '../queue/ChooseAgain.tsx';
import { GoOn } from '../queue/ResumeButton.tsx';
import type { QueuedStudy, Trouble } from '../queue/queued-study.ts';
import { Forget, TakeBack } from '../queue/TakeBack.tsx';
import { nameOf } from '../queue/study-title.ts';

export function WholeStudyTrouble({ study }: { readonly study: QueuedStudy }) {
  if (study.state === 'taken-back') {
    return (
      <Notice kind="plain" sign="back">
        <p>{study.wasCancelled ? queueWords.cancelledWhat : queueWords.takenBackWhat}</p>
      </Notice>
    );
  }
  if (study.waiting === 'interrupted') {
    return (
      <Notice kind="stop" title={queueWords.interrupted}>
        <p>{queueWords.interruptedNext}</p>
        <p class="notice-actions">
          <ChooseAgain />
        </p>
      </Notice>
    );
  }
  if (study.state === 'failed') return <Failed study={study} />;
  return study.trouble && <InTrouble study={study} trouble={study.trouble} />;
}

function InTrouble({ study, trouble }: { readonly study: QueuedStudy; readonly trouble: Trouble }) {
  const { title, means, next } = queueWords.trouble[trouble];
  return (
    <Notice kind="stop" title={title}>
      <p>{`${means} ${next}`}</p>
      <div class="notice-actions row">
        <GoOn study={study} />
      </div>
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
      <div class="notice-actions row">
        <GoOn study={study} />
        {study.canTakeBack ? (
          <TakeBack study={study} name={nameOf(study)} />
        ) : (
          <Forget study={study} name={nameOf(study)} />
        )}
      </div>
      {study.problem && <CodeLine code={study.problem} />}
    </Notice>
  );
}
