/** Of a study that the gateway knows: the viewers that show it, its destinations, and what happened to it. */
import { StudyDestinations } from '../pipeline/upload/StudyDestinations.tsx';
import { OpenInViewer } from '../viewer/OpenInViewer.tsx';
import { Timeline } from './Timeline.tsx';

export type StudyRecordProps = {
  readonly studyInstanceUID: string;
  readonly hasReceipt: boolean;
  /** The steps are shown at once. */
  readonly isOpen?: boolean;
};

export function StudyRecord({ studyInstanceUID, hasReceipt, isOpen = false }: StudyRecordProps) {
  return (
    <>
      {hasReceipt && <OpenInViewer studyInstanceUID={studyInstanceUID} />}
      <StudyDestinations studyInstanceUID={studyInstanceUID} />
      <Timeline studyInstanceUID={studyInstanceUID} isOpen={isOpen} />
    </>
  );
}
