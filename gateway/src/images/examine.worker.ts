/**
 * The worker thread that examines images. It only passes messages; examination.ts and draw-explanation.ts do the
 * work.
 */
import { createHash } from 'node:crypto';
import { SHOWN_SIDE_LIMIT } from '#shared/pixels/reduce-picture.ts';
import { giveBack } from '#shared/give-back.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { drawExplanation } from './draw-explanation.ts';
import { serveTasks } from '../threads/serve-tasks.ts';
import { giving } from '../threads/thread.ts';
import { createRoom } from '../threads/room.ts';
import { examineImage, PICTURE_BYTES_LIMIT, showImage, type RunOf } from './examination.ts';
import type { ExamineTalk, PreviewedImage } from './examine-thread.ts';
import { previewImage } from './preview-image.ts';
import { printImage } from './print-image.ts';
import { readHeader } from './read-header.ts';

const tools = { codecs: loadCodecs(), room: createRoom(PICTURE_BYTES_LIMIT) };

const isOther = ({ bytes, digest }: PreviewedImage): boolean =>
  digest !== null && createHash('sha256').update(bytes).digest('hex') !== digest;

type Task = ExamineTalk['task'];
type Serve = Parameters<typeof serveTasks<ExamineTalk>>[0];

const work: Serve = async (task, ask, isOver) => {
  if (task.kind === 'wake') return giving(null);
  if (task.kind === 'examine') {
    const runOf: RunOf = (role) => async (input) => {
      const outputs = await ask(giving({ role, input }));
      if (outputs === null) throw new RunFailed();
      return outputs;
    };
    return giving(await examineImage(task.question, runOf, tools, isOver));
  }
  if (task.kind === 'show') {
    const { image } = task;
    if (isOther(image)) return giving({ kind: 'refused', because: 'image-gone' });
    const shown = await showImage(image.bytes, { ...image, limit: SHOWN_SIDE_LIMIT }, tools, isOver);
    return shown.kind === 'shown' ? giving(shown, shown.png.buffer) : giving(shown);
  }
  if (task.kind === 'preview') {
    const { image } = task;
    return giving(isOther(image) ? null : await previewImage(image.bytes, image.frame, tools, isOver));
  }
  if (task.kind === 'print') {
    const printed = await printImage(task.image.bytes, task.image.frame, tools, isOver);
    return printed.kind === 'printed' ? giving(printed, printed.png.buffer) : giving(printed);
  }
  if (task.kind === 'header') return giving(await readHeader(task.bytes, isOver));
  const png = drawExplanation(task.explanation);
  return giving(png, png.buffer);
};

/** Thrown when a run failed; the main thread knows the reason. */
class RunFailed extends Error {}

function bytesOf(task: Task): Uint8Array {
  if (task.kind === 'examine') return task.question.bytes;
  if ('image' in task) return task.image.bytes;
  return 'bytes' in task ? task.bytes : new Uint8Array();
}

serveTasks<ExamineTalk>(async (task, ask, isOver) => {
  let kept = bytesOf(task);
  try {
    return await work(task, ask, isOver);
  } catch (error) {
    if (!(error instanceof RunFailed)) throw error;
    const bytes = kept as Uint8Array<ArrayBuffer>;
    kept = new Uint8Array();
    return giving({ kind: 'unanswered', bytes }, bytes.buffer);
  } finally {
    giveBack(kept);
  }
});
