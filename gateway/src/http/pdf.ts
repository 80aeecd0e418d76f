/** PDF files. Only this file uses pdfkit. */
import PDFDocument from 'pdfkit';

export type PdfPage = InstanceType<typeof PDFDocument>;
type PdfTerms = {
  readonly title: string;
  readonly product: string;
  /** On each side, in points. */
  readonly margin: number;
  /** When the file was made; null: the file does not state it. */
  readonly madeAt: Date | null;
};

/** An A4 document, still without a page. Its bytes are read from it like from any stream. */
export function openPdf({ title, product, margin, madeAt }: PdfTerms): PdfPage {
  const document = new PDFDocument({
    size: 'A4',
    margin,
    autoFirstPage: false,
    lang: 'en',
    displayTitle: true,
    // The file's id is computed from these values; without a real time it reveals none.
    info: { Title: title, Creator: product, Producer: product, CreationDate: madeAt ?? new Date(0) },
  });
  // pdfkit needs the date to the end, but writes only enumerable values.
  if (madeAt === null) Object.defineProperty(document.info, 'CreationDate', { enumerable: false });
  return document;
}
