/**
 * The images of a chosen study before Send, one at a time and as large as the window. Keys, wheel and fingers zoom and
 * move; Page Up and Page Down, or the arrow keys as long as all of the image is visible, lead to the next one. Nothing
 * is decided here: an image that is held stays held, whoever has looked at it.
 */
import { computed, useSignal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { kitWords } from '../../../kit/kit-words.ts';
import {
  movedView,
  pinchedView,
  viewAfterKey,
  wholeImage,
  zoomedAt,
  zoomedBy,
  ZOOM_STEP,
  scaleOf,
  toWindow,
  type Looking,
  type Point,
  type View,
} from '../../../kit/picture-view.ts';
import { Sheet } from '../../../kit/Sheet.tsx';
import { placeOf, useWheel, useWindowSize } from '../../../kit/use-picture-window.ts';
import { HiddenPicture, useHiding } from '../../../viewer/HiddenPicture.tsx';
import { followFrame, type ReadFrame } from '../found/follow-frame.ts';
import type { FoundStudy } from '../found/found-study.ts';
import type { DevicePicture } from '../workers/device-tasks.ts';
import type { FoundFile } from '../found/group-studies.ts';
import { useIngest } from '../found/ingest-context.ts';
import { filmViewWords as words } from './film-view-words.ts';
import { Steps } from './Steps.tsx';
import { Picture } from './ThumbnailPicture.tsx';
import { useAsSent } from './use-as-sent.ts';
import './film-view.css';

/** Most images have no more pixels than this. One picture takes 16 MB, and only one is open at a time. */
const LARGE_SIDE = 2048;

export type FilmViewProps = {
  readonly study: FoundStudy;
  /** The patient. */
  readonly name: string;
  /** The series whose picture was pressed: its middle image, which the picture shows, comes first. */
  readonly seriesInstanceUID: string;
  readonly onClose: () => void;
};

export function FilmView({ study, name, seriesInstanceUID, onClose }: FilmViewProps) {
  const film = useFilm(study, seriesInstanceUID);
  return (
    <Sheet title={words.title(name)} onClose={onClose}>
      <div class="film-view">
        <Shown read={film.read} onStep={film.step} />
        <Places film={film} />
      </div>
      <div class="sheet-actions film-view-actions">
        <button type="button" class="button" onClick={onClose}>
          {kitWords.close}
        </button>
      </div>
    </Sheet>
  );
}

type Film = ReturnType<typeof useFilm>;

/** The displayed image of those that Send takes, in the order of their series, and the way to the others. */
function useFilm({ studyInstanceUID }: FoundStudy, seriesInstanceUID: string) {
  const ingest = useIngest();
  const [files] = useState(() => {
    const all = ingest.inspection.seriesOf(studyInstanceUID);
    const own = all.find((each) => each.seriesInstanceUID === seriesInstanceUID)?.files ?? [];
    const of = all.flatMap((each) => each.files);
    return { of, at: Math.max(0, of.indexOf(own[own.length >> 1]!)) };
  });
  const place = useSignal({ at: files.at, frame: (files.of[files.at]?.frames ?? 1) >> 1 });
  const [followed] = useState(() =>
    followFrame(
      ingest,
      computed(() => {
        const { at, frame } = place.value;
        return { found: files.of[at]!, frame, look: { maxSide: LARGE_SIDE } };
      }),
    ),
  );
  useEffect(() => followed.stop, [followed]);
  const { at, frame } = place.value;
  const show = (next: number) => {
    const found = files.of[next];
    if (found) place.value = { at: next, frame: found.frames >> 1 };
  };
  return {
    files: files.of,
    at,
    frame,
    read: followed.read.value,
    show,
    step: (by: number) => show(at + by),
    chooseFrame(next: number) {
      place.value = { at, frame: next };
    },
  };
}

/** Which image and frame is displayed, with the way to the others. */
function Places({ film }: { readonly film: Film }) {
  const { files, at, frame } = film;
  const frames = files[at]?.frames ?? 1;
  const said = words.frame(frame + 1, frames);
  return (
    <div class="film-view-places">
      {files.length > 1 && (
        <Steps
          at={at}
          count={files.length}
          says={words.place(at + 1, files.length)}
          labels={[words.previous, words.next]}
          onStep={film.show}
        />
      )}
      {frames > 1 && (
        <label class="film-view-frame small numbers">
          <span>{said}</span>
          <input
            type="range"
            min={1}
            max={frames}
            value={frame + 1}
            aria-label={words.frames}
            aria-valuetext={said}
            onInput={(event) => film.chooseFrame(event.currentTarget.valueAsNumber - 1)}
          />
        </label>
      )}
    </div>
  );
}

type ShownProps = {
  /** Undefined until the first picture is read. */
  readonly read: ReadFrame | undefined;
  readonly onStep: (by: number) => void;
};

/** The image, unless names are hidden and it may show one. */
function Shown({ read, onStep }: ShownProps) {
  const picture = read?.picture;
  const named = { of: picture?.of ?? '', mayHoldName: picture?.mayHoldName ?? false, isOwn: true };
  const isHidden = useHiding(named) !== 'shown';
  const sent = useAsSent(picture, { ordinal: read?.found.ordinal ?? -1, frame: read?.frame ?? 0 });
  // One element for both, which keeps the focus when the picture is shown.
  return (
    <section class="film-shown" aria-label={isHidden ? words.hidden : words.shown}>
      {isHidden ? (
        <div class="film-window film-window-none">
          <HiddenPicture picture={named} />
        </div>
      ) : (
        <Zoomed picture={sent} found={read?.found} onStep={onStep} />
      )}
    </section>
  );
}

type ZoomedProps = Pick<ShownProps, 'onStep'> & {
  /** Null: it cannot be drawn. */
  readonly picture: DevicePicture | null | undefined;
  readonly found: FoundFile | undefined;
};

const STEPS: Readonly<Record<string, number>> = { PageDown: 1, PageUp: -1 };
const ARROWS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function Zoomed({ picture, found, onStep }: ZoomedProps) {
  const place = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 1, height: 1 });
  const { rows, columns } = picture ?? { rows: 1, columns: 1 };
  // The next image is shown as a whole. It keeps the element, and with it the focus.
  const [chosen, setChosen] = useState<{ readonly of: FoundFile | undefined; readonly view: View } | null>(
    null,
  );
  const view = chosen !== null && chosen.of === found ? chosen.view : wholeImage({ rows, columns });
  const setView = (next: View) => setChosen({ of: found, view: next });
  const looking: Looking = { image: { rows, columns }, window: size, view };
  const fingers = useFingers(() => looking, setView);
  useWindowSize(place, setSize);
  useWheel(place, (factor, at) => {
    setView(zoomedAt(looking, factor, at));
    return true;
  });
  const corner = toWindow(looking, { x: 0, y: 0 });
  const scale = scaleOf(looking);
  const isWhole = view.zoom === 1;
  return (
    <>
      <div
        ref={place}
        class={picture === null ? 'film-window film-window-none' : 'film-window'}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move, zoom and change the picture
        tabIndex={0}
        aria-label={words.picture}
        aria-busy={picture === undefined}
        {...fingers}
        onKeyDown={(event) => {
          const by = STEPS[event.key] ?? (isWhole ? ARROWS[event.key] : undefined);
          const next = viewAfterKey(looking, event.key);
          if (by === undefined && next === null) return;
          event.preventDefault();
          if (by !== undefined) onStep(by);
          else if (next !== null) setView(next);
        }}
      >
        <div
          class="film-image"
          style={{
            left: `${corner.x}px`,
            top: `${corner.y}px`,
            width: `${columns * scale}px`,
            height: `${rows * scale}px`,
          }}
        >
          {picture && <Picture thumbnail={picture} />}
        </div>
        {picture === null && <p>{words.noPicture}</p>}
      </div>
      <Zoom isWhole={isWhole} onZoom={(factor) => setView(zoomedBy(looking, factor))} />
    </>
  );
}

