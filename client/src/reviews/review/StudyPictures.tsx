/** The images of a case beside its form, on black in both themes, with tools to view and mark them. */
import { useLate } from '../../kit/use-late.ts';
import { HiddenPicture, useHiding } from '../../viewer/HiddenPicture.tsx';
import { OpenInViewer } from '../../viewer/OpenInViewer.tsx';
import { ImageStage } from '../image/ImageStage.tsx';
import { MarkBar } from '../image/MarkBar.tsx';
import type { ShownMark } from '../image/MarkShapes.tsx';
import type { NamedMark, ReaderMarks } from '../image/shown-marks.ts';
import type { Stage } from '../image/stage.ts';
import { ViewerKeys } from '../image/ViewerKeys.tsx';
import { ImageSteps, ToolBar, WindowPart } from '../image/ViewerTools.tsx';
import { reviewWords } from '../parts/review-words.ts';
import { PICTURES_LIMIT } from '#shared/dicom/order-pictures.ts';
import type { Images } from './use-images.ts';

const words = reviewWords.picture;

type StudyPicturesProps = {
  readonly images: Images;
  readonly studies: readonly string[];
  /** A blinded reader is not offered the viewer, because it would show what models found. */
  readonly isBlinded: boolean;
  readonly own: readonly NamedMark[];
  readonly others: readonly ReaderMarks[];
};

export function StudyPictures({ images, studies, isBlinded, own, others }: StudyPicturesProps) {
  const late = useLate(images.kind === 'loading');
  const stage = images.kind === 'shown' ? images.stage : null;
  const study = stage?.viewer.pictures[stage.viewer.place.value.at]?.studyInstanceUID ?? studies[0];
  return (
    <section class="stack-tight review-pictures" aria-label={words.label}>
      {images.kind === 'shown' ? (
        <Viewer stage={images.stage} isCut={images.isCut} own={own} others={others} />
      ) : (
        <div class="viewer-stage viewer-empty">
          <p class="small" role="status">
            {images.kind === 'loading' ? late && words.loading : words[images.kind]}
            {images.kind === 'other' && !isBlinded && ` ${words.inViewer}`}
          </p>
        </div>
      )}
      {images.kind === 'failed' && (
        <p>
          <button type="button" class="button" onClick={images.retry}>
            {words.again}
          </button>
        </p>
      )}
      {!isBlinded && study !== undefined && <OpenInViewer key={study} studyInstanceUID={study} />}
    </section>
  );
}

type ViewerProps = { readonly stage: Stage; readonly isCut: boolean } & Pick<
  StudyPicturesProps,
  'own' | 'others'
>;

function Viewer({ stage, isCut, own, others }: ViewerProps) {
  const { viewer, marks, isKeysOpen } = stage;
  const shown = viewer.shown.value;
  const picture = {
    of: shown === null ? '' : viewer.pictures[shown.at]!.sopInstanceUID,
    mayHoldName: shown?.mayHoldName ?? false,
  };
  const isHidden = useHiding(picture) !== 'shown';
  return (
    <>
      {isHidden ? (
        <div class="viewer-stage viewer-empty">
          <HiddenPicture picture={picture} />
        </div>
      ) : (
        <>
          <ToolBar stage={stage} />
          <ImageStage stage={stage} marks={shownOn(stage, own, others)} />
        </>
      )}
      <p class="unseen" role="status">
        {marks.said.value}
      </p>
      {!isHidden && marks.mayEdit.value && <MarkBar stage={stage} marks={own} />}
      {viewer.phase.value === 'failed' && (
        <p>
          <button type="button" class="button" onClick={viewer.retry}>
            {words.again}
          </button>
        </p>
      )}
      <ImageSteps stage={stage} isHidden={isHidden} />
      {!isHidden && <WindowPart viewer={viewer} />}
      {isCut && <p class="small quiet">{words.cut(PICTURES_LIMIT)}</p>}
      {isKeysOpen.value && (
        <ViewerKeys
          onClose={() => {
            isKeysOpen.value = false;
          }}
        />
      )}
    </>
  );
}

/** The marks on the visible frame, the caller's own on top. */
function shownOn(
  { viewer, marks }: Stage,
  own: readonly NamedMark[],
  others: readonly ReaderMarks[],
): readonly ShownMark[] {
  const shown = viewer.shown.value;
  if (shown === null) return [];
  const { sopInstanceUID } = viewer.pictures[shown.at]!;
  return [...others.flatMap((reader) => reader.marks), ...own]
    .filter(({ mark }) => mark.sopInstanceUID === sopInstanceUID && mark.frame === shown.frame)
    .map((one) => ({
      mark: one.mark,
      number: one.number,
      length: one.length,
      colour: one.colour,
      isSelected: marks.selected.value === one.mark.id,
    }));
}
