/** PDF files. The only door to pdfkit. */
import PDFDocument from 'pdfkit';

export type PdfPage = InstanceType<typeof PDFDocument>;
type PdfTerms = {
  readonly title: string;
  readonly product: string;
  /** On each side, in points. */
  readonly margin: number;
  /** When it was made; null: the file does not tell. */
  readonly madeAt: Date | null;
};

/** A4, without a page yet. Its bytes are read from it as from any stream. */
export function openPdf({ title, product, margin, madeAt }: PdfTerms): PdfPage {
  const document = new PDFDocument({
    size: 'A4',
    margin,
    autoFirstPage: false,
    lang: 'en',
    displayTitle: true,
    // The file's id is made of these: without a moment it tells none.
    info: { Title: title, Creator: product, Producer: product, CreationDate: madeAt ?? new Date(0) },
  });
  // pdfkit needs the moment to the end, and writes what it can list.
  if (madeAt === null) Object.defineProperty(document.info, 'CreationDate', { enumerable: false });
  return document;
}
