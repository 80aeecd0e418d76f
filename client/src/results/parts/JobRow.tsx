/** A running, waiting or failed job, with its progress and its two buttons. */
import type { Job } from '#shared/protocol/inference.ts';
import { mayRetry, troubleOfCode } from '../../net/trouble-of.ts';
import { formatMoment } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { useSettling } from '../../kit/use-settling.ts';
import { hasEnded } from './follow-job.ts';
import { useInputName } from './Parts.tsx';
import { resultWords } from './result-words.ts';

const said = resultWords.job;

type JobRowProps = {
  readonly job: Job;
  readonly onCancel: (job: Job) => void;
  readonly onRetry: (job: Job) => void;
};

export function JobRow({ job, onCancel, onRetry }: JobRowProps) {
  const nameOfInput = useInputName();
  const settling = useSettling<HTMLDivElement>(job.state);
  const input =
    job.studyInstanceUID === null
      ? resultWords.run.sources.file
      : nameOfInput({ studyInstanceUID: job.studyInstanceUID, kind: 'dicom' });
  const model = [job.model.id, job.model.version].filter(Boolean).join(' ');
  return (
    <article class="job" aria-label={`${model}, ${input}`}>
      <div class="job-said">
        <h3 class="cut">
          <bdi>{input}</bdi>
        </h3>
        <p class="small quiet">
          {[
            model,
            formatMoment(new Date(job.createdAt), new Date()),
            ...(job.attempt > 1 ? [said.attempt(job.attempt)] : []),
          ].join(kitWords.separator)}
        </p>
      </div>
      <Progress job={job} />
      <div ref={settling} class="job-buttons">
        {!hasEnded(job) && (
          <button
            type="button"
            class="button button-bare"
            aria-label={said.cancelOf(input)}
            onClick={() => onCancel(job)}
          >
            {said.cancel}
          </button>
        )}
        {job.state === 'failed' &&
          job.studyInstanceUID !== null &&
          (job.error === null || mayRetry(job.error.code)) && (
            <button
              type="button"
              class="button"
              aria-label={said.retryOf(input)}
              onClick={() => onRetry(job)}
            >
              {said.retry}
            </button>
          )}
      </div>
    </article>
  );
}

/** The progress of a job, as text and as a bar; if it failed, the reason. */
export function Progress({ job }: { readonly job: Job }) {
  const { done, of } = job.progress;
  if (job.error && job.state === 'failed') return <Failure error={job.error} />;
  const isOpen = job.state === 'running' && of <= 1;
  return (
    <div class="job-progress">
      <p class="small">
        {said.states[job.state]}
        {of > 1 && <span class="quiet numbers">{`${kitWords.separator}${said.images(done, of)}`}</span>}
      </p>
      {!hasEnded(job) && (
        <div class={isOpen ? 'bar bar-open' : 'bar'} aria-hidden="true">
          <div
            class="bar-fill"
            style={{ inlineSize: isOpen ? '30%' : `${of === 0 ? 0 : (done / of) * 100}%` }}
          />
        </div>
      )}
    </div>
  );
}

function Failure({ error }: { readonly error: NonNullable<Job['error']> }) {
  const { title, next } = troubleOfCode(error.code, error.title);
  return (
    <div class="job-progress">
      <p class="said-red small">
        <Icon name="decide" size={20} />
        <span>
          <span class="strong">{title}</span> {next}
        </span>
      </p>
      <p class="code quiet">{error.code}</p>
    </div>
  );
}
