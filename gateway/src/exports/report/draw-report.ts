/**
 * A report of cases as a PDF: a heading, then for each case the template's fields in words and the images with their
 * marks. Bytes are sent after every case.
 */
import { markNameOf } from '#shared/protocol/annotations.ts';
import type { ExportField } from '#shared/protocol/exports.ts';
import type { Cell } from '../source-row.ts';
import { drawPicture } from './draw-picture.ts';
import { MARGIN, openPaper, type Paper } from './paper.ts';
import type { ReportCase, ReportHead, ReportSource } from './report-thread.ts';
import { reportWords } from './report-words.ts';
import type { ReadMark, Reading } from '../case-images.ts';
import { readingIn } from './review-paragraphs.ts';
import { lengthIn, type Paragraph } from './row-cells.ts';
import { paragraphsOf } from './row-words.ts';

const TERM_WIDTH = 132;
const PLAIN = { size: 10 } as const;
const FAINT = { size: 10, isFaint: true } as const;
const SMALL = { size: 8, isFaint: true } as const;
/** The height of a heading with two lines below it. */
const BEGINNING = 70;

/** Throws what the source throws. */
export async function drawReport(head: ReportHead, source: ReportSource): Promise<void> {
  const paper = openPaper({ title: head.title, madeAt: head.made?.at ?? null });
  const send = async (): Promise<void> => {
    const bytes = paper.take();
    if (bytes !== null) await source.take(bytes);
  };
  drawHead(paper, head);
  let cases = 0;
  for (let one = await source.next(); one !== null; one = await source.next()) {
    cases += 1;
    await drawCase(paper, { head, one, nth: cases }, source);
    await send();
  }
  paper.y += 18;
  paper.need(40);
  paper.write({ text: reportWords.end(cases, paper.count()), type: { size: 10, isStrong: true } });
  paper.document.end();
  await send();
}

function drawHead(paper: Paper, { title, redaction, made, notShown }: ReportHead): void {
  paper.write({ text: reportWords.product, type: FAINT });
  paper.write({ text: title, type: { size: 22, isStrong: true }, mark: 'title' });
  paper.y += 6;
  paper.write({ text: reportWords.redactions[redaction], type: PLAIN });
  paper.write({ text: reportWords.models, type: PLAIN });
  const left = reportWords.notShown(notShown);
  if (left !== null) paper.write({ text: left, type: FAINT });
  if (made === null) return;
  paper.y += 6;
  const when = `${made.at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const who = reportWords.by(reportWords.roles[made.role], made.username);
  paper.write({ text: `${reportWords.made(when)} ${who}`, type: FAINT });
  if (made.purpose !== null) paper.write({ text: `${reportWords.purpose}: ${made.purpose}`, type: FAINT });
}

type Drawn = { readonly head: ReportHead; readonly one: ReportCase; readonly nth: number };

async function drawCase(paper: Paper, { head, one, nth }: Drawn, source: ReportSource): Promise<void> {
  const { columns, reviews } = head;
  const row = new Map(columns.map((column, at): [ExportField, Cell] => [column, one.cells[at] ?? null]));
  const number = row.get('caseNumber') ?? null;
  paper.y += 18;
  paper.need(BEGINNING);
  paper.mark(`case${nth}`);
  drawRule(paper);
  const heading = number === null ? reportWords.caseOf(nth) : reportWords.case(`${number}`);
  paper.write({ text: heading, type: { size: 15, isStrong: true }, mark: 'caseNumber' });
  paper.y += 4;
  for (const paragraph of paragraphsOf(row, reviews)) drawParagraph(paper, paragraph);
  const marked = one.images.flatMap(({ marks }) =>
    marks.flatMap(({ by }) => by.map(({ review }) => review + 1)),
  );
  const reviewCount = Math.max(lengthIn(row, ['reviewTypes']), ...marked);
  const readingOf = (reading: Reading): string => readingIn(row, reading, reviewCount);
  const nameOf = ({ by }: ReadMark): string =>
    reportWords.mark(
      by.map((of) => markNameOf(of, of.place)).join(', '),
      reviewCount > 1 ? by[0]!.review + 1 : null,
    );
  for (const [at, image] of one.images.entries())
    await drawPicture(paper, { image, picture: await source.picture(at), readingOf, nameOf });
  if (one.more > 0) paper.write({ text: reportWords.more(one.more), type: SMALL });
}

function drawRule({ document, y, width }: Paper): void {
  document
    .lineWidth(0.5)
    .strokeColor('#c3c9d2')
    .moveTo(MARGIN, y - 4)
    .lineTo(MARGIN + width, y - 4)
    .stroke();
}

function drawParagraph(paper: Paper, { term, lines }: Paragraph): void {
  const beside = { x: MARGIN + TERM_WIDTH, width: paper.width - TERM_WIDTH };
  paper.need(14);
  const { y } = paper;
  paper.write({ text: term, type: FAINT }, { x: MARGIN, width: TERM_WIDTH - 8 });
  const after = paper.y;
  paper.y = y;
  for (const { field, text } of lines) paper.write({ text, type: PLAIN, mark: field }, beside);
  // A long text may have continued on the next page.
  paper.y = (paper.y < y ? paper.y : Math.max(paper.y, after)) + 3;
}
