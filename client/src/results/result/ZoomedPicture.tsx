/**
 * The image of a result with its overlays, zoomed by wheel, two fingers, buttons and keys, and moved by dragging. It is
 * a rendered picture with the grey values that the model saw, so there is no grey window.
 */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import {
  movedView,
  pinchedView,
  scaleOf,
  viewAfterKey,
  wholeImage,
  ZOOM_STEP,
  zoomedAt,
  zoomedBy,
  type ImageSize,
  type Looking,
  type Point,
  type View,
} from '../../kit/picture-view.ts';
import { placeOf, useWheel, useWindowSize } from '../../kit/use-picture-window.ts';
import { zoomWords as said } from './zoom-words.ts';

type ZoomedPictureProps = {
  readonly image: ImageSize;
  /** The image and its maps, all of the same size. */
  readonly children: ComponentChildren;
  /** Content that does not move with the image. */
  readonly over: ComponentChildren;
};

export function ZoomedPicture({ image, children, over }: ZoomedPictureProps) {
  const place = useRef<HTMLDivElement>(null);
  const [view, see] = useState(wholeImage(image));
  const [window, setWindow] = useState({ width: 1, height: 1 });
  const looking: Looking = { image, window, view };
  useWindowSize(place, setWindow);
  useWheel(place, (factor, at) => {
    // A whole image cannot be zoomed out further, so the page scrolls instead.
    if (view.zoom === 1 && factor <= 1) return false;
    see(zoomedAt(looking, factor, at));
    return true;
  });
  const pointers = usePointers(looking, see);
  return (
    <>
      <div
        ref={place}
        class="picture-box"
        data-zoomed={view.zoom > 1}
        style={{ aspectRatio: `${image.columns} / ${image.rows}` }}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move and zoom the picture
        tabIndex={0}
        aria-label={said.label}
        {...pointers}
        onKeyDown={(event) => {
          const next = event.target === event.currentTarget ? viewAfterKey(looking, event.key) : null;
          const isLetter = event.ctrlKey || event.altKey || event.metaKey;
          if (next === null || isLetter || (view.zoom === 1 && event.key.startsWith('Arrow'))) return;
          event.preventDefault();
          // Stops the page's single-key shortcut, where plus makes a map stronger.
          event.stopPropagation();
          see(next);
        }}
      >
        <div class="picture-zoom" style={{ transform: placed(looking) }}>
          {children}
        </div>
        {over}
      </div>
      <ZoomButtons onZoom={(factor) => see(zoomedBy(looking, factor))} />
    </>
  );
}

/** The transform from the position of the whole image, fitted into the window. */
function placed(looking: Looking): string {
  const { image, view } = looking;
  const scale = scaleOf(looking);
  const x = (image.columns / 2 - view.middle.x) * scale;
  const y = (image.rows / 2 - view.middle.y) * scale;
  return `translate(${x}px, ${y}px) scale(${view.zoom})`;
}

function usePointers(looking: Looking, see: (view: View) => void) {
  const fingers = useRef(new Map<number, Point>()).current;
  const lift = ({ pointerId }: PointerEvent) => void fingers.delete(pointerId);
  return {
    onPointerDown(event: PointerEvent & { currentTarget: HTMLElement }) {
      // The press is on a button inside the picture.
      if (event.button !== 0 || (event.target as Element).closest('button')) return;
      fingers.set(event.pointerId, placeOf(event));
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove(event: PointerEvent) {
      const before = fingers.get(event.pointerId);
      if (before === undefined) return;
      const now = placeOf(event);
      const [, other] = [...fingers].find(([id]) => id !== event.pointerId) ?? [];
      fingers.set(event.pointerId, now);
      see(
        other === undefined
          ? movedView(looking, { x: now.x - before.x, y: now.y - before.y })
          : pinchedView(looking, { other, before, now }),
      );
    },
    onPointerUp: lift,
    onPointerCancel: lift,
  };
}

const ZoomButtons = ({ onZoom }: { readonly onZoom: (factor: number) => void }) => (
  <div class="row">
    {(
      [
        [said.out, said.signs.out, 1 / ZOOM_STEP],
        [said.in, said.signs.in, ZOOM_STEP],
        [said.fit, said.fit, 0],
      ] as const
    ).map(([label, sign, factor]) => (
      <button key={label} type="button" class="button" aria-label={label} onClick={() => onZoom(factor)}>
        {sign}
      </button>
    ))}
  </div>
);
