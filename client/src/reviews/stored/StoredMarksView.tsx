/** The marks of a reader as the PACS holds them now, with their receipt. */
import { useEffect, useState } from 'preact/hooks';
import { reviewAnnotationsSchema } from '#shared/protocol/annotations.ts';
import { reviewSchema } from '#shared/protocol/reviews.ts';
import { troubleOf } from '../../net/trouble-of.ts';
import type { Trouble } from '../../kit/trouble.ts';
import { Icon } from '../../kit/Icon.tsx';
import { Notice } from '../../kit/Notice.tsx';
import { hrefOf } from '../../kit/routes.ts';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { useLate } from '../../kit/use-late.ts';
import { useApi } from '../../net/net-context.ts';
import { ReportContent } from '../../results/stored/ReportContent.tsx';
import { StoredInstance } from '../../results/stored/StoredInstance.tsx';
import { storedWords } from '../../results/parts/stored-words.ts';
import { saidOf, storedMarks, type NamedReport } from './stored-marks.ts';
import { storedMarksWords as words } from './stored-marks-words.ts';
import { instancePath } from '../image/study-pictures.ts';

type StoredMarksViewProps = { readonly reviewId: string; readonly name: string };

export function StoredMarksView({ reviewId, name }: StoredMarksViewProps) {
  const { found, trouble, load } = useReport(reviewId, name);
  const late = useLate(found === 'loading' && trouble === null);
  const isShown = typeof found === 'object';
  useEffect(() => {
    if (isShown && document.activeElement === document.body)
      document.querySelector<HTMLElement>('#content h1')?.focus();
  }, [isShown]);
  return (
    <main id="content" class="page result" aria-busy={found === 'loading'}>
      <p class="study-back result-back">
        <a class="button button-bare" href={hrefOf({ page: 'reviews', id: reviewId })}>
          <span class="flipped">
            <Icon name="chevron" size={16} turns />
          </span>
          {words.back}
        </a>
      </p>
      <div class="result-head">
        <h1 tabIndex={-1}>{isShown ? <bdi>{found.title}</bdi> : words.title}</h1>
        {isShown && <p class="quiet">{storedWords.what.SR}</p>}
      </div>
      <TroubleAlert trouble={trouble} onAgain={() => void load()} />
      {late && <p class="quiet">{words.loading}</p>}
      {found === 'missing' && <p class="quiet">{words.missing}</p>}
      {isShown && <OneReport named={found} onAgain={load} />}
    </main>
  );
}

type Found = NamedReport | 'loading' | 'missing';

function useReport(reviewId: string, name: string) {
  const api = useApi();
  const [found, setFound] = useState<Found>('loading');
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const load = async (): Promise<void> => {
    setTrouble(null);
    try {
      const review = await api.json(`/reviews/${reviewId}`, reviewSchema);
      const annotations = await api.json(`/reviews/${reviewId}/annotations`, reviewAnnotationsSchema);
      const reports = storedMarks(review, annotations).flatMap((reader) => reader.reports);
      setFound(reports.find((one) => one.name === name) ?? 'missing');
    } catch (error) {
      setTrouble(troubleOf(error));
    }
  };
  useEffect(() => void load(), [api, reviewId, name]);
  return { found, trouble, load };
}

type OneReportProps = { readonly named: NamedReport; readonly onAgain: () => Promise<void> };

function OneReport({ named: { report }, onAgain }: OneReportProps) {
  const { instance, studyInstanceUID } = report;
  if (instance === null) {
    const kind = report.state === 'refused' ? 'refused' : 'waiting';
    const { title, next } = words.notMade[kind];
    return (
      <Notice kind={kind === 'refused' ? 'stop' : 'wait'} title={title}>
        {kind === 'refused' && <p>{saidOf(report, new Date())}</p>}
        <p>{next}</p>
        <p class="notice-actions row">
          <button type="button" class="button" onClick={() => void onAgain()}>
            {storedWords.again}
          </button>
        </p>
      </Notice>
    );
  }
  const path = instancePath({ ...instance, studyInstanceUID });
  return (
    <StoredInstance {...{ path, instance, studyInstanceUID, onAgain }}>
      {({ content, head }) =>
        content.kind === 'report' && <ReportContent report={content.report} head={head} result={null} />
      }
    </StoredInstance>
  );
}
