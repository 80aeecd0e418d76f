/**
 * The picture of one instance, small next to the list and as large as the window at a touch, because burned-
 * in text is small. With a choice of frames where it has several, and a sentence where none can be drawn. Key
 * it by its instance.
 */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { blackenBoxes } from './blacken-boxes.ts';
import { deidWords } from './deid-words.ts';
import { useIngest } from '../ingest/ingest-context.ts';
import { Icon } from '../../kit/Icon.tsx';
import { Sheet } from '../../kit/Sheet.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import type { FoundFile } from '../ingest/group-studies.ts';
import { boxesOn, type Box } from '#shared/dicom/boxes.ts';
import type { FramePicture } from '#shared/pixels/thumbnail.ts';
import { Picture } from '../ingest/ThumbnailPicture.tsx';

/** Sharp at the size of a card; a dozen of them take 12 MB. */
const CARD_SIDE = 512;
/** Most images have no more pixels than this; it takes 16 MB, one at a time. */
const LARGE_SIDE = 2048;

export type InstancePictureProps = {
  readonly found: FoundFile;
  /** Counted from 1, for its name. */
  readonly at: number;
  /** Drawn black over it: they are sent so. */
  readonly boxes?: readonly Box[];
  readonly onDrawn?: () => void;
};

/** Undefined until the first picture arrives; null where there is none. A picture stays until the next arrives. */
function usePicture(found: FoundFile, frame: number, side: number): FramePicture | null | undefined {
  const ingest = useIngest();
  const [picture, setPicture] = useState<FramePicture | null | undefined>(undefined);
  useEffect(() => {
    let gone = false;
    const show = (made: FramePicture | null) => {
      if (!gone) setPicture(made);
    };
    // The worker may finish: ending it for each step to the next instance would cost more.
    ingest.inspection
      .picture(found, { frame, maxSide: side }, new AbortController().signal)
      .then(show, () => show(null));
    return () => {
      gone = true;
    };
  }, [found, frame, side]);
  return picture;
}

export function InstancePicture({ found, at, boxes = [], onDrawn }: InstancePictureProps) {
  const [frame, setFrame] = useState(Math.floor(found.frames / 2));
  const [isLarge, setLarge] = useState(false);
  const picture = usePicture(found, frame, CARD_SIDE);
  return (
    <div class="look">
      {picture ? (
        <button
          type="button"
          class="look-box"
          aria-haspopup="dialog"
          aria-label={deidWords.stage.larger(at)}
          onClick={() => setLarge(true)}
        >
          <Covered picture={picture} boxes={boxesOn(boxes, frame)} onDrawn={onDrawn} />
        </button>
      ) : (
        <div
          class="look-box"
          role="img"
          aria-label={picture === null ? deidWords.stage.noPicture : deidWords.stage.picture(at)}
        >
          {picture === null && (
            <span class="look-none small" aria-hidden="true">
              <Icon name="files" />
              {deidWords.stage.noPicture}
            </span>
          )}
        </div>
      )}
      <FrameChoice found={found} frame={frame} onChoose={setFrame} />
      {isLarge && (
        <LargePicture
          found={found}
          at={at}
          frame={frame}
          boxes={boxes}
          onChoose={setFrame}
          onClose={() => setLarge(false)}
        />
      )}
    </div>
  );
}

type FrameChoiceProps = {
  readonly found: FoundFile;
  readonly frame: number;
  readonly onChoose: (frame: number) => void;
};

function FrameChoice({ found, frame, onChoose }: FrameChoiceProps) {
  if (found.frames < 2) return null;
  const place = deidWords.stage.frame(frame + 1, found.frames);
  return (
    <label class="look-frame small numbers">
      <span>{place}</span>
      <input
        type="range"
        min={1}
        max={found.frames}
        value={frame + 1}
        aria-label={deidWords.stage.frameLabel}
        aria-valuetext={place}
        onInput={(event) => onChoose(event.currentTarget.valueAsNumber - 1)}
      />
    </label>
  );
}

type CoveredProps = {
  readonly picture: FramePicture;
  /** Those on its frame. */
  readonly boxes: readonly Box[];
  readonly onDrawn?: (() => void) | undefined;
};

function Covered({ picture, boxes, onDrawn }: CoveredProps) {
  const shown = useMemo(() => blackenBoxes(picture, boxes), [picture, JSON.stringify(boxes)]);
  return <Picture thumbnail={shown} {...(onDrawn && { onDrawn })} />;
}

type LargePictureProps = FrameChoiceProps & {
  readonly at: number;
  readonly boxes: readonly Box[];
  readonly onClose: () => void;
};

function LargePicture({ found, at, frame, boxes, onChoose, onClose }: LargePictureProps) {
  const picture = usePicture(found, frame, LARGE_SIDE);
  return (
    <Sheet title={deidWords.stage.picture(at)} onClose={onClose}>
      <div class="look-large">
        <div class="look-box">{picture && <Covered picture={picture} boxes={boxesOn(boxes, frame)} />}</div>
      </div>
      <FrameChoice found={found} frame={frame} onChoose={onChoose} />
      <div class="sheet-actions">
        <button type="button" class="button" onClick={onClose}>
          {kitWords.close}
        </button>
      </div>
    </Sheet>
  );
}
