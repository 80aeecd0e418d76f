/**
 * Reports are drawn in a thread of their own, one case after the other. The thread asks for each case and each image
 * when it needs it, and hands over the bytes of finished pages, so neither side holds more than one case.
 */
import type { NotShown } from '#shared/protocol/cases.ts';
import type { ExportField, Redaction } from '#shared/protocol/exports.ts';
import type { Role } from '#shared/protocol/api.ts';
import type { PrintedImage } from '../../images/print-image.ts';
import { giving, keepThread, type Given } from '../../threads/thread.ts';
import type { CaseImage } from '../case-images.ts';
import type { Cell } from '../source-row.ts';
import type { ImagePlace } from './image-places.ts';
import type { ReviewWords } from './review-paragraphs.ts';

export type ReportHead = {
  readonly title: string;
  readonly redaction: Redaction;
  readonly columns: readonly ExportField[];
  readonly reviews: ReviewWords;
  /** Cases of the site that the caller is not shown. */
  readonly notShown: NotShown;
  /** When and by whom the report was made; null: the report does not say. */
  readonly made: {
    readonly at: Date;
    readonly role: Role;
    readonly username: string | null;
    readonly purpose: string | null;
  } | null;
};

export type ReportCase = {
  readonly cells: readonly Cell[];
  /** The thread asks for each picture when it draws it. */
  readonly images: readonly (Pick<CaseImage, 'frame' | 'marks'> & ImagePlace)[];
  readonly more: number;
};
/** `withheld`: the header of the image does not rule out a name in the picture. */
export type ReportPicture =
  | Extract<PrintedImage, { kind: 'printed' }>
  | { readonly kind: 'withheld' | 'missing' | 'tooLarge' | 'unreadable' };

export type ReportTalk = {
  readonly task: ReportHead;
  readonly question:
    | { readonly kind: 'case' }
    /** An image of the latest case, by its index. */
    | { readonly kind: 'picture'; readonly at: number }
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> };
  /** null: there are no more cases, or the bytes were accepted. */
  readonly reply: ReportCase | ReportPicture | null;
  readonly answer: null;
};
/** Answers the thread's questions. */
export type ReportSource = {
  /** Null: there are no more cases. */
  next(): Promise<ReportCase | null>;
  picture(at: number): Promise<ReportPicture>;
  take(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
};

/** Throws what `source` throws, and the signal's reason. */
export type DrawReport = (head: ReportHead, source: ReportSource, signal: AbortSignal) => Promise<void>;

export function createReportThread(): DrawReport {
  const thread = keepThread<ReportTalk>(new URL('./report.worker.ts', import.meta.url));
  return async (head, source, signal) => {
    const reply = async (question: ReportTalk['question']): Promise<Given<ReportTalk['reply']>> => {
      if (question.kind === 'case') return giving(await source.next());
      if (question.kind === 'bytes') {
        await source.take(question.bytes);
        return giving(null);
      }
      const picture = await source.picture(question.at);
      return picture.kind === 'printed' ? giving(picture, picture.png.buffer) : giving(picture);
    };
    await thread.do(giving(head), reply, signal);
  };
}
