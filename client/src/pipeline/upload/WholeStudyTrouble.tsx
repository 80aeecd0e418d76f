/** What keeps a whole study from going on and needs a person: refused by the gateway, or cut off while it was made safe. */
import { PROBLEMS } from '#shared/protocol/problem.ts';
import { CodeLine } from '../../app/CodeLine.tsx';
import { Icon } from '../../app/Icon.tsx';
import { hrefOf } from '../../app/routes.ts';
import { words } from '../../app/words.ts';
import type { QueuedStudy } from '../queue/queued.ts';
import { GoOn } from '../queue/GoOn.tsx';
import { TakeBack } from '../queue/QueueRow.tsx';
import { nameOf } from '../queue/study-title.ts';

export function WholeStudyTrouble({ study }: { readonly study: QueuedStudy }) {
  if (study.state === 'taken-back') return <p class="notice"><Icon name="back" turns /><span class="notice-body">{words.queue.takenBackWhat}</span></p>;
  if (study.waiting === 'interrupted') {
    return (
      <div class="notice notice-stop">
        <Icon name="decide" />
        <div class="notice-body">
          <p class="strong">{words.queue.interrupted}</p>
          <p>{words.queue.interruptedNext}</p>
          <p class="notice-actions"><a class="button" href={hrefOf({ page: 'upload' })}>{words.queue.chooseAgain}</a></p>
        </div>
      </div>
    );
  }
  if (study.state !== 'failed') return null;
  const problem: { title: string; next?: string } = study.problem ? PROBLEMS[study.problem] : { title: words.queue.failed };
  return (
    <div class="notice notice-stop">
      <Icon name="decide" />
      <div class="notice-body">
        <p class="strong">{words.queue.failed}</p>
        <p>{problem.title} {words.queue.failedMeans} {problem.next}</p>
        <div class="notice-actions row">
          <GoOn study={study} />
          {study.canTakeBack && <TakeBack study={study} name={nameOf(study.title)} />}
        </div>
        {study.problem && <CodeLine code={study.problem} />}
      </div>
    </div>
  );
}
