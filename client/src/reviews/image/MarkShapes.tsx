/**
 * Marks over the image, as lines of one width however near it is. Each has a number and, where several people's are
 * shown, the letter of its reader: colour alone says nothing. The list of marks says the same in words, so screen
 * readers are spared the drawing.
 */
import type { Annotation } from '#shared/protocol/annotations.ts';
import { handlesOf, outlineOf, pathOf, type Point, type Shape } from '#shared/protocol/annotation-outline.ts';
import { toWindow, type Looking } from '../../kit/picture-view.ts';

export interface ShownMark {
  readonly mark: Annotation;
  /** Its number, its reader's letter, its length. */
  readonly name: string;
  /** 0: the caller's own; others by the order of their places. */
  readonly colour: number;
  readonly isSelected: boolean;
}

export type MarkShapesProps = {
  readonly marks: readonly ShownMark[];
  readonly looking: Looking;
  /** The selected one can be stretched. */
  readonly isEditable: boolean;
  /** The point that the arrow keys move. */
  readonly handle: number | null;
  /** While it is drawn. */
  readonly draft: Shape | null;
};

export function MarkShapes({ marks, looking, isEditable, handle, draft }: MarkShapesProps) {
  const { width, height } = looking.window;
  const selected = marks.find(({ isSelected }) => isSelected);
  const labels = labelsOf(marks, looking);
  return (
    <svg class="viewer-marks" width={width} height={height} aria-hidden="true" focusable="false">
      {marks.map((shown, at) => (
        <OneMark key={shown.mark.id} shown={shown} label={labels[at] ?? null} looking={looking} />
      ))}
      {draft && <Lines shape={draft} looking={looking} />}
      {isEditable &&
        selected &&
        handlesOf(selected.mark).length > 1 &&
        handlesOf(selected.mark).map((place, at) => (
          <Handle key={at} at={at} place={toWindow(looking, place)} isChosen={handle === at} />
        ))}
    </svg>
  );
}

type Label = Point & { readonly isRight: boolean };
/** Of one line of a label, in pixels of the page. */
const LABEL = { width: 72, height: 18 } as const;

/** Null out of sight. Readers who agree mark the same place: their labels stand below each other. */
function labelsOf(marks: readonly ShownMark[], looking: Looking): readonly (Label | null)[] {
  const { window } = looking;
  const placed: Label[] = [];
  return marks.map(({ mark }) => {
    const outline = outlineOf(mark).map((place) => toWindow(looking, place));
    const isOut =
      outline.every(({ x }) => x < 0) ||
      outline.every(({ x }) => x > window.width) ||
      outline.every(({ y }) => y < 0) ||
      outline.every(({ y }) => y > window.height);
    if (isOut) return null;
    const rank = ({ x, y }: Point) => y - x / 4;
    const anchor = outline.reduce((best, place) => (rank(place) < rank(best) ? place : best));
    const isRight = anchor.x > window.width * 0.7;
    const x = anchor.x + (isRight ? -8 : 8);
    let y = Math.max(16, anchor.y - 8);
    const isTaken = (one: Label) => Math.abs(one.x - x) < LABEL.width && Math.abs(one.y - y) < LABEL.height;
    for (let rows = 0; rows < placed.length && placed.some(isTaken); rows += 1) y += LABEL.height;
    const label = { x, y, isRight };
    placed.push(label);
    return label;
  });
}

type OneMarkProps = { readonly shown: ShownMark; readonly label: Label | null; readonly looking: Looking };

function OneMark({ shown: { mark, name, colour, isSelected }, label, looking }: OneMarkProps) {
  if (label === null) return null;
  const said = [name, mark.label].filter(Boolean).join(' ');
  return (
    <g class="viewer-mark" data-colour={colour} data-selected={isSelected} data-mark={mark.id}>
      <Lines shape={mark} looking={looking} />
      <text x={label.x} y={label.y} text-anchor={label.isRight ? 'end' : 'start'}>
        {said.length > SHOWN_LABEL ? `${said.slice(0, SHOWN_LABEL)}…` : said}
      </text>
    </g>
  );
}

/** A longer one hides the image; the list has all of it. */
const SHOWN_LABEL = 48;

type LinesProps = { readonly shape: Shape; readonly looking: Looking };

/** Dark below, so that it is seen on white too. */
function Lines({ shape, looking }: LinesProps) {
  const path = pathOf(
    shape,
    outlineOf(shape).map((place) => toWindow(looking, place)),
  );
  return (
    <>
      <path class="viewer-halo" d={path} />
      <path class="viewer-line" d={path} />
    </>
  );
}

type HandleProps = { readonly at: number; readonly place: Point; readonly isChosen: boolean };

/** A finger hits more than the dot (viewer.css). */
function Handle({ at, place, isChosen }: HandleProps) {
  return (
    <g data-handle={at} class="viewer-handle" data-chosen={isChosen}>
      <circle class="viewer-hit" cx={place.x} cy={place.y} r={13} />
      <circle class="viewer-dot" cx={place.x} cy={place.y} r={6} />
    </g>
  );
}
