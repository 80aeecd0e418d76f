/** The studies of a case: the patient as the PACS names them, what models found, and links to viewers. */
import { useId } from 'preact/hooks';
import type { Case } from '#shared/protocol/cases.ts';
import { formatMoment } from '../kit/format.ts';
import { hrefOf } from '../kit/routes.ts';
import { NotForDiagnosis } from '../kit/NotForDiagnosis.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { OpenInViewer } from '../viewer/OpenInViewer.tsx';
import type { CaseStore } from './case.store.ts';
import { EarlyMark } from './parts/EarlyMark.tsx';
import { PatientOf } from './parts/PatientOf.tsx';
import { studyDaysOf, type Patient } from './parts/say-patient.ts';
import { caseWords } from './parts/case-words.ts';

const words = caseWords.study;
type Study = Case['studies'][number];

type CaseStudiesProps = { readonly of: Case; readonly store: CaseStore; readonly mayOpen: boolean };

export function CaseStudies({ of, store, mayOpen }: CaseStudiesProps) {
  const patients = store.patients.answer.value;
  const isShown = !of.withheld.includes('patient');
  const told = patients.state === 'known' ? patients.value : [];
  return (
    <section class="stack" aria-label={words.title}>
      <h2>{words.title}</h2>
      {of.studies.some(({ results }) => results.length > 0) && <NotForDiagnosis />}
      {of.expects !== null && <p>{caseWords.expects[of.expects]}.</p>}
      {of.studies.length === 0 && of.expects === null && <p class="quiet">{words.none}</p>}
      {isShown && of.studies.length > 0 && (
        <WhenKnown of={store.patients} loading={caseWords.patient.loading}>
          {() => null}
        </WhenKnown>
      )}
      <ul class="plain">
        {of.studies.map((study, at) => (
          <li key={study.studyInstanceUID} class="hairline case-study">
            {isShown && patients.state === 'known' && (
              <PatientOf patient={patientOf(told, study)} known={patients} />
            )}
            {study.isEarly && <EarlyMark />}
            <Results
              study={study}
              days={studyDaysOf(told.filter((one) => one.studyInstanceUID === study.studyInstanceUID))}
              caseId={of.id}
            />
            {mayOpen && (
              <div class="row case-study-ways">
                {!study.hidesResults && (
                  <a class="button" href={hrefToRun(of.id, at)}>
                    {words.run}
                  </a>
                )}
                <OpenInViewer studyInstanceUID={study.studyInstanceUID} isAnother={at > 0} />
              </div>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

const patientOf = (told: readonly Patient[], { studyInstanceUID: uid }: Study): Patient | null =>
  told.find(({ studyInstanceUID }) => studyInstanceUID === uid) ?? null;

/** The address contains the case and the place of the study in it, because it must not contain a UID. */
const hrefToRun = (caseId: string, at: number): string =>
  hrefOf({ page: 'results', at: 'infer', id: caseId, beside: String(at) });

/** `days`: the dates of the study from the PACS; empty if the PACS gives none, or this person may not see them. */
type ResultsProps = { readonly study: Study; readonly days: readonly string[]; readonly caseId: string };

function Results({ study: { results, modalities, hidesResults }, days, caseId }: ResultsProps) {
  const label = useId();
  const kinds = [...modalities, ...days].join(caseWords.separator);
  return (
    <div>
      <p id={label} class="small">
        {[kinds, hidesResults ? words.hidden : results.length === 0 ? words.noResults : words.results]
          .filter(Boolean)
          .join(caseWords.separator)}
      </p>
      {results.length > 0 && (
        <ul class="plain" aria-labelledby={label}>
          {results.map((result) => (
            <li key={result.id}>
              <a
                class="case-result"
                href={hrefOf({ page: 'results', at: 'results', id: result.id, beside: `case-${caseId}` })}
              >
                {words.result(result.model, formatMoment(new Date(result.createdAt), new Date()))}
              </a>
              <span class="small">
                {[saidBy(result), judgedIn(result)].filter(Boolean).join(caseWords.separator)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function judgedIn({ verdict, isDisputed, correctedFinding }: Study['results'][number]): string | null {
  if (isDisputed) return words.disputed;
  return verdict && words.verdicts[verdict](correctedFinding);
}

function saidBy({ model, positive, isOfOtherImage }: Study['results'][number]): string {
  if (model === 'image-kind') return words.positive.kind;
  if (positive === null) return isOfOtherImage ? words.positive.otherImage : words.positive.silent;
  return positive ? words.positive.yes : words.positive.no;
}
