/**
 * Facts about a study that the gateway knows: links to viewers, to a case and to results of models, its destinations,
 * and what happened to it.
 */
import { OpenCase } from '../cases/parts/OpenCase.tsx';
import { StudyDestinations } from '../pipeline/upload/StudyDestinations.tsx';
import { StudyResults } from '../results/StudyResults.tsx';
import { OpenInViewer } from '../viewer/OpenInViewer.tsx';
import { Timeline } from './Timeline.tsx';

export type StudyRecordProps = {
  readonly studyInstanceUID: string;
  readonly hasReceipt: boolean;
  /** The steps start expanded. */
  readonly isOpen?: boolean;
};

export function StudyRecord({ studyInstanceUID, hasReceipt, isOpen = false }: StudyRecordProps) {
  return (
    <>
      {hasReceipt && (
        <div class="row">
          <OpenCase studyInstanceUID={studyInstanceUID} />
          <StudyResults studyInstanceUID={studyInstanceUID} />
          <OpenInViewer studyInstanceUID={studyInstanceUID} />
        </div>
      )}
      <StudyDestinations studyInstanceUID={studyInstanceUID} />
      <Timeline studyInstanceUID={studyInstanceUID} isOpen={isOpen} />
    </>
  );
}
