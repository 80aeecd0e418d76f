/**
 * The pages of a report, written line by line. A full page is followed by the next, and every page has its number and
 * the disclaimer. The text of a field is wrapped in marked content that names it, so that a search of the file can say
 * where it found something.
 */
import { openPdf, type PdfPage } from '../../http/pdf.ts';
import { printable } from './printable.ts';
import { reportWords } from './report-words.ts';

/** Margin of an A4 page, in points. */
export const MARGIN = 48;
const FOOT = 34;
const INK = '#111418';
const FAINT = '#5a6472';
const FACES = { plain: 'Helvetica', strong: 'Helvetica-Bold' } as const;

type Type = { readonly size: number; readonly isStrong?: boolean; readonly isFaint?: boolean };
type Column = { readonly x: number; readonly width: number };
/** `mark`: the name of a field or of the place, made of letters and digits only. */
type Written = { readonly text: string; readonly type: Type; readonly mark?: string | undefined };

export type Paper = {
  readonly document: PdfPage;
  readonly width: number;
  /** The position of the next line. */
  y: number;
  /** The number of pages so far. */
  count(): number;
  /** Starts the next page unless this one has that much space left. */
  need(height: number): void;
  write(written: Written, column?: Column): void;
  /** Names the place of what follows, as marked content. */
  mark(name: string): void;
  /** The bytes written since the last call; null: none. */
  take(): Uint8Array<ArrayBuffer> | null;
};

export function openPaper({
  title,
  madeAt,
}: {
  readonly title: string;
  readonly madeAt: Date | null;
}): Paper {
  const product = reportWords.product;
  const document = openPdf({ title: printable(title), product, margin: MARGIN, madeAt });
  let pages = 0;
  const paper: Paper = {
    document,
    // A4.
    width: 595.28 - 2 * MARGIN,
    y: Infinity,
    count: () => pages,
    need(height) {
      if (paper.y + height <= 841.89 - MARGIN - FOOT) return;
      document.addPage();
      pages += 1;
      drawFoot(document, pages, paper.width);
      paper.y = MARGIN;
    },
    write(written, column = { x: MARGIN, width: paper.width }) {
      for (const line of linesOf(document, written, column.width)) {
        const height = written.type.size * 1.35;
        paper.need(height);
        put(document, { ...written, text: line }, { x: column.x, y: paper.y });
        paper.y += height;
      }
    },
    mark(name) {
      paper.need(1);
      document.markContent(name).endMarkedContent();
    },
    take() {
      const piece = document.read() as Buffer | null;
      return piece && new Uint8Array(piece);
    },
  };
  paper.need(0);
  return paper;
}

function put(
  document: PdfPage,
  { text, type, mark }: Written,
  { x, y }: { readonly x: number; readonly y: number },
) {
  setFace(document, type);
  if (mark !== undefined) document.markContent(mark);
  document.text(text, x, y, { lineBreak: false });
  if (mark !== undefined) document.endMarkedContent();
}

function setFace(document: PdfPage, { size, isStrong, isFaint }: Type): void {
  document.font(isStrong === true ? FACES.strong : FACES.plain).fontSize(size);
  document.fillColor(isFaint === true ? FAINT : INK);
}

function drawFoot(document: PdfPage, page: number, width: number): void {
  const y = document.page.height - MARGIN - 12;
  const type = { size: 8, isFaint: true };
  put(document, { text: reportWords.disclaimer, type }, { x: MARGIN, y });
  const number = reportWords.page(page);
  put(document, { text: number, type }, { x: MARGIN + width - document.widthOfString(number), y });
}

/** Breaks text at spaces; a word longer than a line is split. */
function linesOf(document: PdfPage, { text, type }: Written, width: number): readonly string[] {
  setFace(document, type);
  const fits = (line: string): boolean => document.widthOfString(line) <= width;
  return printable(text)
    .split('\n')
    .flatMap((paragraph) => {
      const lines: string[] = [];
      let line = '';
      for (const word of paragraph.split(' ').flatMap((one) => cut(one, fits))) {
        const longer = line === '' ? word : `${line} ${word}`;
        if (fits(longer)) line = longer;
        else {
          lines.push(line);
          line = word;
        }
      }
      return [...lines, line];
    });
}

function cut(word: string, fits: (text: string) => boolean): readonly string[] {
  if (fits(word)) return [word];
  const parts: string[] = [''];
  for (const character of word) {
    const longer = parts.at(-1)! + character;
    if (fits(longer)) parts[parts.length - 1] = longer;
    else parts.push(character);
  }
  return parts;
}
