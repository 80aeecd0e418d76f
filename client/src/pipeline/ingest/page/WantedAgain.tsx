/** Above the chosen files: says whether they include the study that a person wanted to choose again. */
import { Notice } from '../../../kit/Notice.tsx';
import { kitWords } from '../../../kit/kit-words.ts';
import { wantedAgain } from '../../queue/choose-again.ts';
import { useQueue } from '../../queue/queue-context.ts';
import type { StudyTitle } from '../../queue/queued-study.ts';
import { nameOf, partsOf, personLines } from '../../queue/study-title.ts';
import { chosenWords } from '../found/chosen-words.ts';
import type { FoundStudy } from '../found/found-study.ts';
import { useIngest } from '../found/ingest-context.ts';

const SAME = ['patientName', 'patientId', 'studyDate', 'description', 'accessionNumber'] as const;

const isOf = (title: StudyTitle, study: FoundStudy): boolean =>
  SAME.every((field) => title[field].trim() === study[field].trim());

export function WantedAgain() {
  const { studies } = useIngest();
  const id = wantedAgain();
  const wanted = useQueue().studies.value.find((study) => study.id === id);
  // An erased title cannot be compared, so nothing can be said.
  if (!wanted?.title) return null;
  const { title } = wanted;
  const isFound = studies.value.some((study) => isOf(title, study));
  const what = [...personLines(title.patientId, title.patientBirthDate), ...partsOf(title)];
  const said = chosenWords.again;
  return (
    <Notice kind={isFound ? 'plain' : 'wait'} title={(isFound ? said.found : said.missing)(nameOf(wanted))}>
      <p class="kept">
        <bdi>{what.join(kitWords.separator)}</bdi>
      </p>
      <p>{isFound ? said.foundNext : said.missingNext}</p>
    </Notice>
  );
}
