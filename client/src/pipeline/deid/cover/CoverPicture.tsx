/**
 * The large picture with the boxes on it. Pointers draw, move and zoom (use-gestures.ts), and the wheel zooms. Keys
 * do the same on the picture and on a focused box.
 */
import { useMemo, useRef } from 'preact/hooks';
import type { Box } from '#shared/dicom/boxes.ts';
import { boxesOn } from '#shared/dicom/boxes.ts';
import { Picture } from '../../ingest/card/ThumbnailPicture.tsx';
import { blackenBoxes } from '../../ingest/card/blacken-boxes.ts';
import type { CoverStore, Shown } from './cover.store.ts';
import { coverWords } from './cover-words.ts';
import {
  ARROWS,
  scaleOf,
  toWindow,
  viewAfterKey,
  zoomedAt,
  type Looking,
  type View,
  type WindowSize,
} from '../../../kit/picture-view.ts';
import { useWheel, useWindowSize } from '../../../kit/use-picture-window.ts';
import type { Edits } from './use-edits.ts';
import { useGestures, type Mode } from './use-gestures.ts';

const CORNERS = ['nw', 'ne', 'sw', 'se'] as const;
/** The minimum side of a touch target, in CSS pixels (kit/tokens.css). */
const TARGET = 44;
/** How far one press of an arrow key moves a box, in CSS pixels, but at least by one pixel of the image. */
const BOX_STEP = 4;

type CoverPictureProps = {
  readonly store: CoverStore;
  readonly edits: Edits;
  readonly mode: Mode;
  readonly view: View;
  readonly onView: (view: View) => void;
  /** Called when the size is known, and when it changes. */
  readonly onWindow: (size: WindowSize) => void;
  readonly size: WindowSize;
  /** True after the boxes were tried: they are black, and nothing can be drawn. */
  readonly isPreview: boolean;
};

export function CoverPicture(props: CoverPictureProps) {
  const { store, view, size, onView, isPreview, edits, mode } = props;
  const place = useRef<HTMLDivElement>(null);
  useWindowSize(place, props.onWindow);
  const shown = store.shown.value;
  const extent = store.extent.value ?? { rows: 1, columns: 1, frames: 1 };
  const looking: Looking = { image: extent, window: size, view };
  const { boxes } = store.edit.value;
  const gestures = useGestures({
    mode,
    draws: !isPreview && store.extent.value !== null,
    boxes,
    extent,
    edits,
    looking: () => looking,
    see: onView,
  });
  useWheel(place, (factor, at) => {
    onView(zoomedAt(looking, factor, at));
    return true;
  });
  const { dragged, ...pointers } = gestures;
  return (
    <div
      ref={place}
      class="cover-window"
      data-mode={isPreview ? 'move' : mode}
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move and zoom the picture
      tabIndex={0}
      aria-label={coverWords.picture}
      aria-busy={shown === undefined}
      {...pointers}
      onKeyDown={(event) => {
        const next = event.target === event.currentTarget ? viewAfterKey(looking, event.key) : null;
        if (next === null) return;
        event.preventDefault();
        onView(next);
      }}
    >
      {shown && <DrawnImage looking={looking} shown={shown} boxes={isPreview ? boxes : NONE} />}
      {shown === null && <p class="cover-none">{coverWords.noPicture}</p>}
      {shown && !isPreview && <BoxesOnFrame {...props} looking={looking} dragged={dragged.value} />}
    </div>
  );
}

const NONE: readonly Box[] = [];

type DrawnProps = { readonly looking: Looking; readonly shown: Shown; readonly boxes: readonly Box[] };

/** `boxes`: drawn in black. */
function DrawnImage({ looking, shown, boxes }: DrawnProps) {
  const picture = useMemo(() => blackenBoxes(shown.picture, boxesOn(boxes, shown.frame)), [shown, boxes]);
  return (
    <div
      class="cover-image"
      data-frame={shown.frame + 1}
      data-near={scaleOf(looking) > 2}
      style={placed(looking, { x: 0, y: 0, width: looking.image.columns, height: looking.image.rows })}
    >
      <Picture thumbnail={picture} />
    </div>
  );
}

type Placed = Pick<Box, 'x' | 'y' | 'width' | 'height'>;

/** In CSS pixels, from the upper left corner of the window. */
function placeOf(looking: Looking, { x, y, width, height }: Placed) {
  const { x: left, y: top } = toWindow(looking, { x, y });
  const scale = scaleOf(looking);
  return { left, top, width: width * scale, height: height * scale };
}

function placed(looking: Looking, box: Placed) {
  const { left, top, width, height } = placeOf(looking, box);
  return { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` };
}

type BoxesProps = CoverPictureProps & {
  readonly looking: Looking;
  readonly dragged: { readonly at: number | null; readonly box: Box } | null;
};

function BoxesOnFrame({ store, edits, looking, dragged }: BoxesProps) {
  const { boxes, selected } = store.edit.value;
  const here = new Set(boxesOn(boxes, store.frame.value));
  return (
    <>
      {boxes.map((box, at) =>
        here.has(box) ? (
          <OneBox
            key={at}
            box={dragged?.at === at ? dragged.box : box}
            at={at}
            isSelected={selected === at}
            isFilm={store.files[store.at.value]!.frames > 1}
            looking={looking}
            edits={edits}
          />
        ) : null,
      )}
      {dragged?.at === null && (
        <div class="cover-box cover-fill cover-new" style={placed(looking, dragged.box)} />
      )}
    </>
  );
}

type OneBoxProps = {
  readonly box: Box;
  readonly at: number;
  readonly isSelected: boolean;
  readonly isFilm: boolean;
  readonly looking: Looking;
  readonly edits: Edits;
};

function OneBox({ box, at, isSelected, isFilm, looking, edits }: OneBoxProps) {
  const place = placeOf(looking, box);
  // The touch target has at least the size of a finger, however small the box is.
  const aside = Math.max(0, (TARGET - place.width) / 2);
  const above = Math.max(0, (TARGET - place.height) / 2);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button cannot hold the handles
    <div
      class="cover-box"
      role="button"
      tabIndex={0}
      data-box={at}
      aria-pressed={isSelected}
      aria-label={coverWords.box(at + 1, box, isFilm)}
      title={coverWords.boxKeys}
      style={{
        left: `${place.left - aside}px`,
        top: `${place.top - above}px`,
        width: `${place.width + 2 * aside}px`,
        height: `${place.height + 2 * above}px`,
      }}
      onFocus={() => edits.select(at)}
      onKeyDown={(event) => onBoxKey(event, at, looking, edits)}
    >
      <div class="cover-fill" style={{ inset: `${above}px ${aside}px` }}>
        {isSelected &&
          CORNERS.map((corner) => <span key={corner} class="cover-corner" data-corner={corner} />)}
      </div>
    </div>
  );
}

function onBoxKey(event: KeyboardEvent, at: number, looking: Looking, edits: Edits): void {
  const arrow = ARROWS[event.key];
  if (arrow) {
    const step = Math.max(1, Math.round(BOX_STEP / scaleOf(looking)));
    edits.nudge(at, { x: arrow.x * step, y: arrow.y * step }, event.shiftKey);
  } else if (event.key === 'Delete' || event.key === 'Backspace') {
    (event.currentTarget as HTMLElement).closest<HTMLElement>('.cover-window')?.focus();
    edits.remove(at);
  } else return;
  event.preventDefault();
}
