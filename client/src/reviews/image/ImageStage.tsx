/** The image of a case on black, with its marks. Both are drawn, moved and zoomed by pointer or keyboard. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useLate } from '../../kit/use-late.ts';
import { scaleOf, toWindow, zoomedAt, type Looking, type Point } from '../../kit/picture-view.ts';
import { MarkShapes, type ShownMark } from './MarkShapes.tsx';
import { markWords as words } from './mark-words.ts';
import type { Stage } from './stage.ts';
import { useViewerGestures } from './use-viewer-gestures.ts';
import { keyCommand } from './viewer-keys.ts';
import type { Shown } from './viewer.store.ts';

type ImageStageProps = { readonly stage: Stage; readonly marks: readonly ShownMark[] };

export function ImageStage({ stage, marks }: ImageStageProps) {
  const place = useRef<HTMLDivElement>(null);
  const { viewer, tool, draft } = stage;
  const shown = viewer.shown.value;
  const looking = stage.looking.value;
  const { at } = viewer.place.value;
  useStageSize(place, stage);
  useWheel(place, stage);
  const gestures = useViewerGestures(stage);
  const isStill = (looking === null || looking.view.zoom === 1) && stage.here.value.length === 0;
  return (
    <div
      ref={place}
      class="viewer-stage"
      data-tool={tool.value}
      data-still={isStill}
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys draw, move and zoom here
      tabIndex={0}
      aria-label={words.stage(at + 1, viewer.pictures.length)}
      aria-busy={viewer.phase.value === 'reading'}
      {...gestures}
      // After a tap, the browser would move the focus away from the text field.
      onMouseDown={(event) => stage.pending.peek() !== null && event.preventDefault()}
      onKeyDown={(event) => {
        if (stage.pending.peek() !== null && event.key !== 'Escape') return focusTyping(event);
        const hasMark = stage.here.peek().some(({ id }) => id === stage.marks.selected.peek());
        const command = keyCommand(event, { tool: tool.peek(), hasMark });
        if (command === null) return;
        event.preventDefault();
        stage.run(command);
      }}
    >
      {shown && looking && <ImageCanvas shown={shown} looking={looking} count={viewer.pictures.length} />}
      {looking && (
        <MarkShapes
          marks={marks.map((one) =>
            one.mark.id === draft.value?.id ? dragged(one, draft.value.points) : one,
          )}
          looking={looking}
          isEditable={stage.hasHandles.value}
          handle={stage.marks.handle.value}
          draft={draftShape(stage)}
        />
      )}
      <StageSays stage={stage} />
    </div>
  );
}

/**
 * While a text is being asked for, keys are not tool shortcuts: the focus moves to the field, so the letter is typed
 * there.
 */
const focusTyping = ({ currentTarget }: { readonly currentTarget: HTMLElement }): void =>
  currentTarget.closest('section')?.querySelector<HTMLElement>('.mark-bar input')?.focus();

const dragged = (one: ShownMark, points: ShownMark['mark']['points']): ShownMark => ({
  ...one,
  mark: { ...one.mark, points },
});

function draftShape({ draft, pending }: Stage) {
  const drawn = draft.value;
  if (drawn !== null && drawn.id === null) return drawn;
  return pending.value && { kind: 'text' as const, points: pending.value };
}

/** A message over the last image while the next one is read. */
function StageSays({ stage: { viewer } }: { readonly stage: Stage }) {
  const phase = viewer.phase.value;
  const late = useLate(phase === 'reading');
  return (
    <div class="viewer-says" role="status">
      {phase === 'reading' && late && <p class="small">{words.loading}</p>}
      {phase === 'failed' && <p class="small">{words.missing}</p>}
    </div>
  );
}

type ImageCanvasProps = { readonly shown: Shown; readonly looking: Looking; readonly count: number };

function ImageCanvas({ shown, looking, count }: ImageCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { content, extent } = shown;
  useLayoutEffect(() => {
    const target = canvas.current!;
    const context = target.getContext('2d');
    if (content.kind === 'pixels') {
      const { width, height, rgba } = content.drawn;
      target.width = width;
      target.height = height;
      context?.putImageData(new ImageData(rgba, width, height), 0, 0);
    } else {
      target.width = content.rendered.columns;
      target.height = content.rendered.rows;
      context?.drawImage(content.rendered.source, 0, 0);
    }
  }, [content]);
  const { x, y } = toWindow(looking, { x: 0, y: 0 });
  const scale = scaleOf(looking);
  const box = { left: x, top: y, width: extent.columns * scale, height: extent.rows * scale };
  return (
    <canvas
      ref={canvas}
      class="viewer-image"
      role="img"
      aria-label={words.alt(shown.at + 1, count, shown.frame, 1)}
      data-near={scale > 2}
      data-columns={extent.columns}
      data-rows={extent.rows}
      style={Object.fromEntries(Object.entries(box).map(([name, value]) => [name, `${value}px`]))}
    />
  );
}

type PlaceRef = { readonly current: HTMLElement | null };

function useStageSize(place: PlaceRef, stage: Stage): void {
  useLayoutEffect(() => {
    const element = place.current!;
    const tell = () => {
      const { clientWidth: width, clientHeight: height } = element;
      if (width > 0 && height > 0) stage.size.value = { width, height };
    };
    tell();
    const observer = new ResizeObserver(tell);
    observer.observe(element);
    return () => observer.disconnect();
  }, [stage]);
}

/** Wheel movement that steps to the next image, in CSS pixels. */
const WHEEL_STEP = 40;

/**
 * The wheel scrolls through the images. With Ctrl, or if there is only one image, it zooms. Preact's own listeners are
 * passive.
 */
function useWheel(place: PlaceRef, stage: Stage): void {
  useEffect(() => {
    const element = place.current!;
    let turned = 0;
    const turn = (event: WheelEvent) => {
      event.preventDefault();
      const { viewer } = stage;
      const looking = stage.looking.peek();
      const isStack = viewer.pictures.length > 1 || viewer.frames.peek() > 1;
      if (isStack && !event.ctrlKey) {
        turned += event.deltaY;
        if (Math.abs(turned) < WHEEL_STEP) return;
        viewer.step(Math.sign(turned));
        turned = 0;
      } else if (looking) {
        const around = element.getBoundingClientRect();
        const at: Point = { x: event.clientX - around.left, y: event.clientY - around.top };
        stage.see(zoomedAt(looking, 2 ** (-event.deltaY / 400), at));
      }
    };
    element.addEventListener('wheel', turn, { passive: false });
    return () => element.removeEventListener('wheel', turn);
  }, [stage]);
}
