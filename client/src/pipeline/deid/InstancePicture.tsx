/**
 * The picture of one instance, small next to the list and as large as the window when it is touched. Burned-in text
 * is small, so only the large picture counts as looked at. If there are several frames, they can be chosen or played;
 * if none can be drawn, a sentence says so. While names are hidden, a picture that may show a name is drawn only
 * after a person asks for those of its series. Use the instance as its key.
 */
import { computed, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { blackenBoxes } from '../ingest/card/blacken-boxes.ts';
import { deidWords } from './deid-words.ts';
import { useIngest } from '../ingest/found/ingest-context.ts';
import { Icon } from '../../kit/Icon.tsx';
import { Sheet } from '../../kit/Sheet.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import type { FoundFile } from '../ingest/found/group-studies.ts';
import { boxesOn, type Box } from '#shared/dicom/boxes.ts';
import type { FramePicture } from '#shared/pixels/thumbnail.ts';
import { HiddenPicture, useHiding } from '../../viewer/HiddenPicture.tsx';
import type { NamedPicture } from '../../viewer/hidden-pictures.ts';
import { Picture } from '../ingest/card/ThumbnailPicture.tsx';
import { asksForCalm, openFilm, type Film, type FilmAsked } from './film.ts';
import type { FramePlace, ReadFrame } from '../ingest/found/follow-frame.ts';
import { FramesShown } from './FramesShown.tsx';
import { middleFrame, type Looked } from './looked-frames.ts';
import { Steps } from '../ingest/card/Steps.tsx';
import { useInSight } from './use-in-sight.ts';

/** A side that is sharp at the size of a card. A dozen such pictures take 12 MB. */
const CARD_SIDE = 512;
/** Most images have no more pixels than this. One picture takes 16 MB, and only one is open at a time. */
const LARGE_SIDE = 2048;

type InstancePictureProps = {
  readonly seen: Looked;
  readonly found: FoundFile;
  /** The number of the instance, counted from 1, for the picture's name. */
  readonly at: number;
  /** Drawn in black over the picture, as they are sent. */
  readonly boxes?: readonly Box[];
};

export function InstancePicture(props: InstancePictureProps) {
  const { seen, found, at, boxes = [] } = props;
  const large = useSignal<FramePlace | null>(null);
  const close = () => {
    large.value = null;
  };
  return (
    <>
      <CardPicture
        {...props}
        onLarge={(frame) => {
          large.value = { found, frame };
        }}
      />
      {large.value && (
        <LargePicture
          seen={seen}
          files={[found]}
          first={large.value}
          numberOf={() => at}
          boxesOf={() => boxes}
          onClose={close}
        />
      )}
    </>
  );
}

type CardPictureProps = InstancePictureProps & {
  /** Called when a person wants the picture as large as the window. `frame`: counted from 0. */
  readonly onLarge: (frame: number) => void;
};

/** Only the small picture. */
export function CardPicture({ seen, found, at, boxes = [], onLarge }: CardPictureProps) {
  const first = { found, frame: middleFrame(found) };
  const film = useFilm({ files: () => [found], first, maxSide: CARD_SIDE, looked: seen.looked });
  const read = film.read.value;
  const hidden = useHidden(read);
  useEffect(() => {
    if (read?.picture) seen.markDrawn(found);
  }, [read]);
  return (
    <div class="look">
      <SmallPicture
        hidden={hidden}
        read={read}
        at={at}
        boxes={boxes}
        onLarge={() => onLarge(film.place.peek().frame)}
      />
      <FrameChoice film={film} />
    </div>
  );
}

function useFilm(asked: FilmAsked): Film {
  const ingest = useIngest();
  const [film] = useState(() => openFilm(ingest, asked));
  useEffect(() => film.close, [film]);
  return film;
}

/** Null: the picture may be shown. */
function useHidden(read: ReadFrame | undefined): NamedPicture | null {
  const { of = '', mayHoldName = false } = read?.picture ?? {};
  const picture = { of, mayHoldName, isOwn: true };
  return useHiding(picture) === 'shown' ? null : picture;
}

type SmallPictureProps = {
  readonly hidden: NamedPicture | null;
  readonly read: ReadFrame | undefined;
  readonly at: number;
  readonly boxes: readonly Box[];
  readonly onLarge: () => void;
};

function SmallPicture({ hidden, read, at, boxes, onLarge }: SmallPictureProps) {
  if (hidden) return <HiddenBox hidden={hidden} />;
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

function HiddenBox({ hidden }: { readonly hidden: NamedPicture }) {
  return (
    <div class="look-box look-hidden">
      <HiddenPicture picture={hidden} />
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
        onInput={(event) => film.choose({ found, frame: event.currentTarget.valueAsNumber - 1 })}
      />
    </label>
  );
}

type CoveredProps = {
  readonly picture: FramePicture;
  /** The boxes on the displayed frame. */
  readonly boxes: readonly Box[];
};

function Covered({ picture, boxes }: CoveredProps) {
  const shown = useMemo(() => blackenBoxes(picture, boxes), [picture, JSON.stringify(boxes)]);
  return <Picture thumbnail={shown} />;
}

type LargePictureProps = {
  readonly seen: Looked;
  /** The files through which a person steps. */
  readonly files: readonly FoundFile[];
  readonly first: FramePlace;
  /** Plays the frames from the start. */
  readonly plays?: boolean;
  readonly numberOf: (found: FoundFile) => number;
  readonly boxesOf: (found: FoundFile) => readonly Box[];
  /** Renders the decision about the displayed instance. */
  readonly decide?: (found: FoundFile) => ComponentChildren;
  readonly onClose: (last: FoundFile) => void;
};

export function LargePicture(props: LargePictureProps) {
  const { seen, files, first, plays = false, numberOf, boxesOf, decide } = props;
  const among = useRef(files);
  among.current = files;
  const over = useRef(boxesOf);
  over.current = boxesOf;
  const [looked] = useState(() =>
    computed(() => seen.lookedUnder(among.current, (each) => over.current(each))),
  );
  const film = useFilm({ files: () => among.current, first, maxSide: LARGE_SIDE, looked });
  const box = useRef<HTMLDivElement>(null);
  const read = film.read.value;
  const hidden = useHidden(read);
  const boxes = read ? boxesOf(read.found) : [];
  useMarked(seen, hidden === null ? read : undefined, { boxes, isInSight: useInSight(box) });
  useEffect(() => {
    if (plays && !asksForCalm()) film.player.play();
  }, [film]);
  const { found } = film.place.value;
  const close = () => props.onClose(film.place.peek().found);
  return (
    <Sheet title={deidWords.stage.picture(numberOf(found))} onClose={close}>
      <div class="look-large">
        <section class="look-box" ref={box} aria-label={deidWords.stage.picture(numberOf(found))}>
          {hidden && <HiddenBox hidden={hidden} />}
          {!hidden && read?.picture && <Covered picture={read.picture} boxes={boxesOn(boxes, read.frame)} />}
          {read?.picture === null && <NoPicture />}
        </section>
      </div>
      <div class={decide ? 'look-side look-decides' : 'look-side'}>
        <FrameChoice film={film} />
        <PictureSteps film={film} files={files} />
        <FramesShown player={film.player} files={files} looked={looked.value} isFirst={plays} />
        {decide?.(found)}
        <div class="sheet-actions">
          <button type="button" class="button" onClick={close}>
            {kitWords.close}
          </button>
        </div>
      </div>
    </Sheet>
  );
}

type InSight = { readonly boxes: readonly Box[]; readonly isInSight: boolean };

/**
 * Marks a frame as looked at once it is drawn and in the person's view. The picture is drawn before this effect runs.
 */
function useMarked(seen: Looked, read: ReadFrame | undefined, { boxes, isInSight }: InSight): void {
  useEffect(() => {
    if (read?.picture && isInSight) seen.markLooked(read.found, read.frame, boxes);
  }, [read, isInSight, boxes]);
}

/** Steps from one picture to the next. A film opens at its middle frame, like the small picture. */
function PictureSteps({ film, files }: Pick<LargePictureProps, 'files'> & { readonly film: Film }) {
  if (files.length < 2) return null;
  const at = files.indexOf(film.place.value.found);
  return (
    <Steps
      at={at}
      count={files.length}
      says={deidWords.held.inAll(at + 1, files.length)}
      labels={[deidWords.stage.previousPicture, deidWords.stage.nextPicture]}
      onStep={(next) => {
        const found = files[next]!;
        film.choose({ found, frame: middleFrame(found) });
      }}
    />
  );
}
