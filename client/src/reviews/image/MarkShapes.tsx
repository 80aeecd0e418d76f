/**
 * Marks over the image, as lines of constant width at any zoom. Each has a number and, where marks of several readers
 * are shown, the letter of its reader, because colour alone tells nothing. The drawing is hidden from screen readers,
 * because the list of marks says the same in words.
 */
import type { Annotation } from '#shared/protocol/annotations.ts';
import { handlesOf, outlineOf, pathOf, type Point, type Shape } from '#shared/protocol/annotation-outline.ts';
import { typedSaid } from '../../kit/identities.ts';
import { toWindow, type Looking } from '../../kit/picture-view.ts';
import { placeLabels, type Label } from './place-labels.ts';

export interface ShownMark {
  readonly mark: Annotation;
  /** Includes the reader's letter, if any. */
  readonly number: string;
  readonly length: string | null;
  /** 0: the caller's own. Other readers follow in the order of their places. */
  readonly colour: number;
  readonly isSelected: boolean;
}

type MarkShapesProps = {
  readonly marks: readonly ShownMark[];
  readonly looking: Looking;
  /** Whether the selected mark can be stretched. */
  readonly isEditable: boolean;
  /** The point that the arrow keys move. */
  readonly handle: number | null;
  /** The mark being drawn; null: none. */
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

/** The place of each label; null: its mark is out of sight. */
function labelsOf(marks: readonly ShownMark[], looking: Looking): readonly (Label | null)[] {
  const { window } = looking;
  return placeLabels(
    marks.map((shown) => {
      const outline = outlineOf(shown.mark).map((place) => toWindow(looking, place));
      const isOut =
        outline.every(({ x }) => x < 0) ||
        outline.every(({ x }) => x > window.width) ||
        outline.every(({ y }) => y < 0) ||
        outline.every(({ y }) => y > window.height);
      const said = saidOf(shown);
      const text = said === '' ? 0 : BADGE.gap + said.length * LETTER_WIDTH;
      return {
        outline: isOut ? null : outline,
        width: badgeWidth(shown) + text,
        isSelected: shown.isSelected,
      };
    }),
    window,
  );
}

/** The width of most letters and digits, at the size of labels (viewer.css). */
const LETTER_WIDTH = 8;
const badgeWidth = ({ number }: ShownMark): number => number.length * BADGE.digit + BADGE.padding;

function saidOf({ length, mark }: ShownMark): string {
  const said = [length, typedSaid(mark.label)].filter(Boolean).join(' ');
  return said.length > SHOWN_LABEL ? `${said.slice(0, SHOWN_LABEL)}…` : said;
}

type OneMarkProps = { readonly shown: ShownMark; readonly label: Label | null; readonly looking: Looking };

function OneMark({ shown, label, looking }: OneMarkProps) {
  if (label === null) return null;
  const { mark, number, colour, isSelected } = shown;
  const width = badgeWidth(shown);
  const towards = label.isRight ? -1 : 1;
  return (
    <g class="viewer-mark" data-colour={colour} data-selected={isSelected} data-mark={mark.id}>
      <Lines shape={mark} looking={looking} />
      {label.leader && <Leader from={label} to={label.leader} />}
      <rect
        class="viewer-badge"
        x={label.isRight ? label.x - width : label.x}
        y={label.y - BADGE.height + BADGE.below}
        {...{ width, height: BADGE.height, rx: 3 }}
      />
      <text class="viewer-number" x={label.x + (towards * width) / 2} y={label.y} text-anchor="middle">
        {number}
      </text>
      <text
        x={label.x + towards * (width + BADGE.gap)}
        y={label.y}
        text-anchor={label.isRight ? 'end' : 'start'}
      >
        {saidOf(shown)}
      </text>
    </g>
  );
}

/**
 * In CSS pixels. The mark's number has its own background. Directly before a length it would look like part of it: mark
 * 1 with 332 mm would read "1 332 mm".
 */
const BADGE = { digit: 9, padding: 8, height: 18, below: 4, gap: 6 } as const;

/** A longer label would hide the image; the list shows it in full. */
const SHOWN_LABEL = 48;

type LinesProps = { readonly shape: Shape; readonly looking: Looking };

/** A dark line below each line keeps it visible on white too. */
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

/** The line from a label to its mark, if the label stands away from it. */
function Leader({ from, to }: { readonly from: Point; readonly to: Point }) {
  const path = `M${to.x} ${to.y}L${from.x} ${from.y - BADGE.height / 2 + BADGE.below}`;
  return (
    <g class="viewer-leader">
      <path class="viewer-halo" d={path} />
      <path class="viewer-line" d={path} />
    </g>
  );
}

type HandleProps = { readonly at: number; readonly place: Point; readonly isChosen: boolean };

/** The touch target is larger than the dot (viewer.css). */
function Handle({ at, place, isChosen }: HandleProps) {
  return (
    <g data-handle={at} class="viewer-handle" data-chosen={isChosen}>
      <circle class="viewer-hit" cx={place.x} cy={place.y} r={13} />
      <circle class="viewer-dot" cx={place.x} cy={place.y} r={6} />
    </g>
  );
}
