/** Pictures that may contain a code: repeatedly from the camera, or from a file. */
import { createCodeReader } from './read-code.ts';

/** The code of a receipt is dense; with fewer pixels its modules merge. */
const CAMERA = { facingMode: 'environment', width: { ideal: 1920 }, height: { ideal: 1080 } } as const;
/** Larger photos are scaled down, because a decoder needs only a few pixels per module. */
const SIDE_LIMIT = 2400;

/**
 * Shows the camera in `video` and looks for codes until one is found or `signal` aborts. Throws if there is no camera.
 */
export async function followCamera(
  video: HTMLVideoElement,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: CAMERA });
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const read = await createCodeReader(globalThis);
    if (signal.aborted) return;
    video.srcObject = stream;
    await video.play();
    while (!signal.aborted) {
      const picture = pictureOf(video, video.videoWidth, video.videoHeight);
      const text = picture && (await read(picture));
      if (text && !signal.aborted) onText(text);
      await nextFrame(video, signal);
    }
  } finally {
    stop();
  }
}

/** Waits for a new camera frame. A page in the background gets none. */
function nextFrame(video: HTMLVideoElement, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const come = () => resolve();
  signal.addEventListener('abort', come, { once: true });
  if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(come);
  else requestAnimationFrame(come);
  return promise.finally(() => signal.removeEventListener('abort', come));
}

/** Throws where the browser cannot read the file as a picture. */
export async function pictureOfFile(file: Blob): Promise<ImageData | null> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, SIDE_LIMIT / Math.max(bitmap.width, bitmap.height));
  return pictureOf(bitmap, Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
}

function pictureOf(source: CanvasImageSource, width: number, height: number): ImageData | null {
  if (width === 0 || height === 0) return null;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (context === null) return null;
  context.drawImage(source, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