type ZoomProps = { readonly isWhole: boolean; readonly onZoom: (factor: number) => void };

function Zoom({ isWhole, onZoom }: ZoomProps) {
  return (
    <div class="film-view-zoom">
      {/* Not disabled, because the focus would be lost at the last step. */}
      <button
        type="button"
        class="button"
        aria-label={words.zoomOut}
        aria-disabled={isWhole}
        onClick={() => onZoom(1 / ZOOM_STEP)}
      >
        −
      </button>
      <button type="button" class="button" aria-disabled={isWhole} onClick={() => onZoom(0)}>
        {words.fit}
      </button>
      <button type="button" class="button" aria-label={words.zoomIn} onClick={() => onZoom(ZOOM_STEP)}>
        +
      </button>
    </div>
  );
}

/** One finger, or the mouse, moves the image; two zoom it. */
function useFingers(looking: () => Looking, see: (view: View) => void) {
  const fingers = useRef(new Map<number, Point>()).current;
  const lift = (event: PointerEvent) => void fingers.delete(event.pointerId);
  return {
    onPointerDown(event: PointerEvent & { currentTarget: HTMLElement }) {
      event.currentTarget.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, placeOf(event));
    },
    onPointerMove(event: PointerEvent) {
      const before = fingers.get(event.pointerId);
      if (before === undefined) return;
      const now = placeOf(event);
      const [other] = [...fingers].flatMap(([id, point]) => (id === event.pointerId ? [] : point));
      see(
        other === undefined
          ? movedView(looking(), { x: now.x - before.x, y: now.y - before.y })
          : pinchedView(looking(), { other, before, now }),
      );
      fingers.set(event.pointerId, now);
    },
    onPointerUp: lift,
    onPointerCancel: lift,
  };
}
