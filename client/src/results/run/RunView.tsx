/**
 * The page for running a model: the input, the model and its parameters, then the progress and the link to the result.
 * It has one main button.
 */
import { useEffect, useState } from 'preact/hooks';
import { READS_ALL } from '#shared/protocol/api.ts';
import type { Job } from '#shared/protocol/inference.ts';
import { mayRetry } from '../../net/trouble-of.ts';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { useApi, useSession } from '../../net/net-context.ts';
import { useQueue } from '../../pipeline/queue/queue-context.ts';
import { Icon } from '../../kit/Icon.tsx';
import { WhenKnown } from '../../kit/WhenKnown.tsx';
import { useSettling } from '../../kit/use-settling.ts';
import { leadFromHere } from '../../kit/lead-from-here.ts';
import { hrefOf } from '../../kit/routes.ts';
import { typedSaid } from '../../kit/identities.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { realClock } from '../../net/clock.ts';
import { ALL } from '../parts/filters.ts';
import { hasEnded } from '../parts/follow-job.ts';
import { Progress } from '../parts/JobRow.tsx';
import { NotForDiagnosis } from '../../kit/NotForDiagnosis.tsx';
import { useInputName } from '../parts/Parts.tsx';
import type { PickedPictures } from '../parts/picked-pictures.ts';
import { resultWords } from '../parts/result-words.ts';
import type { ResultsStore } from '../parts/results.store.ts';
import { createRunStore, type RunStore } from './run.store.ts';
import { RunForm } from './RunForm.tsx';
import { Back } from '../result/ResultView.tsx';

const said = resultWords.run;

/**
 * `id`: a study on this device; empty if none is chosen yet. If `ofCase` is set, `id` is a case, and `ofCase` is the
 * place of the study in that case.
 */
type RunViewProps = {
  readonly id: string;
  readonly ofCase: string;
  readonly list: ResultsStore;
  readonly picked: PickedPictures;
};

export function RunView({ id, ofCase, list, picked }: RunViewProps) {
  const store = useRunStore(id, ofCase);
  const running = store.running.value;
  const trouble = store.trouble.value;
  const { answer } = store.models;
  const isKnown = answer.value.state === 'known';
  const run = async (work: () => Promise<Job | null>) => {
    const lead = leadFromHere();
    const job = await work();
    const { source, file } = store.form.peek();
    if (source === 'file' && file !== null)
      for (const result of job?.results ?? []) picked.keep(result, file);
    if (job !== null && job.results.length > 0) lead(resultsOf(job, list));
  };
  return (
    <>
      <main id="content" class="page run" aria-busy={answer.value.state === 'loading'}>
        {ofCase === '' ? <Back /> : <BackToCase id={id} />}
        <h1 tabIndex={-1}>{said.title}</h1>
        <NotForDiagnosis />
        <TroubleAlert trouble={trouble} />
        {running.kind === 'job' ? (
          <Watch store={store} job={running.job} onRetry={() => void run(store.retry)} />
        ) : (
          <WhenKnown of={{ answer, again: store.load }} loading={said.loading}>
            {() => <RunForm store={store} />}
          </WhenKnown>
        )}
      </main>
      {isKnown && running.kind !== 'job' && <RunBar store={store} onRun={() => void run(store.run)} />}
    </>
  );
}

function BackToCase({ id }: { readonly id: string }) {
  return (
    <p class="study-back result-back">
      <a class="button button-bare" href={hrefOf({ page: 'cases', id, query: '' })}>
        <span class="flipped">
          <Icon name="chevron" size={16} turns />
        </span>
        {said.toCase}
      </a>
    </p>
  );
}

/** Creates the store of this page, with the study of this id chosen. */
function useRunStore(id: string, ofCase: string): RunStore {
  const api = useApi();
  const queue = useQueue();
  const session = useSession();
  const [store] = useState(() => {
    const study = queue.studies.peek().find((queued) => queued.id === id)?.studyInstanceUID ?? null;
    const readsAll = session.user.peek()?.roles.some((role) => READS_ALL.includes(role)) ?? false;
    return createRunStore({ api, clock: realClock, study, readsAll });
  });
  useEffect(() => {
    void store.load();
    if (ofCase !== '') void store.chooseOfCase(id, Number(ofCase));
    return () => store.close();
  }, [store]);
  return store;
}

/** The address of the only result, or for several results that of the list filtered by the study. */
function resultsOf(job: Job, list: ResultsStore): string {
  const [only = '', ...others] = job.results;
  if (others.length > 0) list.filters.value = { ...ALL, study: job.studyInstanceUID ?? '' };
  return hrefOf({ page: 'results', at: 'results', id: others.length > 0 ? '' : only, beside: '' });
}

/** A bar within reach of the thumb: what is missing, and the one button. */
function RunBar({ store, onRun }: { readonly store: RunStore; readonly onRun: () => void }) {
  const invalid = store.invalid.value;
  const isStarting = store.running.value.kind === 'starting';
  return (
    <section class="send-bar" aria-label={said.run}>
      <div class="send-inside">
        <p class="small quiet" role="status">
          {invalid ? said.invalid[invalid] : said.leave}
        </p>
        <button
          type="button"
          class="button button-main run-button"
          disabled={invalid !== null || isStarting}
          onClick={onRun}
        >
          {isStarting ? said.starting : said.run}
        </button>
      </div>
    </section>
  );
}

type WatchProps = { readonly store: RunStore; readonly job: Job; readonly onRetry: () => void };

/** A job in progress: its input, its model, its progress, and what can be done about it. */
function Watch({ store, job, onRetry }: WatchProps) {
  const nameOfInput = useInputName();
  const { source, file } = store.form.value;
  const input =
    source === 'file'
      ? file && typedSaid(file.name)
      : job.studyInstanceUID && nameOfInput({ studyInstanceUID: job.studyInstanceUID, kind: 'dicom' });
  return (
    <section class="watch" aria-label={said.watching}>
      <div>
        {input && (
          <p class="strong kept">
            <bdi>{input}</bdi>
          </p>
        )}
        <p>
          {[
            [job.model.id, job.model.version].filter(Boolean).join(' '),
            ...(job.attempt > 1 ? [resultWords.job.attempt(job.attempt)] : []),
          ].join(kitWords.separator)}
        </p>
      </div>
      <div role="status">
        <Progress job={job} />
      </div>
      {!hasEnded(job) && <p class="small quiet">{said.leave}</p>}
      <WatchButtons store={store} job={job} onRetry={onRetry} />
    </section>
  );
}

function WatchButtons({ store, job, onRetry }: WatchProps) {
  const isOver = hasEnded(job);
  const mayHelp =
    job.state === 'cancelled' || (job.state === 'failed' && (job.error === null || mayRetry(job.error.code)));
  const settling = useSettling<HTMLDivElement>(`${isOver} ${mayHelp}`);
  return (
    <div ref={settling} class="row">
      {!isOver && (
        <button type="button" class="button" onClick={() => void store.cancel()}>
          {resultWords.job.cancel}
        </button>
      )}
      {mayHelp && (
        <button type="button" class="button button-main" onClick={onRetry}>
          {resultWords.job.retry}
        </button>
      )}
      {isOver && (
        <button
          type="button"
          class={job.state === 'failed' && !mayHelp ? 'button button-main' : 'button'}
          onClick={store.again}
        >
          {said.another}
        </button>
      )}
    </div>
  );
}
