/**
 * Finger, mouse and pen on the image. The selected tool decides whether they draw, drag a mark or one of its points,
 * move the image, or change the window; two fingers zoom. A mark is redrawn while it is dragged and becomes an undo
 * step when it is released.
 */
import { useRef } from 'preact/hooks';
import type { Annotation, AnnotationKind } from '#shared/protocol/annotations.ts';
import {
  between,
  movedView,
  pinchedView,
  scaleOf,
  toImage,
  type Looking,
  type Point,
} from '../../kit/picture-view.ts';
import { placeOf } from '../../kit/use-picture-window.ts';
import { markAt, movedPoints, pointsDrawn, stretchedPoints } from './marks.ts';
import type { GreyWindow } from './read-image.ts';
import { windowInUse, windowMoved, type Draft, type Stage } from './stage.ts';
import { isDrawingTool } from './viewer-keys.ts';

/** A shorter movement is a tap, in CSS pixels. */
const TAP = 4;
/** The distance within which a pointer still hits a mark, in CSS pixels: half of what a finger covers. */
const REACH = { touch: 22, pen: 12, mouse: 8 } as const;
/** Movement that doubles the width of the window, in CSS pixels. */
const WINDOW_WAY = 300;

type Gesture =
  | { readonly kind: 'pan' }
  | { readonly kind: 'pinch' }
  | { readonly kind: 'window'; readonly from: GreyWindow }
  /** `way`: points in the image. */
  | { readonly kind: 'draw'; readonly tool: AnnotationKind; readonly way: Point[] }
  | { readonly kind: 'mark'; readonly mark: Annotation; readonly handle: number | null };

type Hand = {
  gesture: Gesture | null;
  from: Point;
  isDrag: boolean;
  readonly fingers: Map<number, Point>;
};

const minus = (a: Point, b: Point): Point => ({ x: a.x - b.x, y: a.y - b.y });

export function useViewerGestures(stage: Stage) {
  const hand = useRef<Hand>({
    gesture: null,
    from: { x: 0, y: 0 },
    isDrag: false,
    fingers: new Map(),
  }).current;
  const end = () => {
    hand.gesture = null;
    stage.draft.value = null;
  };
  return {
    onPointerDown(event: PointerEvent & { currentTarget: HTMLElement }) {
      const looking = stage.looking.peek();
      if (looking === null) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const place = placeOf(event);
      hand.fingers.set(event.pointerId, place);
      stage.draft.value = null;
      hand.from = place;
      hand.isDrag = false;
      hand.gesture = hand.fingers.size > 1 ? { kind: 'pinch' } : gestureFor(stage, event, looking);
    },
    onPointerMove(event: PointerEvent) {
      const before = hand.fingers.get(event.pointerId);
      const looking = stage.looking.peek();
      if (before === undefined || hand.gesture === null || looking === null) return;
      const now = placeOf(event);
      hand.isDrag ||= between(hand.from, now) >= TAP;
      hand.fingers.set(event.pointerId, now);
      const moved = { looking, before, now, pointerId: event.pointerId };
      if (hand.isDrag || hand.gesture.kind === 'pinch') move(stage, hand, moved);
    },
    onPointerUp(event: PointerEvent) {
      const looking = stage.looking.peek();
      hand.fingers.delete(event.pointerId);
      const draft = stage.draft.peek();
      const { gesture } = hand;
      end();
      if (gesture === null || looking === null) return;
      if (draft !== null) stage.drop(draft);
      else if (!hand.isDrag) tap(stage, gesture, { looking, event });
    },
    onPointerCancel(event: PointerEvent) {
      hand.fingers.delete(event.pointerId);
      end();
    },
    onContextMenu(event: MouseEvent) {
      event.preventDefault();
    },
  };
}

const reachOf = ({ pointerType }: PointerEvent, looking: Looking): number =>
  (REACH[pointerType as keyof typeof REACH] ?? REACH.mouse) / scaleOf(looking);

function gestureFor(stage: Stage, event: PointerEvent, looking: Looking): Gesture {
  const { marks, viewer } = stage;
  const tool = stage.tool.peek();
  const window = windowInUse(viewer);
  if (event.button === 1) return { kind: 'pan' };
  if ((event.button === 2 || tool === 'window') && window) return { kind: 'window', from: window };
  const handle = (event.target as Element).closest<SVGElement>('[data-handle]')?.dataset['handle'];
  const selected = stage.here.peek().find(({ id }) => id === marks.selected.peek());
  if (handle !== undefined && selected && stage.hasHandles.peek())
    return { kind: 'mark', mark: selected, handle: Number(handle) };
  const at = toImage(looking, placeOf(event));
  if (!isDrawingTool(tool)) {
    const mark = markAt(stage.here.peek(), at, reachOf(event, looking));
    if (mark) marks.select(mark.id);
    return mark && marks.mayEdit.peek() ? { kind: 'mark', mark, handle: null } : { kind: 'pan' };
  }
  return { kind: 'draw', tool, way: [at] };
}

type Moved = {
  readonly looking: Looking;
  readonly before: Point;
  readonly now: Point;
  readonly pointerId: number;
};

function move(stage: Stage, hand: Hand, moved: Moved): void {
  const { looking, before, now } = moved;
  const gesture = hand.gesture!;
  switch (gesture.kind) {
    case 'pan':
      stage.see(movedView(looking, minus(now, before)));
      break;
    case 'pinch':
      pinch(stage, hand, moved);
      break;
    case 'window': {
      const { x, y } = minus(now, hand.from);
      stage.viewer.window.value = windowMoved(gesture.from, { x: x / WINDOW_WAY, y: y / WINDOW_WAY });
      break;
    }
    default:
      stage.draft.value = draftOf(gesture, looking, { from: hand.from, now });
  }
}

function pinch(stage: Stage, { fingers }: Hand, { looking, before, now, pointerId }: Moved): void {
  const [, other] = [...fingers].find(([id]) => id !== pointerId) ?? [0, before];
  stage.see(pinchedView(looking, { other, before, now }));
}

type Way = { readonly from: Point; readonly now: Point };

function draftOf(
  gesture: Extract<Gesture, { kind: 'draw' | 'mark' }>,
  looking: Looking,
  { from, now }: Way,
): Draft | null {
  const here = toImage(looking, now);
  if (gesture.kind === 'draw') {
    const { tool, way } = gesture;
    if (tool === 'line') way.push(here);
    const points = pointsDrawn(tool, tool === 'line' ? way : [way[0]!, here], looking.image);
    return points && { id: null, kind: tool, points };
  }
  const { mark, handle } = gesture;
  const points =
    handle === null
      ? movedPoints(mark.points, minus(here, toImage(looking, from)), looking.image)
      : stretchedPoints(mark, handle, here, looking.image);
  return { id: mark.id, kind: mark.kind, points };
}

type Tapped = { readonly looking: Looking; readonly event: PointerEvent };

/** A tap sets a point or a text; with the other tools it selects. */
function tap(stage: Stage, gesture: Gesture, { looking, event }: Tapped): void {
  const at = toImage(looking, placeOf(event));
  const isSet = gesture.kind === 'draw' && (gesture.tool === 'point' || gesture.tool === 'text');
  if (isSet) {
    const points = pointsDrawn(gesture.tool, [at], looking.image);
    if (points) stage.drop({ id: null, kind: gesture.tool, points });
  } else if (gesture.kind === 'draw' || gesture.kind === 'pan') {
    stage.marks.select(markAt(stage.here.peek(), at, reachOf(event, looking))?.id ?? null);
  }
}
