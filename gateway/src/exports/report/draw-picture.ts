/** An image of a report: its picture, the marks on it as lines with numbers, and beneath it the marks in words. */
import type { Annotation } from '#shared/protocol/annotations.ts';
import { lengthOf, outlineOf, pathOf, type Point } from '#shared/protocol/annotation-outline.ts';
import type { ReadMark } from '../case-images.ts';
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
  readonly nth: number;
  readonly picture: ReportPicture;
};
type Printed = Extract<ReportPicture, { kind: 'printed' }>;

export function drawPicture(paper: Paper, { image, nth, picture }: Drawn): void {
  const caption = reportWords.image(nth, image.frame);
  paper.y += 8;
  if (picture.kind !== 'printed') {
    paper.write({ text: `${caption}: ${reportWords[picture.kind]}`, type: FAINT });
    return;
  }
  const size = sizeOf(picture);
  paper.need(size.height + CAPTION);
  const at = { x: MARGIN, y: paper.y };
  paper.document.image(Buffer.from(picture.png), at.x, at.y, size);
  drawMarks(paper, image.marks, { picture, at, size });
  paper.y += size.height + 4;
  paper.write({ text: caption, type: FAINT });
  for (const [place, mark] of image.marks.entries())
    paper.write({ text: `${place + 1}. ${inWords(mark, picture)}`, type: SMALL });
}

type Size = { readonly width: number; readonly height: number };

/** As large as there is room, and never larger than a pixel in two points. */
function sizeOf({ rows, columns }: Printed): Size {
  const scale = Math.min(2, LIMIT.width / columns, LIMIT.height / rows);
  return { width: columns * scale, height: rows * scale };
}

type Placed = { readonly picture: Printed; readonly at: Point; readonly size: Size };

function drawMarks({ document }: Paper, marks: readonly Annotation[], { picture, at, size }: Placed): void {
  const toPage = ({ x, y }: Point): Point => ({
    x: at.x + (x * size.width) / picture.columns,
    y: at.y + (y * size.height) / picture.rows,
  });
  document.save().rect(at.x, at.y, size.width, size.height).clip();
  for (const [place, mark] of marks.entries()) {
    const outline = outlineOf(mark).map(toPage);
    const path = pathOf(mark, outline);
    // Dark below, so that it is seen on white too.
    document.lineWidth(3).strokeColor(DARK).path(path).stroke();
    document.lineWidth(1.2).strokeColor(YELLOW).path(path).stroke();
    const { x, y } = outline.reduce(higher);
    drawNumber(document, `${place + 1}`, { x, y: Math.max(y, at.y + 14) });
  }
  document.restore();
}

const higher = (one: Point, other: Point): Point => (other.y < one.y ? other : one);

function drawNumber(document: Paper['document'], number: string, { x, y }: Point): void {
  document.font('Helvetica-Bold').fontSize(9);
  const width = document.widthOfString(number) + 5;
  document
    .rect(x + 5, y - 13, width, 12)
    .fillColor(DARK)
    .fill();
  document.fillColor(YELLOW).text(number, x + 7.5, y - 11, { lineBreak: false });
}

function inWords(mark: ReadMark, { spacing }: Printed): string {
  const figure = (value: number): string => `${Math.round(value * 10) / 10}`;
  const length = mark.kind === 'length' ? lengthOf(mark.points, spacing) : null;
  const measured =
    length === null
      ? ''
      : spacing === null
        ? reportWords.pixels(figure(length))
        : reportWords.length(figure(length), spacing.at === 'detector');
  const by = mark.by === null ? '' : ` (${reportWords.reader(mark.by)})`;
  return [`${reportWords.kinds[mark.kind]}${by}`, measured, mark.label]
    .filter((text) => text !== '')
    .join(': ');
}
