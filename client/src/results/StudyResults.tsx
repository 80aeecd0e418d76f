/**
 * From a study to what models found in it, for those who may open results: the newest result of each model. The finding
 * itself stands on its own page, beside its image and what limits it.
 */
import { formatMoment } from '../kit/format.ts';
import { hrefOf } from '../kit/routes.ts';
import { maySend } from '../net/may-send.ts';
import { useSession } from '../net/net-context.ts';
import { useStudyPart, type Question } from '../pipeline/upload/StudyPart.tsx';
import type { LinkedResult } from './newest-of-models.ts';
import { studyResultsWords } from './study-results-words.ts';

type StudyResultsProps = { readonly studyInstanceUID: string };

export function StudyResults({ studyInstanceUID }: StudyResultsProps) {
  const user = useSession().user.value;
  return user && maySend(user) ? <Links studyInstanceUID={studyInstanceUID} /> : null;
}

const ask: Question<LinkedResult> = async (api, studyInstanceUID, signal) => {
  const { newestOfModelsSchema: schema } = await import('./newest-of-models.ts');
  return api.json(`/results?${new URLSearchParams({ study: studyInstanceUID })}`, schema, { signal });
};

function Links({ studyInstanceUID }: StudyResultsProps) {
  const loaded = useStudyPart(ask, studyInstanceUID);
  if (typeof loaded === 'string') return null;
  return loaded.map(({ id, finding, createdAt }) => (
    <a key={id} class="button" href={hrefOf({ page: 'results', at: 'results', id, beside: '' })}>
      {studyResultsWords.resultOf(finding.model, formatMoment(new Date(createdAt), new Date()))}
    </a>
  ));
}
