/**
 * The picture of one instance, small next to the list and as large as the window at a touch, because burned-
 * in text is small. Where it has several frames, a choice of them and a player that shows all; a sentence where none
 * can be drawn. Key it by its instance.
 */
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
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
import { asksForCalm, openFilm, type Film } from './film.ts';
import type { ReadFrame } from './follow-frame.ts';
import { FramesShown } from './FramesShown.tsx';
import type { Looked } from './looked-frames.ts';
import { useInSight } from './use-in-sight.ts';

/** Sharp at the size of a card; a dozen of them take 12 MB. */
const CARD_SIDE = 512;
/** Most images have no more pixels than this; it takes 16 MB, one at a time. */
const LARGE_SIDE = 2048;

/** The large picture: closed, at rest, or its frames one after the other. */
export type Large = 'closed' | 'still' | 'playing';

export type InstancePictureProps = {
  readonly seen: Looked;
  readonly found: FoundFile;
  /** Counted from 1, for its name. */
  readonly at: number;
  /** Drawn black over it: they are sent so. */
  readonly boxes?: readonly Box[];
  /** The small picture is large enough to be read. */
  readonly isReadable?: boolean;
  /** Shared with anything else that opens the large picture. */
  readonly large?: Signal<Large>;
  /** After the large picture is gone. */
  readonly onClosed?: () => void;
};

export function InstancePicture(props: InstancePictureProps) {
  const { seen, found, at, boxes = [], isReadable = false } = props;
  const own = useSignal<Large>('closed');
  const large = props.large ?? own;
  const film = useFilm(seen, found, Math.floor(found.frames / 2), CARD_SIDE);
  const place = useRef<HTMLDivElement>(null);
  const read = film.read.value;
  useMarked({ seen, read, isInSight: useInSight(place) && isReadable });
  const isLarge = large.value !== 'closed';
  useEffect(() => (isLarge ? props.onClosed : undefined), [isLarge]);
  return (
    <div class="look">
      <div ref={place}>
        <SmallPicture read={read} at={at} boxes={boxes} onLarge={() => (large.value = 'still')} />
      </div>
      <FrameChoice film={film} />
      {isLarge && (
        <LargePicture
          seen={seen}
          found={found}
          at={at}
          first={film.place.peek().frame}
          plays={large.value === 'playing'}
          boxes={boxes}
          onClose={(frame) => {
            large.value = 'closed';
            film.choose(frame);
          }}
        />
      )}
    </div>
  );
}

function useFilm(seen: Looked, found: FoundFile, frame: number, maxSide: number) {
  const ingest = useIngest();
  const [film] = useState(() => openFilm(ingest, { first: { found, frame }, maxSide, looked: seen.looked }));
  useEffect(() => film.close, [film]);
  return film;
}

type Marking = {
  readonly seen: Looked;
  readonly read: ReadFrame | undefined;
  readonly isInSight: boolean;
};

/** A frame was looked at once it is drawn where a person sees it; the picture draws before this runs. */
function useMarked({ seen, read, isInSight }: Marking): void {
  useEffect(() => {
    if (read?.picture && isInSight) seen.markLooked(read.found, read.frame);
  }, [read, isInSight]);
}

type SmallPictureProps = {
  readonly read: ReadFrame | undefined;
  readonly at: number;
  readonly boxes: readonly Box[];
  readonly onLarge: () => void;
};

function SmallPicture({ read, at, boxes, onLarge }: SmallPictureProps) {
  if (read?.picture)
    return (
      <button
        type="button"
        class="look-box"
        aria-haspopup="dialog"
        aria-label={deidWords.stage.larger(at)}
        onClick={onLarge}
      >
        <Covered picture={read.picture} boxes={boxesOn(boxes, read.frame)} />
      </button>
    );
  const isNone = read?.picture === null;
  return (
    <div
      class="look-box"
      role="img"
      aria-label={isNone ? deidWords.stage.noPicture : deidWords.stage.picture(at)}
    >
      {isNone && <NoPicture />}
    </div>
  );
}

function NoPicture() {
  return (
    <span class="look-none small" aria-hidden="true">
      <Icon name="files" />
      {deidWords.stage.noPicture}
    </span>
  );
}

function FrameChoice({ film }: { readonly film: Film }) {
  const { found, frame } = film.place.value;
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
        onInput={(event) => film.choose(event.currentTarget.valueAsNumber - 1)}
      />
    </label>
  );
}

type CoveredProps = {
  readonly picture: FramePicture;
  /** Those on its frame. */
  readonly boxes: readonly Box[];
};

function Covered({ picture, boxes }: CoveredProps) {
  const shown = useMemo(() => blackenBoxes(picture, boxes), [picture, JSON.stringify(boxes)]);
  return <Picture thumbnail={shown} />;
}

type LargePictureProps = Required<Pick<InstancePictureProps, 'seen' | 'found' | 'at' | 'boxes'>> & {
  /** Counted from 0. */
  readonly first: number;
  readonly plays: boolean;
  readonly onClose: (frame: number) => void;
};

function LargePicture({ seen, found, at, first, plays, boxes, onClose }: LargePictureProps) {
  const film = useFilm(seen, found, first, LARGE_SIDE);
  const place = useRef<HTMLDivElement>(null);
  const read = film.read.value;
  useMarked({ seen, read, isInSight: useInSight(place) });
  useEffect(() => {
    if (plays && !asksForCalm()) film.player.play();
  }, [film]);
  return (
    <Sheet title={deidWords.stage.picture(at)} onClose={() => onClose(film.place.peek().frame)}>
      <div class="look-large">
        <div class="look-box" ref={place}>
          {read?.picture && <Covered picture={read.picture} boxes={boxesOn(boxes, read.frame)} />}
          {read?.picture === null && <NoPicture />}
        </div>
      </div>
      <FrameChoice film={film} />
      <div class="sheet-actions look-actions">
        <FramesShown player={film.player} files={[found]} looked={seen.looked.value} isFirst={plays} />
        <button type="button" class="button" onClick={() => onClose(film.place.peek().frame)}>
          {kitWords.close}
        </button>
      </div>
    </Sheet>
  );
}
