/**
 * Finger, mouse and pen on the picture: one pointer draws a box, moves it, drags its corner or moves the picture; two
 * fingers zoom. A box is displayed while it is dragged, and becomes a step when it is released.
 */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Box, Extent } from '#shared/dicom/boxes.ts';
import type { Edits } from './use-edits.ts';
import {
  between,
  movedView,
  pinchedView,
  toImage,
  type Looking,
  type Point,
  type View,
} from '../../../kit/picture-view.ts';
import { placeOf } from '../../../kit/use-picture-window.ts';
import { boxBetween, movedBy, stretchedTo, type Corner } from './edit-boxes.ts';

/** A shorter movement counts as a tap, in CSS pixels. */
const TAP = 4;

/** A box that is being dragged; `at` null: a new one. */
interface Dragged {
  readonly at: number | null;
  readonly box: Box;
}

export type Mode = 'draw' | 'move';

type Gesture =
  | { readonly kind: 'draw' }
  | { readonly kind: 'pan' }
  | { readonly kind: 'box'; readonly at: number; readonly box: Box; readonly corner: Corner | null }
  | { readonly kind: 'pinch' };

interface GestureTools {
  readonly mode: Mode;
  /** False: the picture can be moved and zoomed, but nothing can be drawn. */
  readonly draws: boolean;
  readonly boxes: readonly Box[];
  readonly extent: Extent;
  readonly edits: Edits;
  looking(): Looking;
  see(view: View): void;
}

type Hand = { gesture: Gesture | null; from: Point; fingers: Map<number, Point> };

export function useGestures(tools: GestureTools) {
  const latest = useRef(tools);
  latest.current = tools;
  const dragged = useSignal<Dragged | null>(null);
  const hand = useRef<Hand>({ gesture: null, from: { x: 0, y: 0 }, fingers: new Map() }).current;
  const end = () => {
    hand.gesture = null;
    dragged.value = null;
  };
  return {
    dragged: dragged as ReadonlySignal<Dragged | null>,
    onPointerDown(event: PointerEvent & { currentTarget: HTMLElement }) {
      if (event.pointerType === 'mouse' && event.button > 1) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      hand.fingers.set(event.pointerId, placeOf(event));
      dragged.value = null;
      hand.from = placeOf(event);
      hand.gesture = hand.fingers.size > 1 ? { kind: 'pinch' } : gestureFor(event, latest.current);
    },
    onPointerMove(event: PointerEvent) {
      const before = hand.fingers.get(event.pointerId);
      if (before === undefined || hand.gesture === null) return;
      const now = placeOf(event);
      if (hand.gesture.kind === 'pan')
        latest.current.see(movedView(latest.current.looking(), minus(now, before)));
      if (hand.gesture.kind === 'pinch')
        latest.current.see(pinched(latest.current.looking(), hand, event, now));
      hand.fingers.set(event.pointerId, now);
      dragged.value = draggedTo(hand, now, latest.current);
    },
    onPointerUp(event: PointerEvent) {
      hand.fingers.delete(event.pointerId);
      const { edits } = latest.current;
      const drop = dragged.peek();
      if (drop !== null && drop.at === null) edits.draw(drop.box);
      else if (drop !== null && drop.at !== null) edits.change(drop.at, drop.box);
      else if (hand.gesture?.kind === 'draw') edits.select(null);
      // After a gesture with two fingers, the remaining finger neither draws nor moves.
      end();
    },
    onPointerCancel(event: PointerEvent) {
      hand.fingers.delete(event.pointerId);
      end();
    },
  };
}

const minus = (a: Point, b: Point): Point => ({ x: a.x - b.x, y: a.y - b.y });

/** Chooses the gesture for a pointer, and selects the box that is touched. */
function gestureFor(event: PointerEvent, { mode, draws, boxes, edits }: GestureTools): Gesture {
  const target = event.target as HTMLElement;
  const at = Number(target.closest<HTMLElement>('[data-box]')?.dataset['box'] ?? -1);
  const box = boxes[at];
  if (!draws || event.button === 1) return { kind: 'pan' };
  if (box !== undefined) {
    edits.select(at);
    return { kind: 'box', at, box, corner: (target.dataset['corner'] as Corner | undefined) ?? null };
  }
  return { kind: mode === 'draw' ? 'draw' : 'pan' };
}

function draggedTo(
  { gesture, from }: Hand,
  now: Point,
  { looking, extent, edits }: GestureTools,
): Dragged | null {
  if (gesture === null || between(from, now) < TAP) return null;
  const here = toImage(looking(), now);
  const start = toImage(looking(), from);
  if (gesture.kind === 'draw') {
    const box = boxBetween(start, here, extent, edits.frames());
    return box && { at: null, box };
  }
  if (gesture.kind !== 'box') return null;
  const { at, box, corner } = gesture;
  return {
    at,
    box: corner === null ? movedBy(box, minus(here, start), extent) : stretchedTo(box, corner, here, extent),
  };
}

function pinched(looking: Looking, { fingers }: Hand, { pointerId }: PointerEvent, now: Point): View {
  const before = fingers.get(pointerId)!;
  const [, other] = [...fingers].find(([id]) => id !== pointerId) ?? [0, before];
  return pinchedView(looking, { other, before, now });
}
