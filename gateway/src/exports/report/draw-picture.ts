/** An image of a report: the picture, its marks as numbered lines, and the marks in words below it. */
import { lengthOf, outlineOf, pathOf, type Point } from '#shared/protocol/annotation-outline.ts';
import type { ReadMark, Reading } from '../case-images.ts';
import { MARGIN, type Paper } from './paper.ts';
import type { ReportCase, ReportPicture } from './report-thread.ts';
import { reportWords } from './report-words.ts';

/** In points. */
const LIMIT = { width: 420, height: 340 } as const;
const CAPTION = 40;
const SMALL = { size: 9 } as const;
const FAINT = { size: 9, isFaint: true } as const;
const YELLOW = '#ffd400';
const DARK = '#101010';

type Drawn = {
  readonly image: ReportCase['images'][number];
  readonly picture: ReportPicture;
  /** The reader's name for a mark. */
  readonly readingOf: (reading: Reading) => string;
  /** The name that the review page gives a mark. */
  readonly nameOf: (mark: ReadMark) => string;
};
type Printed = Extract<ReportPicture, { kind: 'printed' }>;

export function drawPicture(paper: Paper, { image, picture, readingOf, nameOf }: Drawn): void {
  const caption = captionOf(image);
  paper.y += 8;
  if (picture.kind !== 'printed') {
    paper.write({ text: `${caption}: ${reportWords[picture.kind]}`, type: FAINT });
    return;
  }
  const size = sizeOf(picture);
  paper.need(size.height + CAPTION);
  const at = { x: MARGIN, y: paper.y };
  paper.document.image(Buffer.from(picture.png), at.x, at.y, size);
  const named = image.marks.map((mark) => ({ mark, name: nameOf(mark) }));
  drawMarks(paper, named, { picture, at, size });
  paper.y += size.height + 4;
  paper.write({ text: caption, type: FAINT });
  for (const { mark, name } of named)
    paper.write({ text: `${name}. ${inWords(mark, picture, readingOf)}`, type: SMALL });
}

function captionOf({ nth, frame, frames }: Drawn['image']): string {
  const name = nth === null ? reportWords.imageOfCase : reportWords.image(nth);
  return (frames ?? frame) > 1 ? reportWords.inFrame(name, frame) : name;
}

type Size = { readonly width: number; readonly height: number };

/** The picture is as large as the page allows, but at most two points per pixel. */
function sizeOf({ rows, columns }: Printed): Size {
  const scale = Math.min(2, LIMIT.width / columns, LIMIT.height / rows);
  return { width: columns * scale, height: rows * scale };
}

type Placed = { readonly picture: Printed; readonly at: Point; readonly size: Size };

type NamedMark = { readonly mark: ReadMark; readonly name: string };

function drawMarks({ document }: Paper, marks: readonly NamedMark[], { picture, at, size }: Placed): void {
  const toPage = ({ x, y }: Point): Point => ({
    x: at.x + (x * size.width) / picture.columns,
    y: at.y + (y * size.height) / picture.rows,
  });
  document.save().rect(at.x, at.y, size.width, size.height).clip();
  for (const { mark, name } of marks) {
    const outline = outlineOf(mark).map(toPage);
    const path = pathOf(mark, outline);
    // A dark line underneath keeps the mark visible on white.
    document.lineWidth(3).strokeColor(DARK).path(path).stroke();
    document.lineWidth(1.2).strokeColor(YELLOW).path(path).stroke();
    const { x, y } = outline.reduce(higher);
    drawName(document, name, { x, y: Math.max(y, at.y + 14), right: at.x + size.width });
  }
  document.restore();
}

const higher = (one: Point, other: Point): Point => (other.y < one.y ? other : one);

/** The name is written above this point and ends before `right`. */
type Below = Point & { readonly right: number };

function drawName(document: Paper['document'], name: string, { x, y, right }: Below): void {
  document.font('Helvetica-Bold').fontSize(9);
  const width = document.widthOfString(name) + 5;
  const left = Math.min(x + 5, right - width);
  document
    .rect(left, y - 13, width, 12)
    .fillColor(DARK)
    .fill();
  document.fillColor(YELLOW).text(name, left + 2.5, y - 11, { lineBreak: false });
}

function inWords(mark: ReadMark, { spacing }: Printed, readingOf: Drawn['readingOf']): string {
  const figure = (value: number): string => `${Math.round(value * 10) / 10}`;
  const length = mark.kind === 'length' ? lengthOf(mark.points, spacing) : null;
  const measured =
    length === null
      ? ''
      : spacing === null
        ? reportWords.pixels(figure(length))
        : reportWords.length(figure(length), spacing.at === 'detector');
  const readers = mark.by.map(readingOf).filter((reader) => reader !== '');
  const by = readers.length === 0 ? '' : ` (${readers.join('; ')})`;
  return [`${reportWords.kinds[mark.kind]}${by}`, measured, mark.label]
    .filter((text) => text !== '')
    .join(': ');
}
