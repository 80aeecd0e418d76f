/**
 * Examines images and draws explanations in a worker thread, because decoding an image and computing with its pixels
 * takes up to seconds. The models do not run there: the thread requests each run, and the given `run` performs it in
 * the engine, which is a process of its own.
 */
import type { Tensor } from '#shared/models/model.ts';
import type { Explanation } from './draw-explanation.ts';
import { giving, keepThread, toOwn, type Reply } from '../threads/thread.ts';
import type { Examined, Question, RunRole, Shown } from './examination.ts';
import type { Preview } from './preview-image.ts';
import type { PrintedImage } from './print-image.ts';
import type { HeaderWords } from './read-header.ts';

type Outputs = Readonly<Record<string, Tensor>>;
/** Runs one of the question's models. Throws the engine's errors. */
export type Run = (role: RunRole, input: Tensor, signal: AbortSignal) => Promise<Outputs>;
type Png = Uint8Array<ArrayBuffer>;
/**
 * The bytes of an image. They are transferred to the thread and returned if a run failed, so that another model can
 * examine them.
 */
export type Film = { bytes: Uint8Array };
type Unanswered = { readonly kind: 'unanswered'; readonly bytes: Uint8Array };

/**
 * An image to show. Its bytes may be many, so they are transferred to the thread and the caller no longer has them.
 */
export type ShownImage = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Counted from 0. */
  readonly frame: number;
  /** The SHA-256 that the bytes must have, hexadecimal; null: any. */
  readonly digest: string | null;
};

/** `frame` null: the image is not drawn. */
export type PreviewedImage = Omit<ShownImage, 'frame'> & { readonly frame: number | null };

export type ExamineTalk = {
  readonly task:
    | { readonly kind: 'examine'; readonly question: Question }
    | { readonly kind: 'show'; readonly image: ShownImage }
    | { readonly kind: 'preview'; readonly image: PreviewedImage }
    | { readonly kind: 'print'; readonly image: ShownImage }
    | { readonly kind: 'header'; readonly bytes: Uint8Array }
    | { readonly kind: 'wake' }
    | { readonly kind: 'explain'; readonly explanation: Explanation };
  readonly question: { readonly role: RunRole; readonly input: Tensor };
  /** Null: the run failed. */
  readonly reply: Outputs | null;
  readonly answer: Examined | Unanswered | Shown | Preview | PrintedImage | null | Png | HeaderWords;
};

/** Each function throws the signal's reason, and an Error if the thread ends unexpectedly. */
export type Examiner = {
  /** The models' answers about one image. Throws the errors of `run`. */
  examine(film: Film, question: Omit<Question, 'bytes'>, run: Run, signal: AbortSignal): Promise<Examined>;
  /** The image as a person sees it (`reducePicture`). `image-gone`: the bytes do not match the digest. */
  show(image: ShownImage, signal: AbortSignal): Promise<Shown>;
  /** The thumbnail and the patient for a list; null: the bytes do not match the digest. */
  preview(image: PreviewedImage, signal: AbortSignal): Promise<Preview | null>;
  /** The image as a report prints it. The digest is ignored. */
  print(image: ShownImage, signal: AbortSignal): Promise<PrintedImage>;
  /** Body Part Examined (0018,0015) and Study Description (0008,1030). */
  header(bytes: Uint8Array, signal: AbortSignal): Promise<HeaderWords>;
  /** The picture of a map, to lay over the image. */
  explain(explanation: Explanation, signal: AbortSignal): Promise<Png>;
  /** Resolves when the thread runs and can take a task. */
  ready(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
};

export function createExaminer(): Examiner {
  const thread = keepThread<ExamineTalk>(new URL('./examine.worker.ts', import.meta.url));
  const noModel: Reply<ExamineTalk> = () => Promise.reject(new Error('no model is asked to draw'));
  const ask = async <Answer extends ExamineTalk['answer']>(
    task: ExamineTalk['task'],
    reply: Reply<ExamineTalk>,
    signal: AbortSignal,
    ...moved: ArrayBuffer[]
  ): Promise<Answer> => (await thread.do(giving(task, ...moved), reply, signal)) as Answer;
  const look = <Answer extends ExamineTalk['answer']>(
    task: Extract<ExamineTalk['task'], { readonly kind: 'show' | 'preview' | 'print' }>,
    signal: AbortSignal,
  ): Promise<Answer> => {
    const bytes = toOwn(task.image.bytes);
    const own = { ...task, image: { ...task.image, bytes } } as ExamineTalk['task'];
    return ask<Answer>(own, noModel, signal, bytes.buffer);
  };
  return {
    async examine(film, question, run, signal) {
      const bytes = toOwn(film.bytes);
      let fault: unknown;
      const outputsOrNull: Reply<ExamineTalk> = async ({ role, input }, isOver) => {
        const outputs = await run(role, input, isOver).catch((error: unknown) => {
          fault = error;
          return null;
        });
        return giving(outputs);
      };
      const task = { kind: 'examine', question: { ...question, bytes } } as const;
      const answer = await ask<Examined | Unanswered>(task, outputsOrNull, signal, bytes.buffer);
      if (answer.kind !== 'unanswered') return answer;
      film.bytes = answer.bytes;
      throw fault;
    },
    show: (image, signal) => look<Shown>({ kind: 'show', image }, signal),
    preview: (image, signal) => look<Preview | null>({ kind: 'preview', image }, signal),
    print: (image, signal) => look<PrintedImage>({ kind: 'print', image }, signal),
    header: (bytes, signal) => ask<HeaderWords>({ kind: 'header', bytes }, noModel, signal),
    explain: (explanation, signal) => ask<Png>({ kind: 'explain', explanation }, noModel, signal),
    ready: async (signal) => void (await ask<null>({ kind: 'wake' }, noModel, signal)),
    close: thread.close,
  };
}
