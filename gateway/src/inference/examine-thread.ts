/**
 * Looks at images and draws explanations in a thread of its own: decoding an image and computing with its
 * pixels takes up to seconds. The models do not run here: the thread asks for each run, and the `run` that it
 * is given (by the engine, a process of its own) performs it.
 */
import type { Tensor } from '#shared/models/model.ts';
import type { Explanation } from '../results/draw-explanation.ts';
import { giving, keepThread, type Reply } from '../threads/thread.ts';
import type { Examined, Question, RunRole, Shown } from './examination.ts';
import type { Preview } from './preview-image.ts';

export type Outputs = Readonly<Record<string, Tensor>>;
/** Runs a model of the question. Throws the engine's errors. */
export type Run = (role: RunRole, input: Tensor, signal: AbortSignal) => Promise<Outputs>;
type Png = Uint8Array<ArrayBuffer>;

export type ExamineTalk = {
  readonly task:
    | { readonly kind: 'examine'; readonly question: Question }
    | { readonly kind: 'show'; readonly bytes: Uint8Array; readonly frame: number }
    | { readonly kind: 'preview'; readonly bytes: Uint8Array; readonly frame: number }
    | { readonly kind: 'body-part'; readonly bytes: Uint8Array }
    | { readonly kind: 'explain'; readonly explanation: Explanation };
  readonly question: { readonly role: RunRole; readonly input: Tensor };
  readonly reply: Outputs;
  readonly answer: Examined | Shown | Preview | Png | string;
};

/** Each throws the signal's reason, and an Error where the thread ends unexpectedly. */
export type Examiner = {
  /** The models' answers about one image. Throws the errors of `run`. */
  examine(question: Question, run: Run, signal: AbortSignal): Promise<Examined>;
  /** The image as a person sees it (`reducePicture`). */
  show(bytes: Uint8Array, frame: number, signal: AbortSignal): Promise<Shown>;
  /** The small picture and the patient for a list. */
  preview(bytes: Uint8Array, frame: number, signal: AbortSignal): Promise<Preview>;
  /** Body Part Examined (0018,0015); '' where the header does not say, and where it is no instance. */
  bodyPart(bytes: Uint8Array, signal: AbortSignal): Promise<string>;
  /** The picture of a map, to be laid over the image. */
  explain(explanation: Explanation, signal: AbortSignal): Promise<Png>;
  close(): Promise<void>;
};

export function createExaminer(): Examiner {
  const thread = keepThread<ExamineTalk>(new URL('./examine.worker.ts', import.meta.url));
  const noModel: Reply<ExamineTalk> = () => Promise.reject(new Error('no model is asked to draw'));
  const ask = async <Answer extends ExamineTalk['answer']>(
    task: ExamineTalk['task'],
    reply: Reply<ExamineTalk>,
    signal: AbortSignal,
  ): Promise<Answer> => (await thread.do(giving(task), reply, signal)) as Answer;
  return {
    examine: (question, run, signal) =>
      ask<Examined>(
        { kind: 'examine', question },
        async ({ role, input }, isOver) => giving(await run(role, input, isOver)),
        signal,
      ),
    show: (bytes, frame, signal) => ask<Shown>({ kind: 'show', bytes, frame }, noModel, signal),
    preview: (bytes, frame, signal) => ask<Preview>({ kind: 'preview', bytes, frame }, noModel, signal),
    bodyPart: (bytes, signal) => ask<string>({ kind: 'body-part', bytes }, noModel, signal),
    explain: (explanation, signal) => ask<Png>({ kind: 'explain', explanation }, noModel, signal),
    close: thread.close,
  };
}
