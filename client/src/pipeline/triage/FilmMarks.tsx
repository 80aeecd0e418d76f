/**
 * The findings of the film check, drawn over the film: lines with a dark outline, visible on black and on white, each
 * with its label.
 */
import type { ComponentChildren } from 'preact';
import type { Edge, FilmMark } from '#shared/models/film.ts';
import { triageWords } from '../queue/triage-words.ts';

type FilmMarksProps = {
  readonly marks: readonly FilmMark[];
  readonly width: number;
  readonly height: number;
};

/** Everything is measured in hundredths of the shorter side. */
type Place = { readonly width: number; readonly height: number; readonly unit: number };

export function FilmMarks({ marks, width, height }: FilmMarksProps) {
  const place = { width, height, unit: Math.min(width, height) / 100 };
  return (
    <svg
      class="film-marks"
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
      style={{ fontSize: `${5 * place.unit}px` }}
    >
      {marks.map((mark) => (
        <Mark key={mark.finding} mark={mark} place={place} />
      ))}
    </svg>
  );
}

function Mark({ mark, place }: { readonly mark: FilmMark; readonly place: Place }) {
  switch (mark.finding) {
    case 'rotated':
      return <UpIsHere side={HEAD_AT[mark.degrees]} place={place} />;
    case 'inverted':
      return <BlackForWhite place={place} />;
    case 'blurred':
      return <Soft place={place} />;
    case 'lungs-cut-off':
      return mark.edges.map(({ edge, from, to }) => (
        <CutOff key={edge} edge={edge} from={from} to={to} place={place} />
      ));
    default:
      return mark satisfies never;
  }
}

/** The edge of the picture at which the head is, by the clockwise rotation in degrees that makes the film upright. */
const HEAD_AT = { 90: 'left', 180: 'bottom', 270: 'right' } as const satisfies Record<90 | 180 | 270, Edge>;
const OUTWARD: Readonly<Record<Edge, readonly [number, number]>> = {
  top: [0, -1],
  bottom: [0, 1],
  left: [-1, 0],
  right: [1, 0],
};

function Line({ d }: { readonly d: string }) {
  return (
    <>
      <path d={d} class="film-rim" />
      <path d={d} class="film-line" />
    </>
  );
}

function Word({
  x,
  y,
  children,
}: {
  readonly x: number;
  readonly y: number;
  readonly children: ComponentChildren;
}) {
  return (
    <text x={x} y={y} class="film-word">
      {children}
    </text>
  );
}

/** An arrow from the middle towards the edge where the head is. */
function UpIsHere({ side, place: { width, height, unit } }: { readonly side: Edge; readonly place: Place }) {
  const [dx, dy] = OUTWARD[side];
  const x = width / 2;
  const y = height / 2;
  const endX = x + dx * (width / 2 - 8 * unit);
  const endY = y + dy * (height / 2 - 8 * unit);
  const head = (turn: number) =>
    `${endX - 8 * unit * (dx - turn * dy)},${endY - 8 * unit * (dy + turn * dx)}`;
  return (
    <>
      <Line d={`M${x},${y}L${endX},${endY}M${head(0.8)}L${endX},${endY}L${head(-0.8)}`} />
      <Word x={x} y={y + (side === 'bottom' ? -3 : 8) * unit}>
        {triageWords.marks.rotated}
      </Word>
    </>
  );
}

/** A disc of two halves in the corner, and a frame, because the finding concerns the whole picture. */
function BlackForWhite({ place: { width, height, unit } }: { readonly place: Place }) {
  const x = 14 * unit;
  const y = height - 14 * unit;
  const r = 8 * unit;
  return (
    <>
      <Line d={`M${2 * unit},${2 * unit}H${width - 2 * unit}V${height - 2 * unit}H${2 * unit}Z`} />
      <circle cx={x} cy={y} r={r} class="film-disc" />
      <path d={`M${x},${y - r}A${r},${r} 0 0 1 ${x},${y + r}Z`} class="film-half" />
      <text x={x + r + 3 * unit} y={y + 2 * unit} class="film-word film-beside">
        {triageWords.marks.inverted}
      </text>
    </>
  );
}

/** Draws the same ring three times, slightly displaced. */
function Soft({ place: { width, height, unit } }: { readonly place: Place }) {
  const ring = (dx: number) =>
    `M${width / 2 - 24 * unit + dx},${height / 2}a${24 * unit},${24 * unit} 0 1 0 ${48 * unit},0a${24 * unit},${24 * unit} 0 1 0 ${-48 * unit},0`;
  return (
    <>
      <Line d={[-3, 0, 3].map((dx) => ring(dx * unit)).join('')} />
      <Word x={width / 2} y={height / 2 + 2 * unit}>
        {triageWords.marks.blurred}
      </Word>
    </>
  );
}

/** A bar along the edge of the picture, where the lung touches it. */
function CutOff({
  edge,
  from,
  to,
  place: { width, height, unit },
}: {
  readonly edge: Edge;
  readonly from: number;
  readonly to: number;
  readonly place: Place;
}) {
  const inset = 2 * unit;
  const isAcross = edge === 'top' || edge === 'bottom';
  const at = edge === 'top' || edge === 'left' ? inset : (isAcross ? height : width) - inset;
  const length = isAcross ? width : height;
  const start = from * length;
  const end = to * length;
  const d = isAcross ? `M${start},${at}H${end}` : `M${at},${start}V${end}`;
  const [dx, dy] = OUTWARD[edge];
  const middle = Math.min(Math.max((start + end) / 2, 20 * unit), (isAcross ? width : height) - 20 * unit);
  return (
    <>
      <Line d={d} />
      <Word x={isAcross ? middle : at - dx * 20 * unit} y={isAcross ? at - dy * 6 * unit + 2 * unit : middle}>
        {triageWords.marks['lungs-cut-off']}
      </Word>
    </>
  );
}
