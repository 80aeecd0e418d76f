/**
 * Links from a study to what models found in it, for people who may open results: the newest result of each model, and
 * the list of all of them where a model has several. The finding itself is only on its own page, beside its image and
 * its limits.
 */
import { formatMoment } from '../kit/format.ts';
import { hrefOf } from '../kit/routes.ts';
import { maySend } from '../net/may-send.ts';
import { useSession } from '../net/net-context.ts';
import { useStudyPart, type Question } from '../pipeline/queue/StudyPart.tsx';
import type { LinkedResult } from './newest-of-models.ts';
import { studyResultsWords as words } from './study-results-words.ts';

const RESULTS = { page: 'results', at: 'results', id: '', beside: '' } as const;

type StudyResultsProps = { readonly studyInstanceUID: string };

export function StudyResults({ studyInstanceUID }: StudyResultsProps) {
  const user = useSession().user.value;
  return user && maySend(user) ? <Links studyInstanceUID={studyInstanceUID} /> : null;
}

/** The gateway lists no more at once. */
const MOST = '200';

const ask: Question<LinkedResult> = async (api, studyInstanceUID, signal) => {
  const { newestOfModelsSchema: schema } = await import('./newest-of-models.ts');
  return api.json(`/results?${new URLSearchParams({ study: studyInstanceUID, limit: MOST })}`, schema, {
    signal,
  });
};

function Links({ studyInstanceUID }: StudyResultsProps) {
  const loaded = useStudyPart(ask, studyInstanceUID);
  if (loaded === 'failed') return <p class="small quiet">{words.failed}</p>;
  if (typeof loaded === 'string') return null;
  return (
    <>
      {loaded.map((result) => (
        <a key={result.id} class="button" href={hrefOf({ ...RESULTS, id: result.id })}>
          {nameOf(result)}
        </a>
      ))}
      {loaded.some(({ of, hasMore }) => of > 1 || hasMore) && (
        <a class="button button-bare" href={hrefOf({ ...RESULTS, id: loaded[0]!.id, beside: 'study' })}>
          {words.all}
        </a>
      )}
    </>
  );
}

function nameOf({ finding: { model }, createdAt, of, hasMore }: LinkedResult): string {
  const when = formatMoment(new Date(createdAt), new Date());
  if (hasMore) return words.newest(model, when);
  return of > 1 ? words.newestOf(of, model, when) : words.resultOf(model, when);
}
